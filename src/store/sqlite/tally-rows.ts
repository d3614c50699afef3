import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { TallyEvent } from '../port.ts';
import { MAX_TALLIES, MOST_SKEW_MS } from '../rules.ts';
import { firstRow, integer } from './column.ts';

const COUNT_EVENT = `INSERT INTO tally (key, count, last_at) VALUES (?1, ?2, ?3)
  ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN excluded.last_at - last_at > ?4 OR last_at - excluded.last_at > max(?4, ${MOST_SKEW_MS})
      THEN excluded.count ELSE count + excluded.count END,
    last_at = CASE WHEN last_at - excluded.last_at > ${MOST_SKEW_MS} THEN excluded.last_at
      ELSE max(last_at, excluded.last_at) END`;
const COUNT_ROWS = 'SELECT count(*) FROM tally';
const FORGET_QUIETEST = `DELETE FROM tally WHERE key IN
  (SELECT key FROM tally ORDER BY last_at LIMIT ?)`;
const FORGET = 'DELETE FROM tally WHERE key = ?';

/** The tallies, never more than `MAX_TALLIES`. */
export class TallyRows {
  readonly #countEvent: StatementSync;
  readonly #countRows: StatementSync;
  readonly #forgetQuietest: StatementSync;
  readonly #forget: StatementSync;
  /** At least as many rows as there are; null where that must be counted first. */
  #atMost: number | null = null;

  constructor(db: DatabaseSync) {
    this.#countEvent = db.prepare(COUNT_EVENT);
    this.#countRows = db.prepare(COUNT_ROWS, { returnArrays: true });
    this.#forgetQuietest = db.prepare(FORGET_QUIETEST);
    this.#forget = db.prepare(FORGET);
  }

  /** Counts the events, then forgets the quietest tallies above the bound. */
  count(events: readonly TallyEvent[]): null {
    this.#atMost ??= integer(firstRow(this.#countRows)?.[0]);
    for (const { key, at, quietMs, times = 1 } of events) this.#countEvent.run(key, times, at, quietMs);
    this.#atMost += events.length;
    if (this.#atMost <= MAX_TALLIES) return null;
    this.#atMost = integer(firstRow(this.#countRows)?.[0]);
    if (this.#atMost <= MAX_TALLIES) return null;
    this.#forgetQuietest.run(this.#atMost - MAX_TALLIES);
    this.#atMost = MAX_TALLIES;
    return null;
  }

  forget(keys: readonly string[]): null {
    for (const key of keys) this.#forget.run(key);
    return null;
  }

  /** Counts anew from now on: after a rollback, and when another process has written. */
  recount(): void {
    this.#atMost = null;
  }
}
