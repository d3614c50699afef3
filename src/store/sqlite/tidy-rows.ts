import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { AccountId, LetterId, ThreadId } from '../port.ts';
import type { BlobRows } from './blob-rows.ts';
import { allRows, integer, type Row } from './column.ts';
import type { Ledger } from './ledger.ts';
import type { ThreadRows } from './thread-rows.ts';
import type { WriteOf, Written } from './write.ts';

/** Each row is a letter to let go of, as `letGo` wants it. */
const EXPIRED = `SELECT r.account, r.letter, l.thread, l.blob FROM removed_letter r
  JOIN letter l ON l.id = r.letter WHERE r.at <= ? ORDER BY r.at LIMIT ?`;
const FORGET_REMOVED = 'DELETE FROM removed_letter WHERE account = ? AND letter = ?';
const DELETE_LETTER = 'DELETE FROM letter WHERE id = ?';
const HAS_LETTERS = `SELECT 1 FROM thread_letter WHERE account = ?1 AND thread = ?2
  UNION ALL SELECT 1 FROM letter WHERE id = ?2 AND account = ?1 AND thread = ?2 LIMIT 1`;
const OLD = (table: string): string =>
  `SELECT account, max(mod_seq), count(*) FROM (SELECT account, mod_seq FROM ${table} WHERE at <= ? ORDER BY at LIMIT ?)
  GROUP BY account`;
const DELETE_OLD = (table: string, key: string): string =>
  `DELETE FROM ${table} WHERE (${key}) IN (SELECT ${key} FROM ${table} WHERE at <= ? ORDER BY at LIMIT ?)`;
const RAISE_FLOOR = 'UPDATE account SET floor_mod_seq = max(floor_mod_seq, ?) WHERE id = ?';
const LEFT_BEHIND = `SELECT p.account, p.letter, p.thread, l.blob, p.mailbox, p.uid FROM placement p
  JOIN letter l ON l.id = p.letter WHERE p.account IN (SELECT id FROM account WHERE removed_at IS NOT NULL) LIMIT ?`;
const DELETE_PLACEMENT = 'DELETE FROM placement WHERE account = ? AND mailbox = ? AND uid = ?';
const DELETE_PLACE = 'DELETE FROM further_place WHERE letter = ? AND mailbox = ?';
const LEAVE_FIRST_PLACE = 'UPDATE letter SET mailbox = 0, uid = 0 WHERE id = ?1 AND mailbox = ?2';
const IS_LEFT = `SELECT 1 FROM letter WHERE id = ?1 AND mailbox <> 0
  UNION ALL SELECT 1 FROM further_place WHERE letter = ?1 LIMIT 1`;
/** An account without a letter, and what is still remembered of it. */
const REMOVED_ACCOUNTS = `SELECT id FROM account WHERE removed_at IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM placement p WHERE p.account = account.id)
  AND NOT EXISTS (SELECT 1 FROM removed_letter r WHERE r.account = account.id) LIMIT 100`;
const FORGET_ACCOUNT = ['gone', 'gone_placement', 'thread_key', 'thread_letter'].map(
  (table) => `DELETE FROM ${table} WHERE account = ?`,
);
const DELETE_ACCOUNT = 'DELETE FROM account WHERE id = ?';

/** One call does no more than this, so that the letters that come in meanwhile wait for milliseconds. */
const MOST_LETTERS = 500;
const MOST_TOMBSTONES = 5000;

/** Lets go of what has been gone for long enough, inside the writer's transaction. */
export class TidyRows {
  readonly #ledger: Ledger;
  readonly #blobs: BlobRows;
  readonly #threads: ThreadRows;
  readonly #expired: StatementSync;
  readonly #forgetRemoved: StatementSync;
  readonly #deleteLetter: StatementSync;
  readonly #hasLetters: StatementSync;
  readonly #tombstones: readonly { readonly old: StatementSync; readonly deleteOld: StatementSync }[];
  readonly #raiseFloor: StatementSync;
  readonly #leftBehind: StatementSync;
  readonly #deletePlacement: StatementSync;
  readonly #deletePlace: StatementSync;
  readonly #leaveFirstPlace: StatementSync;
  readonly #isLeft: StatementSync;
  readonly #removedAccounts: StatementSync;
  readonly #forgetAccount: readonly StatementSync[];
  readonly #deleteAccount: StatementSync;

