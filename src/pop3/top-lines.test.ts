import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TopLines } from './top-lines.ts';

const limits = { numRuns: 10_000, interruptAfterTimeLimit: 1500 };

const taken = (pieces: readonly Buffer[], bodyLines: number): { text: string; isDone: boolean } => {
  const lines = new TopLines(bodyLines);
  const text = Buffer.concat(pieces.map((piece) => lines.take(piece))).toString('latin1');
  return { text, isDone: lines.isDone };
};

/** The same the slow and obvious way. */
function plainly(all: string, bodyLines: number): { text: string; isDone: boolean } {
  const lines = all.split(/(?<=\r\n|\r(?!\n)|(?<!\r)\n)/);
  const header = lines.findIndex((line) => /^[\r\n]+$/.test(line));
  const ended = lines.filter((line) => /[\r\n]$/.test(line)).length;
  const wanted = header + 1 + bodyLines;
  return header === -1 || wanted > ended
    ? { text: all, isDone: false }
    : { text: lines.slice(0, wanted).join(''), isDone: true };
}

const part = fc.constantFrom('a', 'bc: d', '.', '\r\n', '\r\n', '\r\n\r\n', '\r', '\n', '\n\n', '\r\r');
const letter = fc.array(part, { maxLength: 24 }).map((parts) => parts.join(''));

test('any letter, however it is split, is cut behind the same line', () => {
  fc.assert(
    fc.property(letter, fc.nat(6), fc.array(fc.nat(500), { maxLength: 8 }), (all, bodyLines, places) => {
      const expected = plainly(all, bodyLines);
      assert.deepEqual(taken([Buffer.from(all, 'latin1')], bodyLines), expected);
      const cuts = [0, ...places.map((place) => place % (all.length + 1)).sort((a, b) => a - b), all.length];
      const pieces = cuts.slice(1).map((end, index) => Buffer.from(all.slice(cuts[index], end), 'latin1'));
      const octets = Array.from(all, (octet) => Buffer.from(octet, 'latin1'));
      for (const way of [pieces, octets]) {
        const { text, isDone } = taken(way, bodyLines);
        assert.equal(isDone, expected.isDone);
        // Cut behind a CR, its LF may be left to the next piece, which is not wanted any more.
        assert(text === expected.text || `${text}\n` === expected.text, JSON.stringify([text, expected]));
      }
    }),
    limits,
  );
});
