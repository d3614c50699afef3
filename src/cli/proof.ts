import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { HouseRefused } from '../app/house.ts';
import { formatCapture, type CapturedPacket } from '../net/capture-pcapng.ts';
import { CaptureDamaged } from '../net/capture-reader.ts';
import { complain } from './complain.ts';
import { openTls, watchPlain, watchTls, type Claim, type Sight } from './proof-eavesdropper.ts';
import { exchangeLetters, type Exchange } from './proof-exchange.ts';
import { NotTls } from './proof-handshake.ts';
import type { Secrets } from './proof-traces.ts';

/** `letterlock proof`: what an eavesdropper sees, with TLS and without, as captures and in words. */
export function proofCommand(): Command {
  return new Command('proof')
    .description('record the exchange over TLS and over plain TCP, and show what an eavesdropper saw of each')
    .option('--out <folder>', 'where the captures go', 'proof')
    .action(({ out }: { out: string }) => complain(() => proof(out)));
}

/** The captures' names in their folder. */
const names = {
  tls: 'tls.pcapng',
  withSecrets: 'tls-with-secrets.pcapng',
  plain: 'plain.pcapng',
} as const;

const say = (line = ''): void => {
  process.stdout.write(`${line}\n`);
};

async function proof(folder: string): Promise<void> {
  await makeFolder(folder);
  const exchange = await exchangeLetters();
  const files = capturesOf(exchange);
  for (const [what, name] of Object.entries(names)) {
    await writeCapture(join(folder, name), files[what as keyof typeof names]);
  }
  const claims = lookAt(exchange, files, folder);
  say(
    '\nWhat TLS does not hide: who is connected with whom, when, the name asked for, and how much is said.',
  );
  say('\nTo look for yourself:');
  for (const line of commands(exchange, folder)) say(`  ${line}`);
  const broken = claims.filter(({ holds }) => !holds);
  say();
  if (broken.length > 0) {
    throw new HouseRefused(`the proof failed: ${broken.map(({ claim }) => claim).join('; ')}`);
  }
  say(`All ${claims.length} statements hold.`);
}

/** Prints what is seen of each capture; the result is everything that was stated. */
function lookAt(exchange: Exchange, files: Captures, folder: string): readonly Claim[] {
  const { sender, recipient, letter, tls, plain } = exchange;
  const password = sender.password.reveal();
  const doors = new Map([
    [tls.smtpPort, 'SMTP'],
    [tls.httpsPort, 'HTTPS'],
  ]);
  const spoken = { port: plain.port, sender: sender.name, recipient: recipient.name, password, letter };
  const told = secretsTold(exchange);
  const looks: readonly [title: string, look: () => Sight][] = [
    [
      `Over TLS: what an eavesdropper saw (${join(folder, names.tls)})`,
      () => watchTls(files.tls, doors, secretsKept(exchange)),
    ],
    [
      `With the secrets of both connections (${join(folder, names.withSecrets)})`,
      () => ({ lines: [], claims: openTls(files.tls, files.withSecrets, letter) }),
    ],
    [
      `Over plain TCP: what an eavesdropper saw (${join(folder, names.plain)})`,
      () => watchPlain(files.plain, spoken, told),
    ],
  ];
  const claims: Claim[] = [];
  for (const [title, look] of looks) {
    say(`${claims.length === 0 ? '' : '\n'}${title}\n`);
    const sight = looked(look);
    for (const line of sight.lines) say(`  ${line}`.trimEnd());
    if (sight.lines.length > 0) say();
    for (const { claim, holds } of sight.claims) say(`  ${holds ? 'yes' : 'NO '}  ${claim}`);
    claims.push(...sight.claims);
  }
  return claims;
}

/** A capture that is not even what it should be of proves nothing. */
function looked(look: () => Sight): Sight {
  try {
    return look();
  } catch (error) {
    if (error instanceof CaptureDamaged || error instanceof NotTls) {
      return { lines: [], claims: [{ claim: `the capture can be read (${error.message})`, holds: false }] };
    }
    throw error;
  }
}

/** What the plain exchange says aloud. */
function secretsTold({ sender, recipient, subject, letter }: Exchange): Secrets {
  const password = sender.password.reveal();
  return new Map([
    ['the letter', letter],
    ['the subject', Buffer.from(subject)],
    ["the sender's address", Buffer.from(sender.name)],
    ["the recipient's address", Buffer.from(recipient.name)],
    ["the sender's password", Buffer.from(password)],
    ["the sender's credentials", Buffer.from(`\0${sender.name}\0${password}`)],
  ]);
}

/** What TLS has to keep: the same, and how the recipient shows who they are. */
function secretsKept(exchange: Exchange): Secrets {
  const { name, password } = exchange.recipient;
  return new Map([
    ...secretsTold(exchange),
    ["the recipient's password", Buffer.from(password.reveal())],
    ["the recipient's credentials", Buffer.from(`${name}:${password.reveal()}`)],
  ]);
}

type Captures = Readonly<Record<keyof typeof names, Uint8Array>>;

function capturesOf({ tls, plain }: Exchange): Captures {
  const capture = (packets: readonly CapturedPacket[], keyLog: string | null, comment: string): Uint8Array =>
    formatCapture({ interfaceName: 'loopback', comment, keyLog, packets });
  const ports = `port ${tls.smtpPort} is SMTP over TLS, port ${tls.httpsPort} HTTPS`;
  return {
    tls: capture(tls.packets, null, ports),
    withSecrets: capture(tls.packets, tls.keyLog, `${ports}; with the secrets that open both`),
    plain: capture(plain.packets, null, `port ${plain.port} is SMTP without TLS`),
  };
}

/** Two passes (-2), because only the ServerHello says which version a connection has; HTTP/2 is known by its ALPN. */
function commands({ tls, plain }: Exchange, folder: string): string[] {
  const read = (name: string): string => `tshark -2 -r ${quoted(join(folder, name))}`;
  const overTls = `-d tcp.port==${tls.smtpPort},tls -d tcp.port==${tls.httpsPort},tls`;
  const inside = `${overTls} -d tls.port==${tls.smtpPort},smtp`;
  return [
    `${read(names.tls)} ${overTls}`,
    `${read(names.withSecrets)} ${inside} -Y 'smtp || http2'`,
    `${read(names.withSecrets)} ${inside} -q -z follow,tls,ascii,0`,
    `${read(names.plain)} -d tcp.port==${plain.port},smtp -Y smtp`,
    `${read(names.plain)} -d tcp.port==${plain.port},smtp -q -z follow,tcp,ascii,0`,
  ];
}

/** As a shell takes it for one word. */
const quoted = (path: string): string =>
  /^[\w./-]+$/.test(path) && !path.startsWith('-') ? path : `'${path.replaceAll("'", `'\\''`)}'`;

/** Makes the folder where it is not there. Its parents must be: a mistyped path is better refused than made. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return;
    throw new HouseRefused(`${folder} cannot be made: ${codeOf(error)}`, { cause: error });
  }
}

/** Puts a new file, for its owner only, in the place of what lies there; that may be a link, or readable by others. */
async function writeCapture(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await rm(path, { force: true });
    await writeFile(path, bytes, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    throw new HouseRefused(`${path} cannot be written: ${codeOf(error)}`, { cause: error });
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error);
