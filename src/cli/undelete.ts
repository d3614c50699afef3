import { Command } from 'commander';
import { HouseRefused } from '../app/house.ts';
import { systemClock } from '../net/clock.ts';
import type { Account, LetterId, Mailbox, RemovedLetter, Store } from '../store/port.ts';
import { withAccount } from './account-store.ts';
import { complain } from './complain.ts';
import { counted, shownBytes } from './figures.ts';
import { defused } from './menu/defused.ts';

type Options = { readonly config?: string; readonly list: boolean; readonly all: boolean };

const pageLetters = 500;

/** `letterlock undelete`: puts letters back that were removed, as long as the server keeps them. */
export function undeleteCommand(): Command {
  return new Command('undelete')
    .description('list the letters of an account that were removed and are still kept, and put them back')
    .argument('<address>')
    .argument('[letters...]', 'their numbers, as --list shows them')
    .option('--list', 'list them, the newest letter first (so without letters and --all)', false)
    .option('--all', 'put all of them back', false)
    .option('--config <file>', 'the configuration of the server')
    .action((address: string, letters: readonly string[], options: Options) =>
      complain(async () => {
        if (Number(options.list) + Number(options.all) + Number(letters.length > 0) > 1)
          throw new HouseRefused('give --list, or --all, or the numbers of letters');
        const wanted = letters.map(parseLetter);
        await withAccount(address, options, async (store, account) => {
          if (options.all) await putBackAll(store, account);
          else if (wanted.length > 0) await putBackThese(store, account, wanted);
          else await list(store, account);
        });
      }),
    );
}

async function list(store: Store, { id }: Account): Promise<void> {
  const paths = new Map<number, string>();
  const mailboxes = await store.mailboxes(id);
  for (const mailbox of mailboxes) paths.set(mailbox.id, pathOf(mailbox, mailboxes));
  for await (const page of pages(store, id)) {
    for (const { letter, mailbox, removedAt, summary, sizeBytes } of page) {
      const fields = [
        String(letter),
        `removed ${new Date(removedAt).toISOString().slice(0, 16).replace('T', ' ')} UTC`,
        paths.get(mailbox) ?? 'INBOX',
        shownBytes(sizeBytes),
        summary.from,
        summary.subject,
      ];
      process.stdout.write(`${fields.map((field) => defused(field).replaceAll('\t', ' ')).join('\t')}\n`);
    }
  }
}

/** `Archive/2026`. */
function pathOf(mailbox: Mailbox, all: readonly Mailbox[]): string {
  const parent = all.find(({ id }) => id === mailbox.parent);
  return parent === undefined ? mailbox.name : `${pathOf(parent, all)}/${mailbox.name}`;
}

async function* pages(store: Store, account: Account['id']): AsyncGenerator<readonly RemovedLetter[]> {
  for (let before: LetterId | null = null; ;) {
    const page: readonly RemovedLetter[] = await store.removedLetters({
      account,
      count: pageLetters,
      before,
    });
    if (page.length > 0) yield page;
    if (page.length < pageLetters) return;
    before = page.at(-1)?.letter ?? null;
  }
}

async function putBackAll(store: Store, account: Account): Promise<void> {
  const letters: LetterId[] = [];
  for await (const page of pages(store, account.id)) letters.push(...page.map(({ letter }) => letter));
  const back = await putBack(store, account, letters.toReversed());
  process.stdout.write(`${counted(back.size, 'letter')} put back in ${account.name}.\n`);
}

async function putBackThese(store: Store, account: Account, letters: readonly LetterId[]): Promise<void> {
  const back = await putBack(store, account, letters);
  const missing = letters.filter((letter) => !back.has(letter));
  process.stdout.write(`${counted(back.size, 'letter')} put back in ${account.name}.\n`);
  if (missing.length > 0)
    throw new HouseRefused(
      `${account.name} has no removed letter ${missing.join(', ')}; --list shows those that are kept`,
    );
}

/** Gives the letters that are back. A piece that does not fit ends it. */
async function putBack(
  store: Store,
  account: Account,
  letters: readonly LetterId[],
): Promise<ReadonlySet<LetterId>> {
  const back = new Set<LetterId>();
  for (let at = 0; at < letters.length; at += pageLetters) {
    const piece = letters.slice(at, at + pageLetters);
    const placed = await store.undelete(account.id, piece, systemClock.now());
    if (!placed.ok)
      throw new HouseRefused(
        `the quota of ${account.name} has no room for them; ${counted(back.size, 'letter')} put back`,
      );
    for (const { letter } of placed.value) back.add(letter);
  }
  return back;
}

function parseLetter(text: string): LetterId {
  const number = /^[1-9][0-9]{0,15}$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(number))
    throw new HouseRefused(`${JSON.stringify(text)} is no number of a letter; --list shows them`);
  return number as LetterId;
}
