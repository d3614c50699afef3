import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodyViews } from './body-views.ts';
import { htmlReader } from './html-text.ts';
import { LetterParser, type ParsedLetter } from './letter-parser.ts';
import { encodeStructure } from './structure-codec.ts';
import { summaryOf } from './summary.ts';

/** What a letter costs: octets that were searched, copied or decoded, and how often. */
type Work = { octets: number; calls: number };

type Range = [BufferEncoding?, number?, number?];

/** Counts the work of the methods of `Buffer` through which all of a body passes, while `run` runs. */
const countWork = async (run: (work: Work) => Promise<void>): Promise<void> => {
  const work: Work = { octets: 0, calls: 0 };
  const note = (octets: number): void => {
    work.octets += octets;
    work.calls += 1;
  };
  const indexOf = Reflect.get(Buffer.prototype, 'indexOf') as (value: number, from: number) => number;
  const toString = Reflect.get(Buffer.prototype, 'toString') as (...range: Range) => string;
  const concat: (list: readonly Uint8Array[]) => Buffer<ArrayBuffer> = Reflect.get(Buffer, 'concat');
  const bufferFrom = Reflect.get(Buffer, 'from') as (...values: readonly unknown[]) => Buffer<ArrayBuffer>;
  Buffer.prototype.indexOf = function (this: Buffer, value: number, from = 0) {
    const at = indexOf.call(this, value, from);
    note((at === -1 ? this.length : at) - from);
    return at;
  };
  Buffer.prototype.toString = function (this: Buffer, ...range: Range) {
    const text = toString.apply(this, range);
    note(text.length);
    return text;
  };
  Buffer.concat = (list: readonly Uint8Array[]) => {
    const joined = concat(list);
    note(joined.length);
    return joined;
  };
  Buffer.from = (...values: readonly unknown[]) => {
    const made = bufferFrom(...values);
    note(made.length);
    return made;
  };
  try {
    await run(work);
  } finally {
    Object.assign(Buffer.prototype, { indexOf, toString });
    Object.assign(Buffer, { concat, from: bufferFrom });
  }
};

const parse = async (bytes: Buffer, pieceBytes: number): Promise<ParsedLetter> => {
  const parser = new LetterParser();
  for (let at = 0; at < bytes.length; at += pieceBytes) parser.push(bytes.subarray(at, at + pieceBytes));
  return parser.end();
};

const multipart = 'Content-Type: multipart/mixed; boundary=b\r\n\r\n';
const long = 'b'.repeat(250);

