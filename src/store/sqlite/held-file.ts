import fs from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { isBusy } from './busy.ts';

/**
 * The lock is the one that SQLite takes on a file before it would write into it: among threads it knows its own, among
 * processes the operating system has it and lets go of it when a process ends. Nothing is ever written: the file has no
 * page, there is no journal, and the little memory that a connection takes is for one page.
 */
const LOCK =
  'PRAGMA cache_size = 1; PRAGMA page_size = 512; PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; BEGIN EXCLUSIVE';

/**
 * A file that somebody has for himself until he lets go of it or his process ends, however it ends. The file stays: one that
 * is removed while somebody opens it would be taken twice.
 */
export class HeldFile {
  readonly #connection: DatabaseSync;

  private constructor(connection: DatabaseSync) {
    this.#connection = connection;
  }

  /** Takes the file, made where it is absent; null where somebody has it. */
  static take(file: string): HeldFile | null {
    const isNew = !fs.existsSync(file);
    const connection = new DatabaseSync(file, { timeout: 0 });
    try {
      connection.exec(LOCK);
      // By its name: to open the file and close it again would end the lock.
      if (isNew) fs.chmodSync(file, 0o600);
      return new HeldFile(connection);
    } catch (cause) {
      connection.close();
      if (isBusy(cause)) return null;
      throw cause;
    }
  }

  release(): void {
    this.#connection.close();
  }
}
