import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cuts, texts } from '../../../test/fuzz/arbitrary.ts';
import { clientInput, playClientInCuts } from '../../../test/fuzz/client.ts';
import { challenges, hostile, keywords } from '../../../test/fuzz/client-words.ts';
import { everythingOfTheClient, missing } from '../../../test/fuzz/everything.ts';
import { Reached } from '../../../test/fuzz/reached.ts';
import { fuzz } from '../../../test/fuzz/engines.ts';

test('ten thousand servers leave the client in its right mind, without a throw, and come everywhere', () => {
  const { reached } = fuzz('client', { inputs: 10_000, seed: 1 });
  const kinds = ['actions', 'parameters', 'mechanisms', 'unsent', 'broken'];
  assert.deepEqual(missing(everythingOfTheClient, reached, kinds), []);
});

const codes = ['220', '221', '235', '250', '334', '354', '421', '450', '535', '550'];
const replies = [
  ...codes.map((code) => `${code} 2.0.0 OK\r\n`),
  ...keywords.map((keyword) => `250-mail.example\r\n250-PIPELINING\r\n250 ${keyword}\r\n`),
  ...challenges.map((challenge) => `334 ${challenge}\r\n`),
];

test('any split of any answers does the same', () => {
  const reached = new Reached();
  const one = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...replies).map((reply) => Buffer.from(reply, 'latin1')) },
    texts([...hostile, ...replies]),
  );
  const answers = fc
    .array(one, { maxLength: 12 })
    .map((rest) => [Buffer.from('220 mail.example\r\n'), ...rest]);
  fc.assert(
    fc.property(fc.integer(), answers, cuts, (seed, given, cut) =>
      playClientInCuts(clientInput(seed, given), [cut], reached),
    ),
    { numRuns: 10_000, interruptAfterTimeLimit: 1000 },
  );
});

test('any split of a dialogue that comes far does the same', () => {
  const reached = new Reached();
  fc.assert(
    fc.property(fc.integer(), cuts, (seed, cut) => playClientInCuts(clientInput(seed), [cut], reached)),
    { numRuns: 10_000, interruptAfterTimeLimit: 1000 },
  );
});
