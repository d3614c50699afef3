import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MboxReader, separatorDate } from './mbox-reader.ts';

/** The letters of a file that comes in chunks of so many bytes, each with its separator line. */
const read = (file: string, chunkBytes = Infinity): readonly (readonly [string, string])[] | null => {
  const reader = new MboxReader();
  const letters: [string, string][] = [];
  const take = (parts: ReturnType<MboxReader['push']>): void => {
    for (const part of parts) {
      const last = letters.at(-1);
      if (part.is === 'separator') letters.push([part.line, '']);
      else {
        assert.ok(last !== undefined, 'bytes before a separator');
        last[1] += Buffer.from(part.bytes).toString('latin1');
      }
    }
  };
  const bytes = Buffer.from(file, 'latin1');
  const step = Math.min(chunkBytes, Math.max(1, bytes.length));
  for (let at = 0; at < bytes.length; at += step) take(reader.push(bytes.subarray(at, at + step)));
  take(reader.end());
  return reader.isNoMbox ? null : letters;
};

const bodies = (file: string): readonly string[] | null => read(file)?.map(([, letter]) => letter) ?? null;
const one = 'From a@b Fri Jul  3 01:03:05 2020';
const other = 'From - Sat Jan 04 11:22:33 +0100 1997';

const files: readonly (readonly [string, string, readonly string[] | null])[] = [
  ['two letters', `${one}\nA: b\n\nx\n\n${other}\nC: d\n\ny\n\n`, ['A: b\r\n\r\nx\r\n', 'C: d\r\n\r\ny\r\n']],
  ['CRLF', `${one}\r\nA: b\r\n\r\nx\r\n\r\n${other}\r\ny\r\n`, ['A: b\r\n\r\nx\r\n', 'y\r\n']],
  [
    'quoted lines',
    `${one}\n>From x\n>>From y\n>from z\n >From\n\n`,
    ['From x\r\n>From y\r\n>from z\r\n >From\r\n'],
  ],
  [
    'a body with From',
    `${one}\nx\n\nFrom here on\n\nFrom there\n`,
    ['x\r\n\r\nFrom here on\r\n\r\nFrom there\r\n'],
  ],
  ['no empty line before', `${one}\nx\n${other}\ny\n`, [`x\r\n${other}\r\ny\r\n`]],
  ['empty letters', `${one}\n\n${other}\n\n`, ['', '']],
  ['empty lines at the end', `${one}\nx\n\n\n\n`, ['x\r\n\r\n\r\n']],
  ['no end of line', `${one}\nx`, ['x']],
  ['bare CR', `${one}\na\rFrom b\n\r\r\n`, ['a\rFrom b\r\n\r\r\n']],
  ['any first line', 'From nobody knows when\nx\n', ['x\r\n']],
  ['only a separator', one, ['']],
  ['nothing', '', []],
  ['no mbox', 'A: b\n\nFrom x\n', null],
  ['an endless first line', `From ${'x'.repeat(5000)}`, null],
  [
    'a separator after a long line',
    `${one}\n${'x'.repeat(200_000)}\n\n${other}\ny\n`,
    [`${'x'.repeat(200_000)}\r\n`, 'y\r\n'],
  ],
];

for (const [name, file, expected] of files)
  test(`an mbox with ${name} is read alike however it is cut`, () => {
    assert.deepEqual(bodies(file), expected);
    const steps = file.length > 10_000 ? [999, 65_536, 65_537] : [1, 2, 3, 7];
    for (const step of steps)
      assert.deepEqual(read(file, step)?.map(([, letter]) => letter) ?? null, expected, `${step}`);
  });

test('any bytes give the same letters in any cut, and never a letter twice', () => {
  const piece = fc.constantFrom('\n', '\r\n', '\r', 'From ', '>From ', one, other, 'x', '\0', '>', '\n\n');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), fc.integer({ min: 1, max: 9 }), (pieces, step) => {
      const file = `${one}\n${pieces.join('')}`;
      assert.deepEqual(read(file, step), read(file));
    }),
    { interruptAfterTimeLimit: 1500, markInterruptAsFailure: false },
  );
});

test('a gigabyte in one line is held nowhere', () => {
  const reader = new MboxReader();
  reader.push(Buffer.from(`${one}\n`));
  const chunk = Buffer.alloc(1_000_000, '>');
  let bytes = 0;
  for (let turn = 0; turn < 100; turn++)
    for (const part of reader.push(chunk)) bytes += part.is === 'bytes' ? part.bytes.length : 0;
  assert.equal(bytes, 100_000_000);
});

test('dates of separators', () => {
  for (const [line, at] of [
    [one, Date.UTC(2020, 6, 3, 1, 3, 5)],
    [other, Date.UTC(1997, 0, 4, 11, 22, 33)],
    ['From a@b Thu Feb 29 23:59 2024', Date.UTC(2024, 1, 29, 23, 59)],
    ['From a b c Mon Dec 1 00:00:00 MET 1986', Date.UTC(1986, 11, 1)],
    ['From here', null],
    ['From a@b Fri Foo  3 01:03:05 2020', null],
  ] as const)
    assert.equal(separatorDate(line), at, line);
});
