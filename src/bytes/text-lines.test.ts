import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TextLines } from './text-lines.ts';

/** Up to where the text is right; its whole length where it may end there, null where it may not. */
function rightTo(pieces: readonly Buffer[]): number | null {
  const lines = new TextLines();
  let before = 0;
  for (const piece of pieces) {
    const right = lines.push(piece);
    if (right !== null) return before + right;
    before += piece.length;
  }
  return lines.mayEnd ? before : null;
}

/** The slow and obvious way. */
function plainly(text: string): number | null {
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '\n') return at;
    if (text[at] !== '\r') continue;
    if (at + 1 === text.length) return null;
    if (text[at + 1] !== '\n') return at + 1;
    at += 1;
  }
  return text.length;
}

const rows: readonly (readonly [string, number | null])[] = [
  ['', 0],
  ['a', 1],
  ['\r\n', 2],
  ['a\r\n\r\nb', 6],
  ['\n', 0],
  ['\r', null],
  ['a\r\n\n', 3],
  ['a\r\r\n', 2],
  ['a\rb\n', 2],
];
for (const [text, expected] of rows)
  test(`${JSON.stringify(text)} is right up to ${expected}`, () =>
    assert.equal(rightTo([Buffer.from(text)]), expected));

test('any split of any bytes gives what the obvious reading gives', () => {
  const texts = fc.array(fc.constantFrom('a', '.', '\r\n', '\r\n', '\r', '\n', '\u00ff'), { maxLength: 24 });
  fc.assert(
    fc.property(texts, fc.array(fc.nat(60), { maxLength: 6 }), (parts, cuts) => {
      const all = parts.join('');
      const places = [0, ...cuts.map((cut) => cut % (all.length + 1)).sort((a, b) => a - b), all.length];
      const pieces = places
        .slice(1)
        .map((end, index) => Buffer.from(all.slice(places[index], end), 'latin1'));
      assert.equal(rightTo(pieces), plainly(all));
      assert.equal(rightTo(Array.from(all, (octet) => Buffer.from(octet, 'latin1'))), plainly(all));
    }),
    { numRuns: 10_000, interruptAfterTimeLimit: 1500 },
  );
});
