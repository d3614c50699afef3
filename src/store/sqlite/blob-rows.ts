import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { BlobHash, SpoolId } from '../port.ts';
import { StoreFault } from '../fault.ts';
import type { BlobFiles } from './blob-files.ts';
import { bytes, firstRow, integer } from './column.ts';
import type { Ledger } from './ledger.ts';

/** A letter above this lies in a file of its own, with nothing but its length and hash in the database. */
export const MAX_ROW_BLOB_BYTES: number = 256 * 1024;
/** No row holds more than this of a blob. */
const CHUNK_BYTES: number = 64 * 1024;

const INSERT_BLOB = 'INSERT INTO blob (id, hash, size_bytes, chunks, refs) VALUES (?, ?, ?, ?, ?)';
const FIND_FILE = 'SELECT id, size_bytes FROM blob WHERE hash = ? AND chunks IS NULL';
const FIND_BLOB = 'SELECT hash, chunks, refs FROM blob WHERE id = ?';
const ADD_REFS = 'UPDATE blob SET refs = refs + ? WHERE id = ?';
const DELETE_BLOB = 'DELETE FROM blob WHERE id = ?';
const INSERT_CHUNK = 'INSERT INTO blob_chunk (id, bytes) VALUES (?, ?)';
const DELETE_CHUNKS = 'DELETE FROM blob_chunk WHERE id >= ? AND id < ?';

/** The same bytes in rows of `CHUNK_BYTES`. */
const rowsOf = (chunks: readonly Uint8Array[], sizeBytes: number): readonly Uint8Array[] => {
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined && only.length > 0 && only.length <= CHUNK_BYTES)
    return chunks;
  const whole = Buffer.concat(chunks, sizeBytes);
  const rows: Uint8Array[] = [];
  for (let at = 0; at < whole.length; at += CHUNK_BYTES) rows.push(whole.subarray(at, at + CHUNK_BYTES));
  return rows;
};

/** A blob on its way into the store. */
export type NewBlob = {
  readonly hash: BlobHash;
  readonly sizeBytes: number;
  readonly chunks: readonly Uint8Array[];
  /** The file that it lies in, instead of chunks. */
  readonly spool: SpoolId | null;
};

/**
 * The bytes of letters, each with the number of letters that refer to it. What lies in a file is kept once, whoever sends it; to
 * find a small one again would cost every letter more than it saves.
 */
export class BlobRows {
  readonly #files: BlobFiles;
  readonly #ledger: Ledger;
  readonly #insertBlob: StatementSync;
  readonly #findFile: StatementSync;
  readonly #findBlob: StatementSync;
  readonly #addRefs: StatementSync;
  readonly #deleteBlob: StatementSync;
  readonly #insertChunk: StatementSync;
  readonly #deleteChunks: StatementSync;
  /** Files whose rows are gone. They are removed under the lock of a later transaction, when that is on disk. */
  #doomed: BlobHash[] = [];
  /** Files that were written in the transaction under way. */
  #written: BlobHash[] = [];

  constructor(db: DatabaseSync, files: BlobFiles, ledger: Ledger) {
    this.#files = files;
    this.#ledger = ledger;
    this.#insertBlob = db.prepare(INSERT_BLOB);
    this.#findFile = db.prepare(FIND_FILE, { returnArrays: true });
    this.#findBlob = db.prepare(FIND_BLOB, { returnArrays: true });
    this.#addRefs = db.prepare(ADD_REFS);
    this.#deleteBlob = db.prepare(DELETE_BLOB);
    this.#insertChunk = db.prepare(INSERT_CHUNK);
    this.#deleteChunks = db.prepare(DELETE_CHUNKS);
  }

  /** Stores the blob, or finds its file, and counts so many letters more that refer to it. Gives its number. */
  keep(blob: NewBlob, letters: number): number {
    const { hash, sizeBytes, chunks, spool } = blob;
    const arrived =
      spool === null
        ? chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
        : this.#files.spooledBytes(spool);
    if (arrived !== sizeBytes)
      throw new StoreFault(`${arrived} of ${sizeBytes} bytes arrived at the store thread`);
    if (spool === null && sizeBytes <= MAX_ROW_BLOB_BYTES) return this.#insertRows(blob, letters);
    const known = firstRow(this.#findFile, Buffer.from(hash, 'hex'));
    if (known === undefined) return this.#insertFile(blob, letters);
    if (integer(known[1]) !== sizeBytes) throw new StoreFault(`two lengths for one SHA-256: ${hash}`);
    // A letter is not accepted on the strength of a file that somebody has removed since.
    if (!this.#files.has(hash, sizeBytes)) this.#writeFile(blob);
    const id = integer(known[0]);
    this.#addRefs.run(letters, id);
    return id;
  }

  #insertRows({ hash, sizeBytes, chunks }: NewBlob, letters: number): number {
    const rows = rowsOf(chunks, sizeBytes);
    const id = this.#ledger.nextBlob(rows.length);
    for (const [index, row] of rows.entries()) this.#insertChunk.run(id + index, row);
    this.#insertBlob.run(id, Buffer.from(hash, 'hex'), sizeBytes, rows.length, letters);
    return id;
  }

  #insertFile(blob: NewBlob, letters: number): number {
    this.#writeFile(blob);
    const id = this.#ledger.nextBlob(1);
    this.#insertBlob.run(id, Buffer.from(blob.hash, 'hex'), blob.sizeBytes, null, letters);
    return id;
  }

  #writeFile({ hash, spool, chunks }: NewBlob): void {
    this.#written.push(hash);
    if (spool === null) this.#files.write(hash, chunks);
    else this.#files.adopt(hash, spool);
  }

  /** Counts one more letter that refers to a blob that is there. */
  addReference(blob: number): void {
    if (this.#addRefs.run(1, blob).changes === 0) throw new StoreFault(`no blob ${blob}`);
  }

  /** A letter refers to the blob no more; the last one takes the blob along. */
  release(blob: number): void {
    const row = firstRow(this.#findBlob, blob);
    if (row === undefined) throw new StoreFault(`no blob ${blob}`);
    if (integer(row[2]) > 1) return void this.#addRefs.run(-1, blob);
    this.#deleteBlob.run(blob);
    if (row[1] === null) this.#doomed.push(Buffer.from(bytes(row[0])).toString('hex') as BlobHash);
    else this.#deleteChunks.run(blob, blob + integer(row[1]));
    return undefined;
  }

  /** Removes the files whose rows a transaction before this one has deleted. Called under the write lock. */
  removeDoomed(): void {
    if (this.#doomed.length === 0) return;
    for (const hash of this.#doomed.splice(0)) if (!this.has(hash)) this.#files.remove(hash);
  }

  /** The transaction under way is on disk, or may be: what was written in it stays. */
  keepWritten(): void {
    this.#written = [];
  }

  /** How many files were written in the transaction under way. */
  get written(): number {
    return this.#written.length;
  }

  /** What was written in the transaction under way from this file on is not kept after all: it goes with the next one. */
  doomWritten(from: number): void {
    this.#doomed.push(...this.#written.splice(from));
  }

  get hasDoomed(): boolean {
    return this.#doomed.length > 0;
  }

  /** Whether a row refers to a file of this name. */
  has(hash: BlobHash): boolean {
    return firstRow(this.#findFile, Buffer.from(hash, 'hex')) !== undefined;
  }
}
