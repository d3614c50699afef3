import { DatabaseSync } from 'node:sqlite';

/** SQLITE_BUSY. */
const isBusy = (cause: unknown): boolean =>
  cause instanceof Error &&
  'errcode' in cause &&
  typeof cause.errcode === 'number' &&
  (cause.errcode & 0xff) === 5;

/**
 * A file that one process has for itself, until it lets go of it or ends, however it ends: the system's own lock, taken by
 * SQLite, which nobody finds in the way after a crash. The file is empty, and stays.
 */
export class HeldFile {
  readonly #db: DatabaseSync;

  private constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Takes the file, made where it is absent; null where another has it. */
  static take(file: string): HeldFile | null {
    const db = new DatabaseSync(file, { timeout: 0 });
    try {
      db.exec('BEGIN EXCLUSIVE');
      return new HeldFile(db);
    } catch (cause) {
      db.close();
      if (isBusy(cause)) return null;
      throw cause;
    }
  }

  release(): void {
    this.#db.close();
  }
}
