import { test } from 'node:test';
import { fuzzLetters } from './letters.ts';

test('a hundred thousand letters that nobody should send are read, whole and in pieces', async (context) => {
  const seed = Number(process.hrtime.bigint() % 1_000_000_000n);
  context.diagnostic(`seed ${seed}`);
  await fuzzLetters({ inputs: 100_000, seed });
});
