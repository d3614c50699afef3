import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { AccountId, Change, ModSeq } from '../port.ts';
import { allRows, bigInteger, firstRow, integer } from './column.ts';

const DATA_VERSION = 'PRAGMA data_version';
const LAST = "SELECT value FROM counter WHERE name = 'change_seq'";
const CHANGED = 'SELECT id, mod_seq, change_seq FROM account WHERE change_seq > ? ORDER BY change_seq';

/**
 * What other processes have written into the folder. Every change of an account gives its row the next number of one
 * count, so whatever is above the last number that was told is news, in commit order. An account that changed several times is
 * told once, with its last modification sequence.
 */
export class ForeignChanges {
  readonly #dataVersion: StatementSync;
  readonly #last: StatementSync;
  readonly #changed: StatementSync;
  #seenVersion: number;
  #told: number;
  #news: Change[] = [];

  constructor(db: DatabaseSync) {
    this.#dataVersion = db.prepare(DATA_VERSION, { returnArrays: true });
    this.#last = db.prepare(LAST, { returnArrays: true });
    this.#changed = db.prepare(CHANGED, { returnArrays: true, readBigInts: true });
    this.#seenVersion = this.#version();
    this.#told = integer(firstRow(this.#last)?.[0]);
  }

  /** Whether another process has written since this was asked last; what it changed is kept for `take`. */
  haveCome(): boolean {
    const version = this.#version();
    if (version === this.#seenVersion) return false;
    this.#seenVersion = version;
    for (const row of allRows(this.#changed, this.#told)) {
      const account = integer(row[0]) as AccountId;
      this.#news.push({ account, modSeq: bigInteger(row[1]) as ModSeq, mailboxes: null });
      this.#told = integer(row[2]);
    }
    return true;
  }

  /** Of this process's own changes all are told, up to this number. */
  skipTo(changeSeq: number): void {
    this.#told = Math.max(this.#told, changeSeq);
  }

  /** The news, once. */
  take(): readonly Change[] {
    const news = this.#news;
    this.#news = [];
    return news;
  }

  #version(): number {
    return integer(firstRow(this.#dataVersion)?.[0]);
  }
}