  constructor(db: DatabaseSync, parts: { ledger: Ledger; blobs: BlobRows; threads: ThreadRows }) {
    this.#ledger = parts.ledger;
    this.#blobs = parts.blobs;
    this.#threads = parts.threads;
    const arrays = { returnArrays: true };
    this.#expired = db.prepare(EXPIRED, arrays);
    this.#forgetRemoved = db.prepare(FORGET_REMOVED);
    this.#deleteLetter = db.prepare(DELETE_LETTER);
    this.#hasLetters = db.prepare(HAS_LETTERS);
    this.#tombstones = [
      ['gone', 'account, kind, mod_seq, name'],
      ['gone_placement', 'account, mailbox, mod_seq, uid'],
    ].map(([table = '', key = '']) => ({
      old: db.prepare(OLD(table), { returnArrays: true, readBigInts: true }),
      deleteOld: db.prepare(DELETE_OLD(table, key)),
    }));
    this.#raiseFloor = db.prepare(RAISE_FLOOR);
    this.#leftBehind = db.prepare(LEFT_BEHIND, arrays);
    this.#deletePlacement = db.prepare(DELETE_PLACEMENT);
    this.#deletePlace = db.prepare(DELETE_PLACE);
    this.#leaveFirstPlace = db.prepare(LEAVE_FIRST_PLACE);
    this.#isLeft = db.prepare(IS_LEFT);
    this.#removedAccounts = db.prepare(REMOVED_ACCOUNTS, arrays);
    this.#forgetAccount = FORGET_ACCOUNT.map((sql) => db.prepare(sql));
    this.#deleteAccount = db.prepare(DELETE_ACCOUNT);
  }

  tidy({ retention: { now, removedMs, tombstonesMs } }: WriteOf<'tidy'>): Written<'tidy'> {
    const expired = allRows(this.#expired, now - removedMs, MOST_LETTERS);
    for (const row of expired) this.#forgetRemoved.run(integer(row[0]), integer(row[1]));
    for (const row of expired) this.#letGo(row);
    this.#forgetThreads(expired);
    const tombstones = this.#forgetTombstones(now - tombstonesMs);
    const left =
      expired.length < MOST_LETTERS ? this.#clearRemovedAccounts(MOST_LETTERS - expired.length) : 0;
    const letters = expired.length + left;
    return { letters, tombstones, more: letters >= MOST_LETTERS || tombstones >= MOST_TOMBSTONES };
  }

  /** The letter's row and its share of the blob. */
  #letGo(row: Row): void {
    const account = integer(row[0]) as AccountId;
    this.#deleteLetter.run(integer(row[1]));
    this.#threads.leave(account, integer(row[2]) as ThreadId, integer(row[1]) as LetterId);
    this.#blobs.release(integer(row[3]));
  }

  #forgetThreads(rows: readonly Row[]): void {
    const empty = new Map<AccountId, Set<ThreadId>>();
    for (const row of rows) {
      const account = integer(row[0]) as AccountId;
      const thread = integer(row[2]) as ThreadId;
      if (this.#hasLetters.get(account, thread) !== undefined) continue;
      const threads = empty.get(account) ?? new Set();
      empty.set(account, threads.add(thread));
    }
    for (const [account, threads] of empty) this.#threads.forget(account, [...threads]);
  }

  #forgetTombstones(before: number): number {
    let forgotten = 0;
    for (const { old, deleteOld } of this.#tombstones) {
      for (const row of allRows(old, before, MOST_TOMBSTONES)) {
        this.#raiseFloor.run(row[1] ?? null, integer(row[0]));
        forgotten += integer(row[2]);
      }
      deleteOld.run(before, MOST_TOMBSTONES);
    }
    return forgotten;
  }

  /** A bounded piece of what removed accounts have left behind. */
  #clearRemovedAccounts(most: number): number {
    const rows = allRows(this.#leftBehind, most);
    for (const row of rows) {
      const [letter, mailbox] = [integer(row[1]), integer(row[4])];
      this.#deletePlacement.run(integer(row[0]), mailbox, integer(row[5]));
      this.#deletePlace.run(letter, mailbox);
      this.#leaveFirstPlace.run(letter, mailbox);
      if (this.#isLeft.get(letter) === undefined) this.#letGo(row);
    }
    for (const row of allRows(this.#removedAccounts)) {
      const account = integer(row[0]) as AccountId;
      for (const statement of this.#forgetAccount) statement.run(account);
      this.#deleteAccount.run(account);
      this.#ledger.drop(account);
    }
    return rows.length;
  }
}
