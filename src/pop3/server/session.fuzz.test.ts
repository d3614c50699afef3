import { test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { cuts, texts } from '../../../test/fuzz/arbitrary.ts';
import { fuzz } from '../../../test/fuzz/engines.ts';
import { missing } from '../../../test/fuzz/everything.ts';
import { everythingOfPop3, playPop3InCuts, pop3Input } from '../../../test/fuzz/pop3.ts';
import { commands, hostile } from '../../../test/fuzz/pop3-words.ts';
import { Reached } from '../../../test/fuzz/reached.ts';
import { logins, responses } from '../../../test/fuzz/server-words.ts';

test('ten thousand clients leave the engine in a legal stage, without a throw, and come to every stage', () => {
  const { reached } = fuzz('pop3', { inputs: 10_000, seed: 1 });
  const kinds = ['stages', 'actions', 'verdicts', 'mechanisms', 'foreign protocols', 'commands in stages'];
  assert.deepEqual(missing(everythingOfPop3, reached, kinds), []);
});

test('any split of any dialogue does the same', () => {
  const reached = new Reached();
  const login = 'USER nu1\r\nPASS pencil\r\n';
  const words = [login, login, login, ...commands, ...logins, ...responses, ...hostile];
  const flights = fc.array(texts(words), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.integer(), flights, cuts, (seed, given, cut) =>
      playPop3InCuts(pop3Input(seed, given), [cut], reached),
    ),
    { numRuns: 10_000, interruptAfterTimeLimit: 1000 },
  );
});

test('any split of a dialogue that comes far does the same', () => {
  const reached = new Reached();
  fc.assert(
    fc.property(fc.integer(), cuts, (seed, cut) => playPop3InCuts(pop3Input(seed), [cut], reached)),
    { numRuns: 10_000, interruptAfterTimeLimit: 1000 },
  );
});
