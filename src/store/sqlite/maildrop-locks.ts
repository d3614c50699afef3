import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { AccountId, MaildropLock } from '../port.ts';
import { StoreFault } from '../fault.ts';
import { ok, refused, type Result } from '../../result.ts';
import { isBusy } from './busy.ts';
import { makeFolder } from './synced-folder.ts';

/**
 * The lock is the one that SQLite takes on a file before it would write into it: among threads it knows its own, among
 * processes the operating system has it and lets go of it when a process ends. Nothing is ever written: the file has no
 * page, there is no journal, and the little memory that a connection takes is for one page.
 */
const LOCK =
  'PRAGMA cache_size = 1; PRAGMA page_size = 512; PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; BEGIN EXCLUSIVE';

/**
 * The maildrops that sessions of this thread have for themselves, a file for each account that ever asked for it. The files
 * stay: one that is removed while somebody opens it would be locked twice.
 */
export class MaildropLocks {
  readonly #folder: string;
  readonly #held = new Set<DatabaseSync>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  take(account: AccountId): Result<MaildropLock, 'locked'> {
    if (!fs.existsSync(this.#folder)) makeFolder(this.#folder);
    const file = path.join(this.#folder, `${account}.lock`);
    const isNew = !fs.existsSync(file);
    const connection = new DatabaseSync(file, { timeout: 0 });
    try {
      connection.exec(LOCK);
      // By its name: to open the file and close it again would end the lock.
      if (isNew) fs.chmodSync(file, 0o600);
    } catch (cause) {
      connection.close();
      if (isBusy(cause)) return refused('locked');
      throw new StoreFault(`the maildrop of account ${account} could not be locked`, { cause });
    }
    this.#held.add(connection);
    return ok({ release: () => this.#release(connection) });
  }

  releaseAll(): void {
    for (const connection of this.#held) this.#release(connection);
  }

  #release(connection: DatabaseSync): void {
    if (this.#held.delete(connection)) connection.close();
  }
}
