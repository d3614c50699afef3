import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DotReader } from './dot-reader.ts';
import { MultilineWriter } from './multiline-writer.ts';

const limits = { numRuns: 10_000, interruptAfterTimeLimit: 1500 };

const written = (pieces: readonly Uint8Array[]): string => {
  const writer = new MultilineWriter();
  return Buffer.concat([...pieces.flatMap((piece) => writer.push(piece)), writer.end()]).toString('latin1');
};

/** The same the slow and obvious way. */
function plainly(text: string): string {
  const lines = text.split(/\r\n|\r|\n/);
  if (lines.at(-1) === '') lines.pop();
  return [...lines.map((line) => (line.startsWith('.') ? `.${line}` : line)), '.', ''].join('\r\n');
}

const cutAt = (text: string, places: readonly number[]): Buffer[] => {
  const sorted = [0, ...places.map((place) => place % (text.length + 1)).sort((a, b) => a - b), text.length];
  return sorted.slice(1).map((end, index) => Buffer.from(text.slice(sorted[index], end), 'latin1'));
};

const places = fc.array(fc.nat(500), { maxLength: 12 });
const part = fc.constantFrom(
  'a',
  'bc',
  '.',
  '..',
  '\r\n',
  '\r\n.',
  '\r',
  '\n',
  '\n.\n',
  '\r.\r',
  '\r\r\n',
  '\u00ff',
  '\0',
);
const hostile = fc.array(part, { maxLength: 24 }).map((parts) => parts.join(''));

test('any bytes, however they are split, go out as their lines', () => {
  fc.assert(
    fc.property(hostile, places, (text, cuts) => {
      const expected = plainly(text);
      assert.equal(written(cutAt(text, cuts)), expected);
      assert.equal(written(Array.from(text, (octet) => Buffer.from(octet, 'latin1'))), expected);
    }),
    limits,
  );
});

test('only the end of the response looks like one, whatever a reader takes for the end of a line', () => {
  fc.assert(
    fc.property(hostile, places, (text, cuts) => {
      const wire = written(cutAt(text, cuts));
      for (const ends of [/\r\n/, /\n/, /\r\n|\r|\n/, /\r\n?/]) {
        const lines = wire.split(ends);
        assert.equal(
          lines.findIndex((line) => line.trim() === '.'),
          lines.length - 2,
        );
      }
      const content: Uint8Array[] = [];
      const read = new DotReader().push(Buffer.from(wire, 'latin1'), content);
      assert.deepEqual(read, { got: 'end', consumedBytes: wire.length });
    }),
    limits,
  );
});

test('lines that need no change are handed on and not copied', () => {
  const chunk = Buffer.from('Subject: x\r\n\r\nno dots.\r\n');
  const [only, ...others] = new MultilineWriter().push(chunk);
  assert.equal(only, chunk);
  assert.deepEqual(others, []);
});

for (const line of ['.\r\n', '\n', '\r', '.\n.\r']) {
  test(`a megabyte of ${JSON.stringify(line)} is twice as long at the most, and takes no longer than others`, () => {
    const chunk = Buffer.from(line.repeat(1_048_576 / line.length));
    let quickestMs = Infinity;
    for (let turn = 0; turn < 5; turn += 1) {
      const started = process.hrtime.bigint();
      const out = Buffer.concat(new MultilineWriter().push(chunk));
      quickestMs = Math.min(quickestMs, Number(process.hrtime.bigint() - started) / 1e6);
      assert(out.length <= 2 * chunk.length + 2);
    }
    assert(quickestMs < 500, `${quickestMs} ms`);
  });
}
