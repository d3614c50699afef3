import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { firstOfThreads, pageOf } from './search-order.ts';

const numbers = fc.array(fc.nat(5), { maxLength: 300, size: 'max' });
const slope = fc.constantFrom('up', 'down', 'any');

test('a page is the same piece of what is sorted, however much is before it and however it came', () => {
  fc.assert(
    fc.property(numbers, slope, fc.nat(60), fc.nat(60), (drawn, sorted, from, count) => {
      const keys = sorted === 'any' ? drawn : drawn.sort((one, other) => one - other);
      if (sorted === 'down') keys.reverse();
      const rows = Uint32Array.from(keys.keys());
      const order = (one: number, other: number): number =>
        (keys[one] ?? 0) - (keys[other] ?? 0) || one - other;
      const whole = [...rows].sort(order);
      assert.deepEqual([...pageOf(rows, order, from, from + count)], whole.slice(from, from + count));
    }),
    { interruptAfterTimeLimit: 2000, numRuns: 3000 },
  );
});

test('of each thread there is the row that stands first', () => {
  const thread = Float64Array.of(7, 7, 8, 7, 8);
  const rows = Uint32Array.of(0, 1, 2, 3, 4);
  assert.deepEqual([...firstOfThreads(rows, thread, (one, other) => one - other)], [0, 2]);
  assert.deepEqual([...firstOfThreads(rows, thread, (one, other) => other - one)], [3, 4]);
});
