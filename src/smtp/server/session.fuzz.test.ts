import { test } from 'node:test';
import fc from 'fast-check';
import { fuzz, playInAllCuts } from '../../../test/fuzz/smtp.ts';

test('twenty thousand inputs leave the engine in a legal stage, without a throw', () => {
  fuzz({ inputs: 20_000, seed: 1 });
});

test('any split of the bytes does the same', () => {
  fc.assert(fc.property(fc.integer(), playInAllCuts), { numRuns: 20_000, interruptAfterTimeLimit: 2000 });
});
