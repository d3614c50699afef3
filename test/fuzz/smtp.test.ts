import { test } from 'node:test';
import { fuzz } from './smtp.ts';

test('a million inputs leave the SMTP engine in a legal stage, without a throw', (context) => {
  const seed = Number(process.hrtime.bigint() % 1_000_000_000n);
  context.diagnostic(`seed ${seed}`);
  fuzz({ inputs: 1_000_000, seed });
});
