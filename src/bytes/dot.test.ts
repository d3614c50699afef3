import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DotReader } from './dot-reader.ts';
import { DotWriter } from './dot-writer.ts';

const limits = { numRuns: 10_000, interruptAfterTimeLimit: 1500 };

/** How reading ended, the content up to there, and the bytes behind the end. */
type Seen = {
  readonly got: 'more' | 'end' | 'bare-cr' | 'bare-lf';
  readonly content: string;
  readonly rest: string;
};

function seen(pieces: readonly Buffer[]): Seen {
  const reader = new DotReader();
  const content: Uint8Array[] = [];
  for (const [index, piece] of pieces.entries()) {
    const read = reader.push(piece, content);
    if (read.got === 'more') continue;
    const rest =
      read.got === 'end'
        ? Buffer.concat([piece.subarray(read.consumedBytes), ...pieces.slice(index + 1)])
        : Buffer.alloc(0);
    return { got: read.got, content: text(content), rest: text([rest]) };
  }
  return { got: 'more', content: text(content), rest: '' };
}

const text = (chunks: readonly Uint8Array[]): string => Buffer.concat(chunks).toString('latin1');

/** The same with lines and plain sentences (RFC 5321 section 4.5.2): the slow and obvious way. */
function plainly(all: string): Seen {
  let content = '';
  let from = 0;
  for (;;) {
    const cr = all.indexOf('\r', from);
    const lf = all.indexOf('\n', from);
    const stop = Math.min(cr < 0 ? all.length : cr, lf < 0 ? all.length : lf);
    const line = all.slice(from, stop);
    const unstuffed = line.startsWith('.') ? line.slice(1) : line;
    if (stop === all.length) return { got: 'more', content: content + unstuffed, rest: '' };
    if (stop === lf) return { got: 'bare-lf', content: content + unstuffed, rest: '' };
    const isEnd = line === '.';
    // The CR that may end a line is given out at once, unless the line may be the end.
    const withCr = isEnd ? '' : `${unstuffed}\r`;
    if (stop + 1 === all.length) return { got: 'more', content: content + withCr, rest: '' };
    if (all[stop + 1] !== '\n') return { got: 'bare-cr', content: content + withCr, rest: '' };
    if (isEnd) return { got: 'end', content, rest: all.slice(stop + 2) };
    content += `${withCr}\n`;
    from = stop + 2;
  }
}

function cutAt(all: string, places: readonly number[]): Buffer[] {
  const sorted = [0, ...places.map((place) => place % (all.length + 1)).sort((a, b) => a - b), all.length];
  return sorted.slice(1).map((end, index) => Buffer.from(all.slice(sorted[index], end), 'latin1'));
}

const places = fc.array(fc.nat(500), { maxLength: 12 });
const hostile = fc
  .array(fc.constantFrom('a', 'bc', '.', '..', '\r\n', '\r\n', '\r\n.', '\r', '\n', '\u00ff', '\r\n.\r\n'), {
    maxLength: 24,
  })
  .map((parts) => parts.join(''));
const lines = fc
  .array(
    fc.constantFrom('a', 'bc', '.', '..', '\r\n', '\r\n', '\r\n.', '\r\n.\r\n', '\u00ff', 'x'.repeat(99)),
    {
      maxLength: 24,
    },
  )
  .map((parts) => parts.join(''));

test('any split of any bytes gives what the obvious reading gives', () => {
  fc.assert(
    fc.property(hostile, places, (all, cuts) => {
      const expected = plainly(all);
      assert.deepEqual(seen(cutAt(all, cuts)), expected);
      assert.deepEqual(seen(Array.from(all, (octet) => Buffer.from(octet, 'latin1'))), expected);
    }),
    limits,
  );
});

test('what the writer wrote the reader reads, whatever the splits', () => {
  fc.assert(
    fc.property(lines, places, places, (all, cuts, otherCuts) => {
      const writer = new DotWriter();
      const written = cutAt(all, cuts).flatMap((piece) => writer.push(piece));
      const wire = text([...written, writer.end(), Buffer.from('NOOP\r\n')]);
      const whole = all === '' || all.endsWith('\r\n') ? all : `${all}\r\n`;
      assert.deepEqual(seen(cutAt(wire, otherCuts)), { got: 'end', content: whole, rest: 'NOOP\r\n' });
    }),
    limits,
  );
});

const ends: readonly (readonly [content: string, wire: string])[] = [
  ['', '.\r\n'],
  ['a', 'a\r\n.\r\n'],
  ['a\r', 'a\r\n.\r\n'],
  ['a\r\n', 'a\r\n.\r\n'],
  ['.', '..\r\n.\r\n'],
  ['.\r\n.', '..\r\n..\r\n.\r\n'],
  ['..a', '...a\r\n.\r\n'],
];
for (const [content, wire] of ends) {
  test(`${JSON.stringify(content)} is written as ${JSON.stringify(wire)}`, () => {
    const writer = new DotWriter();
    assert.equal(text([...writer.push(Buffer.from(content)), writer.end()]), wire);
  });
}

const smuggled = ['\n.\n', '\n.\r\n', '\r\n.\n', '\r.\r', '\r.\r\n', '\r\n.\r', '\r\r\n.\r\n', '\r\n.\r\r\n'];
for (const end of smuggled) {
  test(`${JSON.stringify(end)} ends no letter`, () => {
    assert.notEqual(seen([Buffer.from(`a${end}MAIL FROM:<>\r\n`)]).got, 'end');
  });
}
