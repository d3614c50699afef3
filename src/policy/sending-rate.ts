import { AttemptsInFlight, type Reading } from '../accounts/in-flight.ts';
import { ok, refused, whenThere, type Eventually, type Result } from '../result.ts';
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
  /** The tally of that window. */
  readonly key: string;
  /** That of the window before. */
  readonly keyBefore: string;
};

/** What a window held when it was read, and whether it was over by then. */
type Seen = { readonly count: number; readonly isLast: boolean };

const hourMs = 60 * 60 * 1000;

/** Of so many windows the last known count is remembered; the ones that were seen longest ago go. */
const mostSeen = 20_000;

/** Somebody may still write into a window that ended so short a time ago. */
const settlingMs = 60_000;

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
  /** What windows held when they were last read. Within a window counts only grow. */
  readonly #seen = new Map<string, Seen>();

  /** `now` in milliseconds since 1970. */
  constructor(rate: SendingRate, store: Pick<Store, 'tallies'>, now: () => number) {
    this.#rate = rate;
    this.#store = store;
    this.#now = now;
  }

  /**
   * Why the account may not send so much more now; null where it may, by all that is known here. Whether it does send is
   * for `admit` to say, which reads anew. Rejects for faults only.
   */
  judge(account: string, sending: Sending): Eventually<RateRefusal | null> {
    const now = this.#now();
    const bounds = boundsOf(this.#rate, sending, account, now);
    if (bounds.length === 0) return null;
    const isSeen = (bound: Bound): boolean =>
      this.#seen.has(windowOf(bound)) && this.#seen.has(windowBefore(bound));
    const read = bounds.every(isSeen) ? null : this.#read(bounds);
    return whenThere(read, () => this.#judged(bounds, sending, now));
  }

  /** By what was last read of these bounds. */
  #judged(bounds: readonly Bound[], sending: Sending, now: number): RateRefusal | null {
    const reading = this.#inFlight.beginReading(bounds.map(({ key }) => key));
    const counts = new Map(
      bounds
        .flatMap((bound) => [windowOf(bound), windowBefore(bound)])
        .map((window) => [window, this.#seen.get(window)?.count ?? 0]),
    );
    const refusal = strictest(bounds, counts, this.#unseen(reading), sending, now);
    this.#inFlight.endReading(reading);
    return refusal;
  }

  /** Lets the account send so much now, as far as it may; judging and letting are one step. Rejects for faults only. */
  async admit(account: string, sending: Sending): Promise<Result<AdmittedSending, RateRefusal>> {
    const at = this.#now();
    const bounds = boundsOf(this.#rate, sending, account, at);
    const reading = this.#inFlight.beginReading(bounds.map(({ key }) => key));
    try {
      const counts = await this.#read(bounds);
      const refusal = strictest(bounds, counts, this.#unseen(reading), sending, this.#now());
      if (refusal !== null) return refused(refusal);
      for (const { key, what } of bounds) this.#inFlight.begin([key], at, sending[what]);
    } finally {
      this.#inFlight.endReading(reading);
    }
    const events = bounds.map(({ key, what, windowMs }) => ({
      key,
      at,
      quietMs: windowMs,
      times: sending[what],
    }));
    return ok({ events, end: (outcome) => this.#end(bounds, sending, outcome) });
  }

  /** How many tally keys have letters under way. */
  get keysUnderWay(): number {
    return this.#inFlight.size;
  }

  /** What the tallies do not show yet, by key. */
  #unseen(reading: Reading): ReadonlyMap<string, number> {
    return new Map(this.#inFlight.addTo([], reading).map(({ key, count }) => [key, count]));
  }

  #end(bounds: readonly Bound[], sending: Sending, outcome: 'counted' | 'harmless'): void {
    for (const bound of bounds) {
      const times = sending[bound.what];
      this.#inFlight.end([bound.key], outcome, times);
      const seen = this.#seen.get(windowOf(bound));
      if (outcome === 'counted' && seen !== undefined)
        this.#see(windowOf(bound), { ...seen, count: seen.count + times });
    }
  }

  /** The counts of all their windows, by window: those that have ended as they were seen, the others from the store. */
  async #read(bounds: readonly Bound[]): Promise<ReadonlyMap<string, number>> {
    const now = this.#now();
    const counts = new Map<string, number>();
    const keys: string[] = [];
    for (const bound of bounds) {
      keys.push(bound.key);
      const before = windowBefore(bound);
      const seen = this.#seen.get(before);
      if (seen?.isLast === true) counts.set(before, seen.count);
      else keys.push(bound.keyBefore);
    }
    const stored = keys.length === 0 ? [] : await this.#store.tallies(keys);
    const byKey = new Map(stored.map((tally) => [tally.key, tally]));
    for (const bound of bounds) {
      const { key, keyBefore, index } = bound;
      const read = [
        [windowOf(bound), countIn(bound, index, byKey.get(key))],
        [windowBefore(bound), countIn(bound, index - 1, byKey.get(keyBefore))],
      ] as const;
      for (const [window, count] of read) {
        if (counts.has(window)) continue;
        counts.set(window, count);
        const isOver = window !== windowOf(bound);
        this.#see(window, { count, isLast: isOver && now - index * bound.windowMs > settlingMs });
      }
    }
    return counts;
  }

  #see(window: string, seen: Seen): void {
    this.#seen.delete(window);
    this.#seen.set(window, seen);
    if (this.#seen.size <= mostSeen) return;
    const [oldest] = this.#seen.keys();
    if (oldest !== undefined) this.#seen.delete(oldest);
  }
}

/** The refusal that makes one wait longest; null where every bound has room. `counts` by window, `unseen` by tally. */
function strictest(
  bounds: readonly Bound[],
  counts: ReadonlyMap<string, number>,
  unseen: ReadonlyMap<string, number>,
  sending: Sending,
  now: number,
): RateRefusal | null {
  let found: RateRefusal | null = null;
  for (const bound of bounds) {
    const { what, per, most, windowMs, index, key } = bound;
    const used = {
      before: counts.get(windowBefore(bound)) ?? 0,
      // All but the last one of what is to be sent: it has to wait as if they were sent.
      current: (counts.get(windowOf(bound)) ?? 0) + (unseen.get(key) ?? 0) + sending[what] - 1,
      elapsedMs: Math.max(0, now - index * windowMs),
    };
    const waitSeconds = Math.ceil(waitForOne(most, windowMs, used) / 1000);
    if (waitSeconds > (found?.waitSeconds ?? 0))
      found = { why: 'sent-too-much', what, per, most, waitSeconds };
  }
  return found;
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

/** The name of the window that now is in, which no other window has. */
const windowOf = ({ key, index }: Bound): string => `${index} ${key}`;
const windowBefore = ({ keyBefore, index }: Bound): string => `${index - 1} ${keyBefore}`;

/** What a tally says of a window: nothing where it is of one long ago, or of a clock that was wrong. */
const countIn = ({ windowMs }: Bound, index: number, tally: Tally | undefined): number =>
  tally !== undefined && Math.floor(tally.lastAt / windowMs) === index ? tally.count : 0;

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
