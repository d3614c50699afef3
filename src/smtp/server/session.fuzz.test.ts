import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cuts, texts } from '../../../test/fuzz/arbitrary.ts';
import { everythingOfTheServer, missing } from '../../../test/fuzz/everything.ts';
import { Reached } from '../../../test/fuzz/reached.ts';
import { playServerInCuts, serverInput } from '../../../test/fuzz/server.ts';
import { commands, content, hostile, logins, responses } from '../../../test/fuzz/server-words.ts';
import { fuzz } from '../../../test/fuzz/engines.ts';

test('ten thousand clients leave the engine in a legal stage, without a throw, and come to every stage', () => {
  const { reached } = fuzz('server', { inputs: 10_000, seed: 1 });
  const kinds = ['stages', 'actions', 'verdicts', 'mechanisms', 'foreign protocols', 'letters'];
  assert.deepEqual(missing(everythingOfTheServer, reached, kinds), []);
});

test('any split of any dialogue does the same', () => {
  const reached = new Reached();
  const hello = 'EHLO client.example\r\n';
  const words = [hello, hello, ...commands, ...logins, ...responses, ...hostile, ...content];
  const flights = fc.array(texts(words), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.integer(), flights, cuts, (seed, given, cut) =>
      playServerInCuts(serverInput(seed, given), [cut], reached),
    ),
    { numRuns: 10_000, interruptAfterTimeLimit: 1000 },
  );
});

test('any split of a dialogue that comes far does the same', () => {
  const reached = new Reached();
  fc.assert(
    fc.property(fc.integer(), cuts, (seed, cut) => playServerInCuts(serverInput(seed), [cut], reached)),
    { numRuns: 10_000, interruptAfterTimeLimit: 1000 },
  );
});
