import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { HouseRefused } from '../app/house.ts';
import { systemClock } from '../net/clock.ts';
import { cutText } from '../mail/one-line.ts';
import { nameOnOneLine } from '../net/tls/subject-names.ts';
import { withAccount } from './account-store.ts';
import { complain } from './complain.ts';
import { defused } from './menu/defused.ts';

type AddOptions = { readonly config?: string; readonly file: string };
type RemoveOptions = { readonly config?: string; readonly fingerprint: string };

/** `letterlock account certificate`: client certificates that log in to an account, whatever names stand in them. */
export function certificateCommand(): Command {
  const command = new Command('certificate').description(
    'client certificates that log in to an account; their authority must be one that the server trusts',
  );
  command
    .command('add <address>')
    .description('bind a certificate to an account')
    .requiredOption('--file <file>', 'the certificate, PEM or DER')
    .option('--config <file>', 'the configuration of the server')
    .action((address: string, options: AddOptions) => complain(() => add(address, options)));
  command
    .command('list <address>')
    .description('list the certificates that are bound to an account')
    .option('--config <file>', 'the configuration of the server')
    .action((address: string, options: { config?: string }) => complain(() => list(address, options)));
  command
    .command('remove <address>')
    .description('take the binding of a certificate back, at once')
    .requiredOption('--fingerprint <sha256>', 'its SHA-256 fingerprint, as "list" shows it')
    .option('--config <file>', 'the configuration of the server')
    .action((address: string, options: RemoveOptions) => complain(() => remove(address, options)));
  return command;
}

async function add(address: string, options: AddOptions): Promise<void> {
  const certificate = await readCertificate(options.file);
  const now = systemClock.now();
  if (certificate.validToDate.getTime() <= now)
    throw new HouseRefused(`the certificate in ${options.file} has expired: ${certificate.validTo}`);
  const sha256 = parseFingerprint(certificate.fingerprint256);
  const subject = cutText(nameOnOneLine(certificate.subject), 500);
  await withAccount(address, options, async (store, { id, name }) => {
    const bound = await store.bindCertificate(id, { sha256, subject, boundAt: now });
    if (!bound.ok) throw new HouseRefused(explain(bound.refusal, name));
    process.stdout.write(`Certificate ${sha256} (${subject}) logs in to ${name}.\n`);
  });
}

async function list(address: string, options: { readonly config?: string }): Promise<void> {
  await withAccount(address, options, async (store, { id }) => {
    for (const { sha256, subject, boundAt } of await store.boundCertificates(id))
      process.stdout.write(`${sha256}\t${defused(subject)}\tbound ${new Date(boundAt).toISOString()}\n`);
  });
}

async function remove(address: string, { fingerprint, ...options }: RemoveOptions): Promise<void> {
  const sha256 = parseFingerprint(fingerprint);
  await withAccount(address, options, async (store, { id, name }) => {
    const unbound = await store.unbindCertificate(id, sha256);
    if (!unbound.ok)
      throw new HouseRefused(`that certificate is not bound to ${name}; "list" shows the ones that are`);
    process.stdout.write(`Certificate ${sha256} does not log in to ${name} any more.\n`);
  });
}

function explain(refusal: 'no-account' | 'exists' | 'too-many', name: string): string {
  switch (refusal) {
    case 'no-account':
      return `there is no account ${name} any more`;
    case 'exists':
      return `that certificate is bound to ${name} already`;
    case 'too-many':
      return `${name} has as many certificates as an account may have; remove one that is not used`;
  }
}

async function readCertificate(file: string): Promise<X509Certificate> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new HouseRefused(
      `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  }
  try {
    return new X509Certificate(bytes);
  } catch (error) {
    throw new HouseRefused(`${file} holds no certificate`, { cause: error });
  }
}

/** 64 hex digits, in pairs with colons or not, of any case. Throws `HouseRefused` for anything else. */
export function parseFingerprint(text: string): string {
  const sha256 = text.replaceAll(':', '').toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(sha256))
    throw new HouseRefused(`${JSON.stringify(text)} is no SHA-256 fingerprint: give its 64 hex digits`);
  return sha256;
}
