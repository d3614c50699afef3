import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { withSite } from '../../support/server.ts';
import { SeededRandom } from '../../support/random.ts';
import { roundsOf } from '../rounds.ts';
import { House } from './house.ts';

/** How often somebody is killed, and what the choices of a run are made from. */
const rounds = roundsOf({ all: 1, short: 12 });
const seed = Number(process.env['LETTERLOCK_SEED'] ?? randomInt(2 ** 31));
/** So long a data folder is kept, so that damage could gather in it. */
const ROUNDS_OF_A_FOLDER = 250;

/** Nobody is ever kept from sending. */
const toml = `threads = 1
log.level = "warn"
listen.lmtp = { enabled = true, port = 0 }
limits.connections_per_minute = 0
submission = { letters_per_hour = 1_000_000_000, letters_per_day = 1_000_000_000, recipients_per_hour = 1_000_000_000, recipients_per_day = 1_000_000_000 }`;

test(`${rounds} times kill -9 while servers and others write into one folder: all that was answered is there, once, and nothing half`, async () => {
  console.log(`kill -9, mixed: seed ${seed} (LETTERLOCK_SEED repeats its choices)`);
  const random = new SeededRandom(seed);
  for (let left = rounds; left > 0; left -= ROUNDS_OF_A_FOLDER)
    await withSite(toml, async (site) => {
      // A process that finds its program compiled is there in half the time.
      process.env['NODE_COMPILE_CACHE'] = `${site.folder}/compiled`;
      const house = await House.make(site, random);
      try {
        await house.play(Math.min(left, ROUNDS_OF_A_FOLDER));
      } finally {
        await house.close();
      }
      console.log(house.summary());
    });
});
