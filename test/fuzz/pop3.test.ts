import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzz } from './engines.ts';
import { missing } from './everything.ts';
import { everythingOfPop3 } from './pop3.ts';

test('a million clients leave the POP3 server in a legal stage, without a throw, and come everywhere', () => {
  const seed = Number(process.hrtime.bigint() % 1_000_000_000n);
  const { reached, report } = fuzz('pop3', { inputs: 1_000_000, seed });
  console.log(report);
  assert.deepEqual(missing(everythingOfPop3, reached), [], 'not come to');
});
