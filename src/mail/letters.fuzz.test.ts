import { test } from 'node:test';
import { fuzzLetters } from '../../test/fuzz/letters.ts';

test('two thousand letters that nobody should send are read, whole and in pieces', async () => {
  await fuzzLetters({ inputs: 2000, seed: 1 });
});
