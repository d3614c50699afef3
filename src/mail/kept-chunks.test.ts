import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { keptChunks, keptPieces } from './omitted-ranges.ts';

test('property: what is kept of a letter is the same in whatever chunks it comes', () => {
  const cuts = fc.uniqueArray(fc.nat(60), { maxLength: 8 }).map((all) => [...all].sort((a, b) => a - b));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), cuts, cuts, (bytes, bounds, splits) => {
      const inside = bounds.filter((at) => at <= bytes.length);
      const ranges = [];
      for (let n = 0; n + 1 < inside.length; n += 2)
        ranges.push({ start: inside[n] ?? 0, end: inside[n + 1] ?? 0 });
      const ends = [0, ...splits.filter((at) => at <= bytes.length), bytes.length];
      const chunks = ends.slice(1).map((end, n) => bytes.subarray(ends[n], end));
      const expected = Buffer.concat(keptPieces(bytes, ranges));
      assert.deepEqual(Buffer.concat([...keptChunks(chunks, ranges)]), expected);
    }),
    { interruptAfterTimeLimit: 1000, markInterruptAsFailure: false },
  );
});
