import fs from 'node:fs';
import path from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { StoreFault } from '../fault.ts';
import { firstRow } from './column.ts';
import { SCHEMA_VERSION } from './migrations.ts';

const SCHEMA = 'PRAGMA user_version';

const inode = (file: string): bigint | null =>
  fs.statSync(file, { throwIfNoEntry: false, bigint: true })?.ino ?? null;

/**
 * Whether the database that a connection has open is still the one that lies there, of the schema that this program knows.
 * Whoever moves a data folder away, puts another in its place, or removes the log under a server would else have it write,
 * and answer for, what nobody finds again. It costs a few microseconds beside the sync of a disk.
 */
export class InPlace {
  readonly #schema: StatementSync;
  readonly #database: string;
  readonly #log: string;
  readonly #opened: bigint | null;
  #openedLog: bigint | null = null;
  #lost: string | null = null;

  /** Of a database that was just opened. */
  constructor(db: DatabaseSync) {
    this.#schema = db.prepare(SCHEMA, { returnArrays: true });
    this.#database = db.location() ?? '';
    this.#log = `${this.#database}-wal`;
    this.#opened = inode(this.#database);
  }

  /** Why nothing may be written here any more; null while something may. */
  get lost(): string | null {
    return this.#lost;
  }

  /** Throws where that is not so. Inside a transaction: there is a log by then. */
  check(): void {
    this.#openedLog ??= inode(this.#log);
    if (inode(this.#database) !== this.#opened) this.#lose(this.#database);
    if (inode(this.#log) !== this.#openedLog) this.#lose(this.#log);
    const version = firstRow(this.#schema)?.[0];
    if (version === SCHEMA_VERSION) return;
    this.#lost = `another program has brought ${path.dirname(this.#database)} to schema ${String(version)}, and this one knows ${SCHEMA_VERSION}: start the newer program in its place`;
    throw new StoreFault(this.#lost);
  }

  #lose(file: string): never {
    this.#lost = `${file} is no longer the file that was opened: the data folder was moved, removed or replaced under a program that had it open; start it again`;
    throw new StoreFault(this.#lost);
  }
}
