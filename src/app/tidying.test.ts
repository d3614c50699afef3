import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stoppedClock } from '../net/clock.ts';
import type { Retention, Tidied } from '../store/port.ts';
import { tidyInBackground } from './tidying.ts';

const t0 = Date.UTC(2026, 0, 2);

/** The work with a store that answers in order, and rests that end when the test says so. */
function start(answers: (Tidied | Error)[]) {
  const clock = stoppedClock(t0);
  const asked: Retention[] = [];
  const told: string[] = [];
  const rests: number[] = [];
  let wake = (): void => {};
  let rested = Promise.withResolvers<undefined>();
  const note = (event: string): void => void told.push(event);
  const work = tidyInBackground({
    store: {
      tidy: async (retention) => {
        asked.push(retention);
        clock.advance(100);
        const answer = answers.shift();
        if (answer === undefined || answer instanceof Error) throw answer ?? new Error('asked too often');
        return answer;
      },
    },
    retention: { removedMs: 1000, tombstonesMs: 2000 },
    clock,
    journal: { debug: note, info: note, warn: note, error: note },
    pause: (ms, signal) =>
      new Promise((resolve, reject) => {
        rests.push(ms);
        wake = resolve;
        signal.addEventListener('abort', () => reject(new Error('stopped')));
        rested.resolve(undefined);
      }),
  });
  const next = async (): Promise<void> => {
    rested = Promise.withResolvers<undefined>();
    wake();
    await rested.promise;
  };
  return { work, asked, told, rests, next };
}

test('what is gone is let go of in pieces with rests, every hour, also after a failure', async () => {
  const { work, asked, told, rests, next } = start([
    { letters: 500, tombstones: 0, more: true },
    { letters: 3, tombstones: 9, more: false },
    new Error('the disk is full'),
    { letters: 0, tombstones: 0, more: false },
  ]);
  for (let turn = 0; turn < 4; turn++) await next();
  await work.stop();
  assert.deepEqual(rests, [10_000, 900, 3_600_000, 3_600_000, 3_600_000]);
  assert.deepEqual(asked[1], { now: t0 + 100, removedMs: 1000, tombstonesMs: 2000 });
  assert.deepEqual(told, ['store.tidied', 'store.tidied', 'store.not-tidied']);
});

test('it stops in the middle of a rest', async () => {
  const { work, asked } = start([]);
  await work.stop();
  assert.deepEqual(asked, []);
});
