import path from 'node:path';
import { Command, Option } from 'commander';
import { HouseRefused } from '../app/house.ts';
import { systemClock } from '../net/clock.ts';
import { isInbox, isMailboxName } from '../store/mailbox-rules.ts';
import type { Account, Mailbox, Store } from '../store/port.ts';
import { withAccount } from './account-store.ts';
import { complain } from './complain.ts';
import { counted } from './figures.ts';
import { LetterImport } from './import-letters.ts';
import { ImportMemory } from './import-memory.ts';
import { formatOf, readLetters, type LetterFormat } from './import-sources.ts';
import { progressLine } from './progress.ts';

type Options = {
  readonly config?: string;
  readonly from: string;
  readonly format?: LetterFormat;
  readonly mailbox: string;
  readonly anew: boolean;
};

/** `letterlock import`: letters out of files, also while the server runs. */
export function importCommand(): Command {
  return new Command('import')
    .description(
      'take the letters of an mbox file, a Maildir or .eml files into an account, with their flags and dates; once, however often it runs',
    )
    .argument('<address>')
    .requiredOption('--from <path>', 'the file or folder')
    .addOption(formatOption())
    .option('--mailbox <path>', 'where they go, made where it is absent, as Archive/2026', 'INBOX')
    .option('--anew', 'forget what was imported into the mailbox before, and take everything again', false)
    .option('--config <file>', 'the configuration of the server')
    .action((address: string, options: Options) => complain(() => importLetters(address, options)));
}

/** `--format`, which is found out where it is not given. */
export const formatOption = (): Option =>
  new Option('--format <form>', 'mbox, maildir or eml; found out where it is left out').choices([
    'mbox',
    'maildir',
    'eml',
  ]);

async function importLetters(address: string, options: Options): Promise<void> {
  const place = path.resolve(options.from);
  const format = options.format ?? formatOf(place);
  await withAccount(address, options, async (store, account, folder) => {
    const mailbox = await mailboxAt(store, account, options.mailbox, 'make');
    const memory = new ImportMemory(folder, account.id, mailbox.id);
    const letters = new LetterImport({ store, account: account.id, mailbox: mailbox.id, memory });
    const { progress, end } = progressLine(`Importing ${path.basename(place)}`);
    try {
      if (options.anew) memory.forget();
      await letters.recall();
      await readLetters(place, format, letters, progress);
      await letters.finish();
    } catch (cause) {
      await letters.abandon();
      end();
      if (letters.imported > 0)
        process.stderr.write(
          `${counted(letters.imported, 'letter')} imported; the same import goes on from there.\n`,
        );
      throw cause;
    } finally {
      end();
      memory.close();
    }
    const before = letters.known === 0 ? '' : `; ${letters.known} had been before`;
    process.stdout.write(
      `${counted(letters.imported, 'letter')} imported into ${options.mailbox} of ${account.name}${before}.\n`,
    );
  });
}

/** The mailbox of that path; throws `HouseRefused` where there is none and none can be made. */
export async function mailboxAt(
  store: Store,
  account: Account,
  text: string,
  absent: 'make' | 'refuse',
): Promise<Mailbox> {
  const names = text.split('/');
  if (!names.every((name, index) => isMailboxName(name, index === 0 ? 'top' : 'below')))
    throw new HouseRefused(`${JSON.stringify(text)} is no name of a mailbox`);
  let found: Mailbox | null = null;
  for (const name of names) {
    const known = await childOf(store, account, found, name);
    if (known === null && absent === 'refuse')
      throw new HouseRefused(`${account.name} has no mailbox ${JSON.stringify(text)}`);
    found = known ?? (await makeMailbox(store, account, found, name));
  }
  if (found === null) throw new HouseRefused('--mailbox names none');
  return found;
}

/** The mailbox of that name below `parent`, or at the top. */
async function childOf(
  store: Store,
  account: Account,
  parent: Mailbox | null,
  name: string,
): Promise<Mailbox | null> {
  const beside = (await store.mailboxes(account.id)).filter((one) => one.parent === (parent?.id ?? null));
  const meansInbox = parent === null && isInbox(name);
  return beside.find((one) => (meansInbox ? one.role === 'inbox' : one.name === name)) ?? null;
}

async function makeMailbox(
  store: Store,
  account: Account,
  parent: Mailbox | null,
  name: string,
): Promise<Mailbox> {
  const mailbox = { name, parent: parent?.id ?? null, subscribed: true, createdAt: systemClock.now() };
  const made = await store.createMailbox(account.id, mailbox);
  if (!made.ok) throw new HouseRefused(`no mailbox ${JSON.stringify(name)} can be made (${made.refusal})`);
  return made.value;
}
