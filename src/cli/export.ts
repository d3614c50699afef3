import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Command, Option } from 'commander';
import { HouseRefused } from '../app/house.ts';
import { keptPieces, rangesWithin } from '../mail/omitted-ranges.ts';
import { mboxLines, mboxSeparator } from '../net/letters-mbox.ts';
import type { Account, Letter, Mailbox, PlacedLetter, Store, Uid } from '../store/port.ts';
import { withAccount } from './account-store.ts';
import { complain } from './complain.ts';
import { counted } from './figures.ts';
import { maildirInfo, type LetterFormat } from './import-sources.ts';
import { mailboxAt } from './import.ts';
import { progressLine, type Progress } from './progress.ts';

type Options = {
  readonly config?: string;
  readonly to: string;
  readonly format: LetterFormat;
  readonly mailbox: string;
};

const pageLetters = 200;
const LF = 0x0a;

/** `letterlock export`: the letters of a mailbox into files, also while the server runs. */
export function exportCommand(): Command {
  return new Command('export')
    .description(
      'write the letters of a mailbox to an mbox file, a Maildir or .eml files, with flags and dates',
    )
    .argument('<address>')
    .requiredOption('--to <path>', 'the mbox file, or the folder of a Maildir or of .eml files; absent')
    .addOption(
      new Option('--format <form>', 'mbox, maildir or eml')
        .choices(['mbox', 'maildir', 'eml'])
        .default('mbox'),
    )
    .option('--mailbox <path>', 'which mailbox', 'INBOX')
    .option('--config <file>', 'the configuration of the server')
    .action((address: string, options: Options) => complain(() => exportLetters(address, options)));
}

async function exportLetters(address: string, options: Options): Promise<void> {
  const place = path.resolve(options.to);
  if (fs.existsSync(place)) throw new HouseRefused(`${place} is there already; name a place that is not`);
  await withAccount(address, options, async (store, account) => {
    const mailbox = await mailboxAt(store, account, options.mailbox, 'refuse');
    const draft = `${place}.exporting-${randomUUID()}`;
    const { progress, end } = progressLine(`Exporting ${options.mailbox}`);
    let count = 0;
    try {
      count = await write(store, account, mailbox, { draft, format: options.format, progress });
      fs.renameSync(draft, place);
    } finally {
      end();
      fs.rmSync(draft, { recursive: true, force: true });
    }
    process.stdout.write(
      `${counted(count, 'letter')} of ${options.mailbox} of ${account.name} written to ${place}.\n`,
    );
  });
}

type Target = { readonly draft: string; readonly format: LetterFormat; readonly progress: Progress };

async function write(
  store: Store,
  account: Account,
  mailbox: Mailbox,
  { draft, format, progress }: Target,
): Promise<number> {
  if (format === 'mbox') fs.closeSync(fs.openSync(draft, 'wx', 0o600));
  else
    for (const folder of format === 'eml' ? [''] : ['', 'cur', 'new', 'tmp'])
      fs.mkdirSync(path.join(draft, folder), { mode: 0o700 });
  let count = 0;
  for await (const { placed, letter } of lettersOf(store, account, mailbox)) {
    const bytes = served(store, account, letter);
    if (format === 'mbox') await append(draft, mboxBytes(letter, placed, bytes), 'a');
    else {
      const name = `${Math.floor(placed.receivedAt / 1000)}.L${letter.id}U${placed.uid}.letterlock`;
      const file =
        format === 'eml'
          ? path.join(draft, `${String(placed.uid).padStart(8, '0')}.eml`)
          : path.join(draft, 'cur', `${name}:2,${maildirInfo(placed.keywords)}`);
      await append(file, format === 'eml' ? bytes : withLf(bytes), 'wx');
      fs.utimesSync(file, placed.receivedAt / 1000, placed.receivedAt / 1000);
    }
    progress((count += 1), mailbox.letters);
  }
  return count;
}

async function append(file: string, bytes: AsyncIterable<Uint8Array>, flag: 'a' | 'wx'): Promise<void> {
  const handle = await fs.promises.open(file, flag, 0o600);
  try {
    for await (const piece of bytes)
      for (let at = 0; at < piece.length;) at += (await handle.write(piece, at)).bytesWritten;
  } finally {
    await handle.close();
  }
}

async function* lettersOf(
  store: Store,
  { id: account }: Account,
  { id: mailbox }: Mailbox,
): AsyncGenerator<{ readonly placed: PlacedLetter; readonly letter: Letter }> {
  for (let from = 1 as Uid; ;) {
    const page = await store.placed({ account, mailbox, from, count: pageLetters });
    for (const placed of page) {
      const letter = await store.letter(account, placed.letter);
      if (letter !== null) yield { placed, letter };
    }
    const last = page.at(-1);
    if (last === undefined || page.length < pageLetters) return;
    from = (last.uid + 1) as Uid;
  }
}

/** The letter as it is served, a piece at a time. */
async function* served(store: Store, { id }: Account, letter: Letter): AsyncGenerator<Uint8Array> {
  if (letter.prefix.length > 0) yield letter.prefix;
  const pieces = await store.blobPieces(id, letter.id);
  if (pieces === null)
    throw new HouseRefused(`letter ${letter.id} went away while it was written; try again`);
  let at = 0;
  for await (const piece of pieces) {
    yield* keptPieces(piece, rangesWithin(letter.omitted, at, piece.length));
    at += piece.length;
  }
}

/** The bytes in pieces that end with a line, as far as one ends within a mebibyte. */
async function* wholeLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest = Buffer.alloc(0);
  for await (const piece of bytes) {
    const all = Buffer.concat([rest, piece]);
    const end = all.lastIndexOf(LF) + 1;
    if (end > 0) yield all.subarray(0, end);
    rest = all.subarray(end);
  }
  if (rest.length > 0) yield rest;
}

const statusLetters: readonly (readonly [string, string])[] = [
  ['$answered', 'A'],
  ['$flagged', 'F'],
  ['$draft', 'T'],
  ['\\deleted', 'D'],
];

/** An entry with the fields by which other programs know the flags. */
async function* mboxBytes(
  letter: Letter,
  { keywords, receivedAt }: PlacedLetter,
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const reversePath = letter.transport?.reversePath ?? '';
  yield Buffer.from(
    mboxSeparator({ reversePath: /^[!-~]*$/.test(reversePath) ? reversePath : '', receivedAt }),
  );
  const more = statusLetters
    .flatMap(([keyword, status]) => (keywords.includes(keyword) ? [status] : []))
    .join('');
  const status = keywords.includes('$seen') ? 'RO' : 'O';
  yield Buffer.from(`Status: ${status}\n${more === '' ? '' : `X-Status: ${more}\n`}`);
  let last = LF;
  for await (const lines of wholeLines(bytes)) {
    yield* mboxLines(lines);
    last = lines.at(-1) ?? last;
  }
  yield Buffer.from(last === LF ? '\n' : '\n\n');
}

/** A Maildir has the line ends of its system. */
async function* withLf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const lines of wholeLines(bytes))
    yield Buffer.from(Buffer.from(lines).toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
}
