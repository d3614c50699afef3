import { AttemptsInFlight } from '../accounts/in-flight.ts';
import { ok, refused, type Result } from '../result.ts';
import type { RateRefusal } from '../smtp/session.ts';
import type { Store, Tally, TallyEvent } from '../store/port.ts';

/** How many in any hour and in any day; 0 is any number. */
export type Allowance = { readonly perHour: number; readonly perDay: number };

/** How much an account may send. */
export type SendingRate = {
  readonly letters: Allowance;
  /** Forward paths, not the mailboxes that an alias leads to. */
  readonly recipients: Allowance;
};

export const defaultSendingRate: SendingRate = {
  // More than a person writes, enough for the programs of a small organisation; a stolen password is no mail cannon.
  letters: { perHour: 300, perDay: 2000 },
  // A letter to everybody may have 1,000 recipients (`limits.recipients`).
  recipients: { perHour: 3000, perDay: 10_000 },
};

/** What somebody is about to send. */
export type Sending = { readonly letters: number; readonly recipients: number };

/** A letter that may be sent: count its events with it, and say how that ended, once. */
export type AdmittedSending = {
  readonly events: readonly TallyEvent[];
  readonly end: (outcome: 'counted' | 'harmless') => void;
};

/** One of the bounds of an account, with the tallies that it is judged by. */
type Bound = Pick<RateRefusal, 'what' | 'per' | 'most'> & {
  readonly windowMs: number;
  /** The window that now is in, counted since 1970. */
  readonly index: number;
  readonly key: string;
  /** That of the window before. */
  readonly keyBefore: string;
};

const hourMs = 60 * 60 * 1000;

/**
 * Keeps accounts to their rates. Letters and recipients are counted by hour and day in the store's tallies, so that a
 * restart and other threads and processes forget nothing; what is under way in this thread counts at once.
 *
 * A window that slides would need the time of every letter. Two windows that stand are enough: of the one before, the
 * share counts that the sliding one still covers. A tally counts every other window: the one between is longer than its
 * `quietMs`, so it starts again by itself.
 */
export class SendingRates {
  readonly #rate: SendingRate;
  readonly #store: Pick<Store, 'tallies'>;
  readonly #now: () => number;
  readonly #inFlight = new AttemptsInFlight();

  /** `now` in milliseconds since 1970. */
  constructor(rate: SendingRate, store: Pick<Store, 'tallies'>, now: () => number) {
    this.#rate = rate;
    this.#store = store;
    this.#now = now;
  }

  /** Why the account may not send so much more now; null where it may. Rejects for faults only. */
  async judge(account: string, sending: Sending): Promise<RateRefusal | null> {
    return this.#judge(boundsOf(this.#rate, sending, account, this.#now()), sending, () => undefined);
  }

  /** Lets the account send so much now, as far as it may; judging and letting are one step. Rejects for faults only. */
  async admit(account: string, sending: Sending): Promise<Result<AdmittedSending, RateRefusal>> {
    const at = this.#now();
    const bounds = boundsOf(this.#rate, sending, account, at);
    const refusal = await this.#judge(bounds, sending, () => {
      for (const { key, what } of bounds) this.#inFlight.begin([key], at, sending[what]);
    });
    if (refusal !== null) return refused(refusal);
    const events = bounds.map(({ key, what, windowMs }) => ({
      key,
      at,
      quietMs: windowMs,
      times: sending[what],
    }));
    const end = (outcome: 'counted' | 'harmless'): void => {
      for (const { key, what } of bounds) this.#inFlight.end([key], outcome, sending[what]);
    };
    return ok({ events, end });
  }

  /** How many tally keys have letters under way. */
  get keysUnderWay(): number {
    return this.#inFlight.size;
  }

  async #judge(
    bounds: readonly Bound[],
    sending: Sending,
    admitted: () => void,
  ): Promise<RateRefusal | null> {
    if (bounds.length === 0) return null;
    const reading = this.#inFlight.beginReading(bounds.map(({ key }) => key));
    try {
      const stored = await this.#store.tallies(bounds.flatMap(({ key, keyBefore }) => [key, keyBefore]));
      const now = this.#now();
      const fresh = stored.filter((tally) => bounds.some((bound) => isOfWindow(bound, tally)));
      const counts = new Map(this.#inFlight.addTo(fresh, reading).map(({ key, count }) => [key, count]));
      const refusal = strictest(bounds, counts, sending, now);
      if (refusal === null) admitted();
      return refusal;
    } finally {
      this.#inFlight.endReading(reading);
    }
  }
}

/** The bounds that there are for what an account is about to send at a time. */
function boundsOf(rate: SendingRate, sending: Sending, account: string, now: number): readonly Bound[] {
  const bounds: Bound[] = [];
  for (const what of ['letters', 'recipients'] as const) {
    if (sending[what] === 0) continue;
    for (const [per, most, windowMs] of [
      ['hour', rate[what].perHour, hourMs],
      ['day', rate[what].perDay, 24 * hourMs],
    ] as const) {
      if (most === 0) continue;
      const index = Math.floor(now / windowMs);
      const keyOf = (window: number): string => `sent:${what}:${per}:${window % 2}:${account}`;
      bounds.push({ what, per, most, windowMs, index, key: keyOf(index), keyBefore: keyOf(index - 1) });
    }
  }
  return bounds;
}

/** Whether a tally is of the window that its key is read for, and not of one long ago, or of a clock that was wrong. */
const isOfWindow = ({ key, keyBefore, windowMs, index }: Bound, tally: Tally): boolean =>
  (tally.key === key && Math.floor(tally.lastAt / windowMs) === index) ||
  (tally.key === keyBefore && Math.floor(tally.lastAt / windowMs) === index - 1);

/** The refusal that makes one wait longest; null where every bound has room. */
function strictest(
  bounds: readonly Bound[],
  counts: ReadonlyMap<string, number>,
  sending: Sending,
  now: number,
): RateRefusal | null {
  let found: RateRefusal | null = null;
  for (const bound of bounds) {
    const { what, per, most, windowMs, index } = bound;
    const used = {
      before: counts.get(bound.keyBefore) ?? 0,
      // All but the last one of what is to be sent: it has to wait as if they were sent.
      current: (counts.get(bound.key) ?? 0) + sending[what] - 1,
      elapsedMs: Math.max(0, now - index * windowMs),
    };
    const waitSeconds = Math.ceil(waitForOne(most, windowMs, used) / 1000);
    if (waitSeconds > (found?.waitSeconds ?? 0))
      found = { why: 'sent-too-much', what, per, most, waitSeconds };
  }
  return found;
}

/** What was counted in two windows that stand, and how far the second has come. */
export type Used = { readonly before: number; readonly current: number; readonly elapsedMs: number };

/**
 * How long until one more fits, milliseconds; 0 where it fits. What counts is the current window and the share of the one
 * before that the sliding window still covers.
 */
export function waitForOne(most: number, windowMs: number, { before, current, elapsedMs }: Used): number {
  const room = most - 1 - current;
  if (room >= 0) return Math.max(0, fadingMs(before, room, windowMs) - elapsedMs);
  // The current window is full by itself: the next one has to come, and this one to fade in it.
  return windowMs - elapsedMs + fadingMs(current, most - 1, windowMs);
}

/** How far a window must have come until of `before` no more counts than `room`. */
const fadingMs = (before: number, room: number, windowMs: number): number =>
  before <= room ? 0 : ((before - room) * windowMs) / before;
