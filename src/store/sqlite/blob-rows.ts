import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { AccountId, BlobHash } from '../port.ts';
import { StoreFault } from '../fault.ts';
import type { BlobFiles } from './blob-files.ts';
import { firstRow, integer } from './column.ts';
import type { Counters } from './counters.ts';

/** A letter above this lies in a file of its own, with nothing but its length and hash in the database. */
export const MAX_ROW_BLOB_BYTES: number = 256 * 1024;
/** No row holds more than this of a blob. */
const CHUNK_BYTES: number = 64 * 1024;

const INSERT_BLOB = `INSERT INTO blob (hash, id, size_bytes, chunks, refs, account, account_refs)
  VALUES (?, ?, ?, ?, ?, ?, ?)`;
const FIND_BLOB = 'SELECT id, size_bytes, account, chunks FROM blob WHERE hash = ?';
const ADD_REFS = 'UPDATE blob SET refs = refs + ?, account_refs = account_refs + ? WHERE hash = ?';
const ADD_SHARE = `INSERT INTO blob_share (account, blob, refs) VALUES (?, ?, 1)
  ON CONFLICT (account, blob) DO UPDATE SET refs = refs + 1`;
const INSERT_CHUNK = 'INSERT INTO blob_chunk (id, bytes) VALUES (?, ?)';
const HAS_BLOB = 'SELECT 1 FROM blob WHERE hash = ?';

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

/** A blob on its way into the store. `key` is `hash` as 32 bytes. */
export type NewBlob = {
  readonly hash: BlobHash;
  readonly key: Uint8Array;
  readonly sizeBytes: number;
  readonly chunks: readonly Uint8Array[];
};

/** Keeps each blob once, with the number of letters that refer to it. */
export class BlobRows {
  readonly #files: BlobFiles;
  readonly #counters: Counters;
  readonly #insertBlob: StatementSync;
  readonly #findBlob: StatementSync;
  readonly #addRefs: StatementSync;
  readonly #addShare: StatementSync;
  readonly #insertChunk: StatementSync;
  readonly #hasBlob: StatementSync;

  constructor(db: DatabaseSync, files: BlobFiles, counters: Counters) {
    this.#files = files;
    this.#counters = counters;
    this.#insertBlob = db.prepare(INSERT_BLOB);
    this.#findBlob = db.prepare(FIND_BLOB, { returnArrays: true });
    this.#addRefs = db.prepare(ADD_REFS);
    this.#addShare = db.prepare(ADD_SHARE);
    this.#insertChunk = db.prepare(INSERT_CHUNK);
    this.#hasBlob = db.prepare(HAS_BLOB);
  }

  /** Stores the blob, or finds it, and counts one more letter of each of `accounts` that refers to it. Gives its number. */
  keep(blob: NewBlob, accounts: readonly AccountId[]): number {
    const { hash, key, sizeBytes, chunks } = blob;
    const arrived = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
    if (arrived !== sizeBytes)
      throw new StoreFault(`${arrived} of ${sizeBytes} bytes arrived at the store thread`);
    const known = firstRow(this.#findBlob, key);
    if (known === undefined) return this.#insert(blob, accounts);
    if (integer(known[1]) !== sizeBytes) throw new StoreFault(`two lengths for one SHA-256: ${hash}`);
    // A letter is not accepted on the strength of a file that somebody has removed since.
    if (known[3] === null && !this.#files.has(hash, sizeBytes)) this.#files.write(hash, chunks);
    const id = integer(known[0]);
    this.#addRefs.run(accounts.length, this.#share(id, known[2] ?? null, accounts), key);
    return id;
  }

  #insert({ hash, key, sizeBytes, chunks }: NewBlob, accounts: readonly AccountId[]): number {
    const inFile = sizeBytes > MAX_ROW_BLOB_BYTES;
    if (inFile) this.#files.write(hash, chunks);
    const rows = inFile ? [] : rowsOf(chunks, sizeBytes);
    const id = this.#counters.nextBlob(rows.length);
    for (const [index, row] of rows.entries()) this.#insertChunk.run(id + index, row);
    const owner = accounts[0] ?? null;
    const owned = this.#share(id, owner, accounts);
    this.#insertBlob.run(key, id, sizeBytes, inFile ? null : rows.length, accounts.length, owner, owned);
    return id;
  }

  /** Gives every account but the owner its share; returns how many are the owner's. */
  #share(id: number, owner: SQLOutputValue, accounts: readonly AccountId[]): number {
    let owned = 0;
    for (const account of accounts)
      if (account === owner) owned += 1;
      else this.#addShare.run(account, id);
    return owned;
  }

  /** Whether a row refers to this blob. */
  has(hash: BlobHash): boolean {
    return this.#hasBlob.get(Buffer.from(hash, 'hex')) !== undefined;
  }
}
