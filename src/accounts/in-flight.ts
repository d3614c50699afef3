import type { Tally } from '../store/port.ts';

type Entry = {
  /** Attempts under way, each a failure until it is proven to be none. */
  pending: number;
  /** Failures since somebody began to read the tallies of this key: their row may be missing in what is read. */
  settled: number;
  readers: number;
  lastAt: number;
};

/** More keys than this are not remembered: the ones that began longest ago go, as where no failure can be counted. */
const mostKeys = 20_000;

/**
 * The attempts that the tallies do not show yet, by tally key. It makes guessing in parallel no better than guessing
 * in turn: what is judged is the tallies and the attempts under way together, and being judged and being under way is
 * one step. A failure between the reading and the judging may count twice, never not at all.
 */
export class AttemptsInFlight {
  readonly #entries = new Map<string, Entry>();

  /** To be called before the tallies of these keys are read; gives what has to be known to add to them. */
  beginReading(keys: readonly string[]): Reading {
    const settledBefore = new Map<string, number>();
    for (const key of keys) {
      const entry = this.#entry(key);
      entry.readers += 1;
      settledBefore.set(key, entry.settled);
    }
    return { settledBefore };
  }

  /** What was read, with the attempts under way added. */
  addTo(tallies: readonly Tally[], { settledBefore }: Reading): readonly Tally[] {
    const byKey = new Map(tallies.map((tally) => [tally.key, tally]));
    for (const [key, before] of settledBefore) {
      const entry = this.#entry(key);
      const unseen = entry.pending + entry.settled - before;
      if (unseen === 0) continue;
      const seen = byKey.get(key);
      const lastAt = Math.max(entry.lastAt, seen?.lastAt ?? entry.lastAt);
      byKey.set(key, { key, count: (seen?.count ?? 0) + unseen, lastAt });
    }
    return [...byKey.values()];
  }

  /** To be called once for each `beginReading`, when its judgement is made or given up. */
  endReading({ settledBefore }: Reading): void {
    for (const key of settledBefore.keys()) {
      this.#entry(key).readers -= 1;
      this.#tidy(key);
    }
  }

  /** An attempt begins, or so many at once. */
  begin(keys: Iterable<string>, now: number, times = 1): void {
    for (const key of keys) {
      const entry = this.#entry(key);
      entry.pending += times;
      entry.lastAt = now;
    }
    this.#forgetOldest();
  }

  /** The attempt is over, or so many are; `counted` where its failure is in the tallies by now. */
  end(keys: Iterable<string>, outcome: 'counted' | 'harmless', times = 1): void {
    for (const key of keys) {
      const entry = this.#entry(key);
      entry.pending = Math.max(0, entry.pending - times);
      if (outcome === 'counted') entry.settled += times;
      this.#tidy(key);
    }
  }

  /** How many keys are remembered. */
  get size(): number {
    return this.#entries.size;
  }

  #entry(key: string): Entry {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { pending: 0, settled: 0, readers: 0, lastAt: 0 };
      this.#entries.set(key, entry);
    }
    return entry;
  }

  #forgetOldest(): void {
    for (const [key, { readers }] of this.#entries) {
      if (this.#entries.size <= mostKeys) return;
      if (readers === 0) this.#entries.delete(key);
    }
  }

  #tidy(key: string): void {
    const entry = this.#entries.get(key);
    if (entry?.pending === 0 && entry.readers === 0) this.#entries.delete(key);
  }
}

/** One reading of tallies that is under way. */
export type Reading = { readonly settledBefore: ReadonlyMap<string, number> };
