import { setTimeout } from 'node:timers/promises';
import type { Clock } from '../net/clock.ts';
import type { Journal } from '../net/journal.ts';
import type { CareStore } from '../store/port.ts';
import type { RetentionLengths } from './config-store.ts';

const firstMs = 10_000;
const everyMs = 60 * 60 * 1000;
/** Between two pieces of the work the store is others' for at least so long, and nine times as long as the piece took. */
const leastRestMs = 250;
const restShare = 9;

export type TidyingParts = {
  readonly store: Pick<CareStore, 'tidy'>;
  readonly retention: RetentionLengths;
  readonly clock: Clock;
  readonly journal: Journal;
  /** Resolves after so long, or rejects when the signal comes before. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
};

/**
 * Lets go of what has been gone for long enough, soon after the start and then every hour: a piece at a time, with rests,
 * so that letters never wait for it. What fails is logged and tried again an hour later. `stop` waits for the piece that
 * is under way.
 */
export function tidyInBackground(parts: TidyingParts): { readonly stop: () => Promise<void> } {
  const stopping = new AbortController();
  const { pause = sleep } = parts;
  const rested = async (ms: number): Promise<boolean> => {
    try {
      await pause(ms, stopping.signal);
      return !stopping.signal.aborted;
    } catch (cause) {
      if (stopping.signal.aborted) return false;
      throw cause;
    }
  };
  const run = async (): Promise<void> => {
    let restMs = firstMs;
    while (await rested(restMs)) restMs = await tidyOnce(parts);
  };
  const ended = run();
  return {
    stop: async () => {
      stopping.abort();
      await ended;
    },
  };
}

const sleep = async (ms: number, signal: AbortSignal): Promise<void> =>
  setTimeout(ms, undefined, { signal, ref: false });

/** One piece of the work; gives how long to rest after it. */
async function tidyOnce({ store, retention, clock, journal }: TidyingParts): Promise<number> {
  const began = clock.monotonic();
  try {
    const { letters, tombstones, more } = await store.tidy({ now: clock.now(), ...retention });
    if (letters + tombstones > 0) journal.info('store.tidied', { letters, tombstones });
    return more ? Math.max(leastRestMs, restShare * (clock.monotonic() - began)) : everyMs;
  } catch (error) {
    journal.error('store.not-tidied', { error });
    return everyMs;
  }
}
