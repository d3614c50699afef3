import fs from 'node:fs';
import path from 'node:path';
import { HouseRefused } from '../app/house.ts';
import { MboxReader, separatorDate } from '../mail/mbox-reader.ts';
import type { Keywords } from '../store/port.ts';
import type { LetterSink } from './import-letters.ts';
import type { Progress } from './progress.ts';

/** The forms in which letters come and go. */
export type LetterFormat = 'mbox' | 'maildir' | 'eml';

const pieceBytes = 262_144;

/** The form that a path looks like. Throws where it is not there. */
export function formatOf(place: string): LetterFormat {
  if (fs.statSync(place).isDirectory()) return fs.existsSync(path.join(place, 'cur')) ? 'maildir' : 'eml';
  const handle = fs.openSync(place, 'r');
  try {
    const beginning = Buffer.alloc(5);
    fs.readSync(handle, beginning);
    return beginning.toString('latin1') === 'From ' ? 'mbox' : 'eml';
  } finally {
    fs.closeSync(handle);
  }
}

/** Puts every letter of a source into the sink, in an order that stays the same. */
export async function readLetters(
  place: string,
  format: LetterFormat,
  sink: LetterSink,
  progress: Progress,
): Promise<void> {
  switch (format) {
    case 'mbox':
      return readMbox(place, sink, progress);
    case 'maildir':
      return readFiles(maildirFiles(place), sink, progress);
    case 'eml':
      return readFiles(emlFiles(place), sink, progress);
  }
}

async function readMbox(place: string, sink: LetterSink, progress: Progress): Promise<void> {
  const reader = new MboxReader();
  const { size } = await fs.promises.stat(place);
  let isOpen = false;
  const take = async (parts: ReturnType<MboxReader['push']>): Promise<void> => {
    for (const part of parts) {
      if (part.is === 'bytes') await sink.add(part.bytes);
      else {
        if (isOpen) await sink.end();
        sink.begin({ receivedAt: separatorDate(part.line), keywords: [] });
        isOpen = true;
      }
    }
  };
  let done = 0;
  for await (const piece of fs.createReadStream(place, { highWaterMark: pieceBytes })) {
    const bytes = piece as Buffer;
    await take(reader.push(bytes));
    if (reader.isNoMbox) break;
    progress((done += bytes.length), size);
  }
  await take(reader.end());
  if (reader.isNoMbox) throw new HouseRefused(`${place} is no mbox file: it does not begin with "From "`);
  if (isOpen) await sink.end();
}

type LetterFile = { readonly file: string; readonly keywords: Keywords };

async function readFiles(files: readonly LetterFile[], sink: LetterSink, progress: Progress): Promise<void> {
  for (const [index, { file, keywords }] of files.entries()) {
    // A link could lead anywhere, also if it was put there after the folder was read.
    const handle = await fs.promises.open(file, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
    try {
      const { mtimeMs } = await handle.stat();
      sink.begin({ receivedAt: mtimeMs, keywords });
      let previous = 0;
      for await (const piece of handle.createReadStream({ highWaterMark: pieceBytes, autoClose: false })) {
        const bytes = piece as Buffer;
        await sink.add(withCrLf(bytes, previous));
        previous = bytes.at(-1) ?? previous;
      }
      await sink.end();
    } finally {
      await handle.close();
    }
    progress(index + 1, files.length);
  }
}

const CR = 0x0d;

/** Each LF that stands alone as CRLF; `previous` is the byte before. */
function withCrLf(bytes: Buffer, previous: number): Uint8Array {
  const text = bytes.toString('latin1');
  const turned = text.replaceAll(/(?<!\r)\n/g, '\r\n');
  // The first LF may belong to a CR of the piece before.
  return Buffer.from(previous === CR && text.startsWith('\n') ? turned.slice(1) : turned, 'latin1');
}

/** The regular files of a folder, by name; no links, no folders. */
const regularFiles = (folder: string): readonly string[] =>
  fs
    .readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();

const maildirFlags: ReadonlyMap<string, string> = new Map([
  ['D', '$draft'],
  ['F', '$flagged'],
  ['P', '$forwarded'],
  ['R', '$answered'],
  ['S', '$seen'],
  ['T', '\\deleted'],
]);

/** What stands behind `:2,` in a name. */
const flagsOf = (name: string): Keywords => {
  const info = /[:;!]2,([A-Za-z]*)$/.exec(name)?.[1] ?? '';
  return info.split('').flatMap((letter) => maildirFlags.get(letter) ?? []);
};

/** The flags of a Maildir name for these keywords, in their order. */
export const maildirInfo = (keywords: Keywords): string =>
  [...maildirFlags].flatMap(([letter, keyword]) => (keywords.includes(keyword) ? [letter] : [])).join('');

function maildirFiles(place: string): readonly LetterFile[] {
  if (!fs.existsSync(path.join(place, 'cur')))
    throw new HouseRefused(`${place} is no Maildir: it has no folder cur`);
  return ['cur', 'new'].flatMap((part) => {
    const folder = path.join(place, part);
    if (!fs.lstatSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
    return regularFiles(folder)
      .filter((name) => !name.startsWith('.'))
      .map((name) => ({ file: path.join(folder, name), keywords: flagsOf(name) }));
  });
}

function emlFiles(place: string): readonly LetterFile[] {
  if (!fs.statSync(place).isDirectory()) return [{ file: fs.realpathSync(place), keywords: [] }];
  const names = regularFiles(place).filter((name) => /\.eml$/i.test(name));
  if (names.length === 0) throw new HouseRefused(`${place} has no file that ends in .eml, and is no Maildir`);
  return names.map((name) => ({ file: path.join(place, name), keywords: [] }));
}
