import assert from 'node:assert/strict';
import { test } from 'node:test';
import { everythingOfTheServer, missing } from './everything.ts';
import { fuzz } from './engines.ts';

test('a million clients leave the SMTP server in a legal stage, without a throw, and come everywhere', () => {
  const seed = Number(process.hrtime.bigint() % 1_000_000_000n);
  const { reached, report } = fuzz('server', { inputs: 1_000_000, seed });
  console.log(report);
  assert.deepEqual(missing(everythingOfTheServer, reached), [], 'not come to');
});
