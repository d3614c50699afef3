import assert from 'node:assert/strict';
import { test } from 'node:test';
import { everythingOfTheClient, missing } from './everything.ts';
import { fuzz } from './engines.ts';

test('a million servers leave the SMTP client in its right mind, without a throw, and come everywhere', () => {
  const seed = Number(process.hrtime.bigint() % 1_000_000_000n);
  const { reached, report } = fuzz('client', { inputs: 1_000_000, seed });
  console.log(report);
  assert.deepEqual(missing(everythingOfTheClient, reached), [], 'not come to');
});
