import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import { readLetterText } from '../../src/mail/body-text.ts';
import { defaultLetterBounds, type LetterBounds } from '../../src/mail/letter-bounds.ts';
import { LetterParser, type ParsedLetter } from '../../src/mail/letter-parser.ts';
import { decodeStructure, encodeStructure } from '../../src/mail/structure-codec.ts';
import { numberedParts, partOfSection } from '../../src/mail/structure-sections.ts';
import type { MimePart } from '../../src/mail/structure.ts';
import { letterFiles } from '../support/letter-files.ts';
import { Random } from './random.ts';

/** Feeds letters that nobody should send to all that reads one, and looks whether what is found can be. */

const letters = letterFiles().map(({ bytes }) => bytes.toString('latin1'));

/** What letters are made of, as latin1 text. */
const pieces: readonly string[] = [
  '\r\n',
  '\r\n\r\n',
  '\n',
  '\r',
  '\0',
  ' ',
  '\t',
  '--b',
  '--b--',
  '--bb',
  '--',
  '-',
  'Content-Type: multipart/mixed; boundary=b',
  'Content-Type: multipart/alternative; boundary="b"',
  'Content-Type: multipart/digest; boundary=bb',
  "Content-Type: multipart/x; boundary*=utf-8''b",
  'Content-Type: message/rfc822',
  'Content-Type: text/html; charset=utf-8',
  'Content-Type: text/plain; charset=iso-2022-jp',
  'Content-Type: text/plain; charset=utf-7',
  "Content-Disposition: inline; filename*=utf-7''+2AA-",
  'From: =?utf-7?q?+2AA-?= <a@b>',
  'Content-Transfer-Encoding: base64',
  'Content-Transfer-Encoding: quoted-printable',
  'Content-Disposition: attachment; filename*0*=a; filename*1=b',
  'Subject: [a] Re: =?utf-8?q?=C3?= =?utf-8?q?=BC?=',
  'To: a <b@c>, "d\\"" <e@f>; g: h@i;, (j',
  'References: <a@b> <c',
  'From x',
  'X',
  ':',
  '"',
  '(',
  '<',
  '=',
  '=?',
  '?=',
  ';',
  '=C3=BC',
  'QUJD',
  '====',
  '<p>&amp;<style>',
  '<!--',
  '&#x110000;&#xd800;',
  '\x1b$B$3',
  '\xff\xfe',
  '\xc3',
  'x'.repeat(300),
  'b'.repeat(80),
  '\r\n'.repeat(20),
];

/** A letter of pieces, or one of the corpus after some mishaps. */
function letterOf(random: Random): Buffer {
  let text = random.onceIn(2) ? random.pick(letters) : '';
  const mishaps = text === '' ? 2 + random.below(40) : random.below(6);
  for (let count = 0; count < mishaps; count += 1) {
    const at = text === '' || random.onceIn(2) ? text.length : random.below(text.length + 1);
    const piece = random.onceIn(8) ? String.fromCharCode(random.below(256)) : random.pick(pieces);
    const skipped = random.onceIn(4) ? random.below(30) : 0;
    text = text.slice(0, at) + piece + (random.onceIn(3) ? '\r\n' : '') + text.slice(at + skipped);
  }
  return Buffer.from(text, 'latin1');
}

/** Now and then the bounds are narrow, so that they are reached. */
function boundsOf(random: Random): LetterBounds {
  const narrow = (bound: keyof LetterBounds, most: number): number =>
    random.onceIn(3) ? random.below(most) : defaultLetterBounds[bound];
  if (!random.onceIn(4)) return defaultLetterBounds;
  return {
    depth: narrow('depth', 4),
    parts: narrow('parts', 6),
    headerBytes: narrow('headerBytes', 200),
    headerBytesInAll: narrow('headerBytesInAll', 400),
    addresses: narrow('addresses', 4),
    parameters: narrow('parameters', 4),
    searchableBytes: narrow('searchableBytes', 100),
  };
}

/** The letter in pieces of at most so many octets, each overwritten once it is pushed. */
async function parse(bytes: Buffer, bounds: LetterBounds, sizeOf: () => number): Promise<ParsedLetter> {
  const parser = new LetterParser(bounds);
  for (let at = 0; at < bytes.length;) {
    const size = sizeOf();
    const piece = Uint8Array.from(bytes.subarray(at, at + size));
    parser.push(piece);
    piece.fill(0x2d);
    at += size;
  }
  return parser.end();
}

/** Throws where parts do not lie in each other, have impossible sizes, or are more than may be. */
function check(
  { structure, envelope, preview, hasAttachment }: ParsedLetter,
  bytes: Buffer,
  bounds: LetterBounds,
): void {
  assert.equal(structure.bodyEnd, bytes.length);
  let parts = 0;
  const waiting: { readonly part: MimePart; readonly depth: number }[] = [{ part: structure, depth: 0 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { part, depth } = next;
    const { headerStart, bodyStart, bodyEnd, content } = part;
    parts += 1;
    assert.ok(headerStart <= bodyStart && bodyStart <= bodyEnd && depth <= bounds.depth);
    assert.ok(part.decodedBytes <= bodyEnd - bodyStart && part.lines <= bodyEnd - bodyStart);
    const inside = content.is === 'leaf' ? [] : content.is === 'message' ? [content.letter] : content.parts;
    let from = bodyStart;
    for (const child of inside) {
      assert.ok(child.headerStart >= from && child.bodyEnd <= bodyEnd);
      from = child.bodyEnd;
      waiting.push({ part: child, depth: depth + 1 });
    }
  }
  assert.ok(parts <= Math.max(1, bounds.parts));
  for (const { section, part } of numberedParts(structure))
    assert.equal(partOfSection(structure, section.split('.').map(Number)), part);
  assert.ok(preview.length <= 256);
  assert.doesNotMatch(preview, /\p{Cc}/u);
  const stored = { structure, envelope, preview, hasAttachment };
  assert.deepEqual(decodeStructure(encodeStructure(stored)), stored);
}

async function look(seed: number): Promise<void> {
  const random = new Random(seed);
  const bytes = letterOf(random);
  const bounds = boundsOf(random);
  const whole = await parse(bytes, bounds, () => Math.max(1, bytes.length));
  check(whole, bytes, bounds);
  assert.deepEqual(await parse(bytes, bounds, () => 1 + random.below(random.onceIn(3) ? 3 : 100)), whole);
  if (seed % 16 === 0) assert.deepEqual(await parse(bytes, bounds, () => 1), whole);
  assert.doesNotMatch(readLetterText(bytes, 1000).text, /[^\P{Cc}\t\n]/u);
}

/** Looks at so many letters. Throws with the seed that repeats what went wrong. */
export async function fuzzLetters({
  inputs,
  seed,
}: {
  readonly inputs: number;
  readonly seed: number;
}): Promise<void> {
  for (let input = seed; input < seed + inputs; input += 1) {
    try {
      await look(input);
    } catch (cause) {
      throw new Error(`repeat it with --inputs 1 --seed ${input}`, { cause });
    }
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { inputs: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' } },
  });
  const inputs = Number(values.inputs);
  const seed = Number(values.seed);
  const started = process.hrtime.bigint();
  await fuzzLetters({ inputs, seed });
  const tookSeconds = Number(process.hrtime.bigint() - started) / 1e9;
  console.log(`${inputs} letters from seed ${seed} in ${tookSeconds.toFixed(1)} s`);
}