/** Letters of about so many octets. */
const letters: readonly (readonly [string, (size: number) => string])[] = [
  ['delimiters', (size) => multipart + '--b\r\n'.repeat(size / 5)],
  ['closing delimiters', (size) => multipart + '--b--\r\n'.repeat(size / 7)],
  ['lines that begin like a delimiter', (size) => multipart + '--bb\r\n'.repeat(size / 6)],
  ['two hyphens a line', (size) => multipart + '--\n'.repeat(size / 3)],
  ['one endless delimiter', (size) => multipart + '--b'.repeat(size / 3)],
  ['a boundary of one character everywhere', (size) => multipart + 'b-b'.repeat(size / 3)],
  [
    'long lines that are almost the boundary',
    (size) => `Content-Type: multipart/mixed; boundary=${long}x\r\n\r\n${`--${long}\n`.repeat(size / 253)}`,
  ],
  [
    'parts with headers',
    (size) => multipart + '--b\r\nContent-Type: text/html\r\n\r\n<p>\r\n'.repeat(size / 37),
  ],
  [
    'multiparts in multiparts',
    (size) =>
      Array.from(
        { length: size / 50 },
        (_, depth) => `Content-Type: multipart/x; boundary=${depth}\r\n\r\n--${depth}\r\n`,
      ).join(''),
  ],
  ['multiparts in multiparts with one boundary', (size) => `${multipart}--b\r\n`.repeat(size / 50)],
  ['multiparts that are never begun', (size) => multipart + `--b\r\n${multipart}`.repeat(size / 50)],
  ['letters in letters', (size) => 'Content-Type: message/rfc822\r\n\r\n'.repeat(size / 32)],
  ['line feeds', (size) => multipart + '\n'.repeat(size)],
  ['carriage returns', (size) => multipart + '\r'.repeat(size)],
  ['carriage returns in a header', (size) => '\r'.repeat(size)],
  ['hyphens', (size) => multipart + '-'.repeat(size)],
  ['spaces', (size) => multipart + ' '.repeat(size)],
  ['NULs', (size) => multipart + '\0'.repeat(size)],
  ['a header without an end', (size) => 'A: b\r\n'.repeat(size / 6)],
  ['a field without an end', (size) => `A: ${'x'.repeat(size)}`],
  ['a field of many lines', (size) => `A:${'\r\n x'.repeat(size / 4)}`],
  ['a line that may yet become a field', (size) => 'A'.repeat(size)],
  ['headers of parts without an end', (size) => `${multipart}--b\r\n${'A: b\r\n'.repeat(size / 6)}`],
  ['base64 of padding', (size) => `Content-Transfer-Encoding: base64\r\n\r\n${'='.repeat(size)}`],
  [
    'base64 of other characters',
    (size) => `Content-Transfer-Encoding: base64\r\n\r\n${'!A'.repeat(size / 2)}`,
  ],
  [
    'quoted-printable of spaces',
    (size) => `Content-Transfer-Encoding: quoted-printable\r\n\r\n${' '.repeat(size)}`,
  ],
  [
    'quoted-printable of equals signs',
    (size) => `Content-Transfer-Encoding: quoted-printable\r\n\r\n${'='.repeat(size)}`,
  ],
  [
    'quoted-printable of soft line breaks',
    (size) => `Content-Transfer-Encoding: quoted-printable\r\n\r\n${'= \t'.repeat(size / 3)}`,
  ],
  ['addresses', (size) => `To: ${'a@b,'.repeat(size / 4)}\r\n\r\n`],
  ['parameters', (size) => `Content-Type: a/b${';a*1=b'.repeat(size / 6)}\r\n\r\n`],
];

/** Pieces as they come from a connection, as a client with an axe to grind sends them, and all at once. */
const pieces = [16_384, 7, Infinity] as const;

for (const [name, letter] of letters) {
  test(`hostile letter: ${name}`, async () => {
    for (const pieceBytes of pieces) {
      await countWork(async (work) => {
        const costOf = async (size: number): Promise<number> => {
          const bytes = Buffer.from(letter(size), 'latin1');
          Object.assign(work, { octets: 0, calls: 0 });
          const parsed = await parse(bytes, pieceBytes);
          const cost = work.octets + work.calls;
          assert.equal(parsed.structure.bodyEnd, bytes.length);
          const dear = pieceBytes < 100 ? 150 : 6;
          assert.ok(cost < 100_000 + bytes.length * dear, `${cost} for ${bytes.length} octets`);
          assert.ok(encodeStructure(parsed).length < 1_200_000);
          return cost;
        };
        const [once, fourTimes] = [await costOf(50_000), await costOf(200_000)];
        assert.ok(fourTimes < once * 4.5 + 100_000, `four times the octets cost ${once} and ${fourTimes}`);
      });
    }
  });
}

