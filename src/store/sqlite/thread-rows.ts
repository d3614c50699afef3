import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { AccountId, LetterId, ThreadId } from '../port.ts';
import { firstRow, integer } from './column.ts';
import { threadKeyIntegers } from './thread-keys.ts';

const FIND_KEY = 'SELECT thread FROM thread_key WHERE account = ? AND key = ?';
const ADD_KEY = 'INSERT OR IGNORE INTO thread_key (account, key, thread) VALUES (?, ?, ?)';
const REMOVE_KEYS = 'DELETE FROM thread_key WHERE account = ? AND thread IN (SELECT value FROM json_each(?))';
const ADD_LETTER = 'INSERT OR IGNORE INTO thread_letter (account, thread, letter) VALUES (?, ?, ?)';
const REMOVE_LETTER = 'DELETE FROM thread_letter WHERE account = ? AND thread = ? AND letter = ?';

/** Which thread a letter belongs to. A thread has the number of the letter that began it. */
export class ThreadRows {
  readonly #findKey: StatementSync;
  readonly #addKey: StatementSync;
  readonly #removeKeys: StatementSync;
  readonly #addLetter: StatementSync;
  readonly #removeLetter: StatementSync;

  constructor(db: DatabaseSync) {
    this.#findKey = db.prepare(FIND_KEY, { returnArrays: true });
    this.#addKey = db.prepare(ADD_KEY);
    this.#removeKeys = db.prepare(REMOVE_KEYS);
    this.#addLetter = db.prepare(ADD_LETTER);
    this.#removeLetter = db.prepare(REMOVE_LETTER);
  }

  /** The thread of a new letter with these keys; what else has one of them comes into it from now on. */
  enter(account: AccountId, letter: LetterId, keys: Uint8Array): ThreadId {
    if (keys.length === 0) return letter as number as ThreadId;
    const integers = threadKeyIntegers(keys);
    let thread: number = letter;
    for (const key of integers) {
      const row = firstRow(this.#findKey, account, key);
      if (row === undefined) continue;
      thread = integer(row[0]);
      break;
    }
    for (const key of integers) this.#addKey.run(account, key, thread);
    this.join(account, thread as ThreadId, letter);
    return thread as ThreadId;
  }

  /** Another letter of the thread. */
  join(account: AccountId, thread: ThreadId, letter: LetterId): void {
    if ((thread as number) !== letter) this.#addLetter.run(account, thread, letter);
  }

  /** The letter is no more. */
  leave(account: AccountId, thread: ThreadId, letter: LetterId): void {
    this.#removeLetter.run(account, thread, letter);
  }

  /** Nothing is left of these threads that a key should lead to; one pass over the account's keys. */
  forget(account: AccountId, threads: readonly ThreadId[]): void {
    if (threads.length > 0) this.#removeKeys.run(account, JSON.stringify(threads));
  }
}
