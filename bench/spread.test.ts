import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFigure, formatSpread, spreadOf } from './spread.ts';

test('the median of an odd and an even number of values, and what lies around it', () => {
  assert.deepEqual(spreadOf([3, 1, 2]), { median: 2, least: 1, most: 3 });
  assert.deepEqual(spreadOf([4, 1, 2, 3]), { median: 2.5, least: 1, most: 4 });
  assert.deepEqual(spreadOf([7]), { median: 7, least: 7, most: 7 });
});

test('figures have three digits, and all of those before the point', () => {
  assert.deepEqual([0.12345, 12.345, 1234.5, 0].map(formatFigure), ['0.123', '12.3', '1,235', '0']);
  assert.equal(formatSpread(spreadOf([1200, 1234, 1300])), '1,234 (1,200–1,300)');
  assert.equal(formatSpread(spreadOf([5, 5])), '5');
});