test('a gigabyte costs no more memory than a few of its pieces', async () => {
  const line = `${'QUJD'.repeat(19)}\r\n`;
  const piece = Buffer.alloc(line.length * 13_000, line);
  const parser = new LetterParser();
  parser.push(
    Buffer.from(`${multipart}--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n`),
  );
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  for (let count = 0; count < 1059; count++) {
    parser.push(piece);
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  const { structure } = await parser.end();
  assert.ok(structure.content.is === 'multipart');
  assert.equal(structure.content.parts[0]?.lines, 1059 * 13_000);
  assert.equal(structure.content.parts[0].decodedBytes, 1059 * 13_000 * 57);
  assert.ok(most < 128 * 1_048_576, `${most} octets`);
});

/** Texts that a parser with nested repetitions would take minutes for. */
const texts: readonly (readonly [string, (size: number) => string])[] = [
  ['open quotes', (size) => '"a\\"'.repeat(size / 4)],
  ['open comments', (size) => '(a '.repeat(size / 3)],
  ['comments that close', (size) => '(a)'.repeat(size / 3)],
  ['open angles', (size) => '<a'.repeat(size / 2)],
  ['routes', (size) => `<${'@a,'.repeat(size / 3)}`],
  ['groups', (size) => 'a:'.repeat(size / 2)],
  ['groups that close', (size) => 'a:;'.repeat(size / 3)],
  ['open brackets', (size) => '[a'.repeat(size / 2)],
  ['blobs', (size) => '[a]'.repeat(size / 3)],
  ['replies', (size) => 'Re: '.repeat(size / 4)],
  ['forwards', (size) => `${'[fwd:'.repeat(size / 6)}${']'.repeat(size / 6)}`],
  ['trailers', (size) => '(fwd)'.repeat(size / 5)],
  ['white space', (size) => `a${' '.repeat(size)}b`],
  ['semicolons', (size) => `a/b${';'.repeat(size)}`],
  ['parameters', (size) => `a/b${';a="\\"'.repeat(size / 6)}`],
  ['parameters without values', (size) => `a/b;${'a='.repeat(size / 2)}`],
  [
    'pieces of a parameter',
    (size) => `a/b${Array.from({ length: size / 8 }, (_, at) => `;a*${at}=x`).join('')}`,
  ],
  ['words of a value', (size) => `a/b;name=${'d '.repeat(size / 2)}`],
  ['spaces in a value', (size) => `a/b;name=d${' '.repeat(size)}e=`],
  ['encoded words', (size) => '=?utf-8?q?a?= '.repeat(size / 14)],
  ['encoded words that do not end', (size) => '=?utf-8?q?a'.repeat(size / 11)],
  [
    'encoded words in charsets of their own',
    (size) => Array.from({ length: size / 12 }, (_, at) => `=?x${at}?q?a?=`).join(''),
  ],
  ['tags', (size) => '<a>'.repeat(size / 3)],
  ['tags that were never open', (size) => '<a>'.repeat(size / 8) + '</b>'.repeat(size / 8)],
  ['spaces between tags', (size) => '<b> </b>'.repeat(size / 8)],
  ['entities', (size) => '&amp'.repeat(size / 4)],
  ['entities that are none', (size) => '&#'.repeat(size / 2)],
  ['open comments of HTML', (size) => '<!--'.repeat(size / 4)],
  ['line breaks', (size) => 'a<br>'.repeat(size / 5)],
  ['at signs', (size) => `${'@'.repeat(size)} x`],
  ['dots', (size) => `${'.'.repeat(size)} x`],
  ['colons', (size) => `${':'.repeat(size)} x`],
  ['slashes', (size) => `${'/'.repeat(size)} x`],
  ['stars', (size) => `a/b;${'a*'.repeat(size / 2)}=x`],
  ['letters', (size) => `${'x'.repeat(size)} `],
  ['zeros', (size) => '0'.repeat(size)],
  ['accents', (size) => 'a\u0301'.repeat(size / 3)],
  ['surrogates of UTF-7', (size) => `=?utf-7?q?${'+2AA-'.repeat(size / 5)}?=`],
];

/** Where a text may stand in a letter: in the fields that are read, and in bodies that are. */
const places: readonly ((text: string) => string)[] = [
  (text) => `To: ${text}`,
  (text) => `Subject: ${text}`,
  (text) => `Message-ID: ${text}`,
  (text) => `Date: ${text}`,
  (text) => `Content-Type: ${text}`,
  (text) => `Content-Type: multipart/mixed; boundary="${text}"`,
  (text) => `Content-Disposition: attachment; filename="${text}"`,
  (text) => `Content-Transfer-Encoding: ${text}`,
  (text) => `Content-Language: ${text}`,
  (text) => `${text}: x`,
  (text) => `Content-Type: text/html\r\n\r\n${text}`,
  (text) => `\r\n${text}`,
];

test('hostile texts: quadratic would be minutes', async () => {
  await htmlReader();
  for (const [name, make] of texts) {
    const text = make(200_000);
    for (const place of places) {
      const began = process.cpuUsage().user;
      const parsed = await parse(Buffer.from(place(text)), 16_384);
      bodyViews(parsed.structure);
      summaryOf(parsed.envelope);
      assert.ok(process.cpuUsage().user - began < 3_000_000, `${name} in ${place('\u2026')}`);
    }
  }
});
