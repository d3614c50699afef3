import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { AccountId, BlobHash, Queued, QueueId } from '../port.ts';
import { ok, refused } from '../../result.ts';
import { MOST_LEASE_AHEAD_MS } from '../rules.ts';
import type { BlobRows } from './blob-rows.ts';
import { allRows, bytes, firstRow, integer, text, type Row } from './column.ts';
import { parseOmitted } from './omitted-column.ts';
import type { WriteOf, Written } from './write.ts';

/** The columns that `queuedOfRow` reads, in its order. */
export const QUEUED_COLUMNS = `id, account, destination, state, prefix, hash, size_bytes, omitted, due_at, created_at,
  attempts, leased_until`;
const INSERT = `INSERT INTO queue_entry (account, destination, state, prefix, hash, blob, size_bytes, omitted, due_at,
  created_at, attempts, leased_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, NULL)`;
const DUE = `SELECT ${QUEUED_COLUMNS} FROM queue_entry WHERE due_at <= ?1 AND (leased_until IS NULL OR leased_until <= ?1
  OR leased_until > ?2) ORDER BY due_at, id LIMIT ?3`;
const LEASE = 'UPDATE queue_entry SET leased_until = ?, attempts = attempts + 1 WHERE id = ?';
const FIND_LEASED = 'SELECT blob FROM queue_entry WHERE id = ? AND leased_until = ?';
const PUT_BACK = 'UPDATE queue_entry SET state = ?, due_at = ?, leased_until = NULL WHERE id = ?';
const DELETE = 'DELETE FROM queue_entry WHERE id = ?';

/** A row of `QUEUED_COLUMNS`. */
export const queuedOfRow = (row: Row): Queued => ({
  id: integer(row[0]) as QueueId,
  account: row[1] === null ? null : (integer(row[1]) as AccountId),
  destination: text(row[2]),
  state: text(row[3]),
  prefix: bytes(row[4]),
  hash: Buffer.from(bytes(row[5])).toString('hex') as BlobHash,
  sizeBytes: integer(row[6]),
  omitted: row[7] === null ? [] : parseOmitted(text(row[7])),
  dueAt: integer(row[8]),
  createdAt: integer(row[9]),
  attempts: integer(row[10]),
  leasedUntil: row[11] === null ? null : integer(row[11]),
});

/** Letters on their way out, inside the writer's transaction. */
export class QueueRows {
  readonly #blobs: BlobRows;
  readonly #insert: StatementSync;
  readonly #due: StatementSync;
  readonly #lease: StatementSync;
  readonly #findLeased: StatementSync;
  readonly #putBack: StatementSync;
  readonly #delete: StatementSync;

  constructor(db: DatabaseSync, blobs: BlobRows) {
    this.#blobs = blobs;
    this.#insert = db.prepare(INSERT);
    this.#due = db.prepare(DUE, { returnArrays: true });
    this.#lease = db.prepare(LEASE);
    this.#findLeased = db.prepare(FIND_LEASED, { returnArrays: true });
    this.#putBack = db.prepare(PUT_BACK);
    this.#delete = db.prepare(DELETE);
  }

  enqueue({ letter, entries }: WriteOf<'enqueue'>): Written<'enqueue'> {
    if (entries.length === 0) return [];
    const key = Buffer.from(letter.hash, 'hex');
    const blob = this.#blobs.keep(letter, entries.length);
    return entries.map(({ account, destination, state, prefix, dueAt, createdAt }) => {
      const what = [
        account,
        destination,
        state,
        prefix,
        key,
        blob,
        letter.sizeBytes,
        letter.omitted,
      ] as const;
      return Number(this.#insert.run(...what, dueAt, createdAt).lastInsertRowid) as QueueId;
    });
  }

  lease({ now, until, count }: WriteOf<'lease'>): Written<'lease'> {
    return allRows(this.#due, now, until + MOST_LEASE_AHEAD_MS, count).map((row) => {
      const queued = queuedOfRow(row);
      this.#lease.run(until, queued.id);
      return { ...queued, attempts: queued.attempts + 1, leasedUntil: until };
    });
  }

  settle({ id, leasedUntil, outcome }: WriteOf<'settle'>): Written<'settle'> {
    const row = firstRow(this.#findLeased, id, leasedUntil);
    if (row === undefined) return refused('lost');
    if (outcome === 'done') {
      this.#delete.run(id);
      this.#blobs.release(integer(row[0]));
    } else this.#putBack.run(outcome.state, outcome.dueAt, id);
    return ok(null);
  }
}
