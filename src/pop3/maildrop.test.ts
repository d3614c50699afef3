import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MarkedMaildrop, type Maildrop } from './maildrop.ts';

const maildropOf = (sizes: readonly number[]): Maildrop => ({
  count: sizes.length,
  sizeBytes: (number) => sizes[number - 1] ?? Number.NaN,
  uniqueId: (number) => `id-${number}`,
});

test('after any marks and resets the counts are those of the letters that are not marked', () => {
  const move = fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: -1, max: 22 }) },
    fc.constant('reset' as const),
  );
  fc.assert(
    fc.property(
      fc.array(fc.nat(2 ** 40), { maxLength: 20 }),
      fc.array(move, { maxLength: 60 }),
      (sizes, moves) => {
        const maildrop = new MarkedMaildrop(maildropOf(sizes));
        const marked = new Set<number>();
        for (const one of moves) {
          if (one === 'reset') {
            maildrop.reset();
            marked.clear();
          } else if (maildrop.look(one) === 'there') {
            maildrop.mark(one);
            marked.add(one);
          } else assert.equal(maildrop.look(one), marked.has(one) ? 'marked' : 'none');
          const left = sizes.filter((_, index) => !marked.has(index + 1));
          assert.equal(maildrop.leftCount, left.length);
          assert.equal(
            maildrop.leftBytes,
            left.reduce((sum, size) => sum + size, 0),
          );
          assert.deepEqual(
            maildrop.marked(),
            [...marked].sort((a, b) => a - b),
          );
        }
      },
    ),
    { numRuns: 2000, interruptAfterTimeLimit: 1500 },
  );
});
