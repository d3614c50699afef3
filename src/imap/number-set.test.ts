import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  formatNumberSet,
  isInRanges,
  NumberSetReader,
  rangesOf,
  rangesWithin,
  resolved,
  star,
  type NumberRange,
} from './number-set.ts';

const number = fc.integer({ min: 1, max: 40 });
const range = fc.record({
  from: fc.oneof(number, fc.constant(star)),
  to: fc.oneof(number, fc.constant(star)),
});
const set = fc.array(range, { maxLength: 8 });

const numbersIn = (ranges: readonly NumberRange[]): readonly number[] =>
  ranges.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, at) => from + at));

/** What a set says, number for number. */
const saysOf = (ranges: readonly NumberRange[], last: number) => (one: number) =>
  ranges.some(({ from, to }) => {
    const ends = [from, to].map((end) => (end === star ? last : end));
    return one >= Math.min(...ends) && one <= Math.max(...ends);
  });

test('a resolved set has what the set says, in order and apart', () => {
  fc.assert(
    fc.property(set, number, (ranges, last) => {
      const found = resolved(ranges, last);
      const says = saysOf(ranges, last);
      const numbers = numbersIn([{ from: 1, to: 40 }]).filter(says);
      assert.deepEqual(numbersIn(found), numbers);
      assert.deepEqual(found, rangesOf(numbers));
      const reader = new NumberSetReader(found);
      for (const one of numbersIn([{ from: 1, to: 41 }])) {
        assert.equal(isInRanges(found, one), says(one));
        assert.equal(reader.has(one), says(one));
      }
    }),
  );
});

test('of ranges there is within a set what is in both', () => {
  fc.assert(
    fc.property(set, set, (some, wanted) => {
      const ranges = resolved(some, 40);
      const says = saysOf(wanted, 4_294_967_295);
      assert.deepEqual(numbersIn(rangesWithin(ranges, wanted)), numbersIn(ranges).filter(says));
    }),
  );
});

test('a set is written as its grammar has it', () => {
  assert.equal(formatNumberSet(rangesOf([1, 2, 3, 7, 9, 10])), '1:3,7,9:10');
});
