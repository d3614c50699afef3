import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { AccountId, BlobHash, SpoolId } from '../port.ts';
import { StoreFault } from '../fault.ts';
import type { BlobFiles } from './blob-files.ts';
import { firstRow, integer } from './column.ts';
import type { Ledger } from './ledger.ts';

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
const FIND_OWNER = 'SELECT id, chunks, refs, account FROM blob WHERE hash = ?';
const TAKE_REF = 'UPDATE blob SET refs = refs - 1, account_refs = account_refs - ? WHERE hash = ?';
const TAKE_SHARE = 'UPDATE blob_share SET refs = refs - 1 WHERE account = ? AND blob = ?';
const DROP_SHARE = 'DELETE FROM blob_share WHERE account = ? AND blob = ? AND refs <= 0';
const DELETE_BLOB = 'DELETE FROM blob WHERE hash = ?';
const DELETE_CHUNKS = 'DELETE FROM blob_chunk WHERE id >= ? AND id < ?';
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
  /** The file that it lies in, instead of chunks. */
  readonly spool: SpoolId | null;
};

/** Keeps each blob once, with the number of letters that refer to it. */
export class BlobRows {
  readonly #files: BlobFiles;
  readonly #ledger: Ledger;
  readonly #insertBlob: StatementSync;
  readonly #findBlob: StatementSync;
  readonly #addRefs: StatementSync;
  readonly #addShare: StatementSync;
  readonly #insertChunk: StatementSync;
  readonly #findOwner: StatementSync;
  readonly #takeRef: StatementSync;
  readonly #takeShare: StatementSync;
  readonly #dropShare: StatementSync;
  readonly #deleteBlob: StatementSync;
  readonly #deleteChunks: StatementSync;
  readonly #hasBlob: StatementSync;
  /** Files whose rows are gone. They are removed under the lock of a later transaction, when that is on disk. */
  #doomed: BlobHash[] = [];

  constructor(db: DatabaseSync, files: BlobFiles, ledger: Ledger) {
    this.#files = files;
    this.#ledger = ledger;
    this.#insertBlob = db.prepare(INSERT_BLOB);
    this.#findBlob = db.prepare(FIND_BLOB, { returnArrays: true });
    this.#addRefs = db.prepare(ADD_REFS);
    this.#addShare = db.prepare(ADD_SHARE);
    this.#insertChunk = db.prepare(INSERT_CHUNK);
    this.#findOwner = db.prepare(FIND_OWNER, { returnArrays: true });
    this.#takeRef = db.prepare(TAKE_REF);
    this.#takeShare = db.prepare(TAKE_SHARE);
    this.#dropShare = db.prepare(DROP_SHARE);
    this.#deleteBlob = db.prepare(DELETE_BLOB);
    this.#deleteChunks = db.prepare(DELETE_CHUNKS);
    this.#hasBlob = db.prepare(HAS_BLOB);
  }

  /** Stores the blob, or finds it, and counts one more letter of each of `accounts` that refers to it. Gives its number. */
  keep(blob: NewBlob, accounts: readonly AccountId[]): number {
    const { hash, key, sizeBytes, chunks, spool } = blob;
    const arrived =
      spool === null
        ? chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
        : this.#files.spooledBytes(spool);
    if (arrived !== sizeBytes)
      throw new StoreFault(`${arrived} of ${sizeBytes} bytes arrived at the store thread`);
    const known = firstRow(this.#findBlob, key);
    if (known === undefined) return this.#insert(blob, accounts);
    if (integer(known[1]) !== sizeBytes) throw new StoreFault(`two lengths for one SHA-256: ${hash}`);
    // A letter is not accepted on the strength of a file that somebody has removed since.
    if (known[3] === null && !this.#files.has(hash, sizeBytes)) this.#writeFile(blob);
    const id = integer(known[0]);
    this.#addRefs.run(accounts.length, this.#share(id, known[2] ?? null, accounts), key);
    return id;
  }

  #insert(blob: NewBlob, accounts: readonly AccountId[]): number {
    const { key, sizeBytes, chunks } = blob;
    const inFile = blob.spool !== null || sizeBytes > MAX_ROW_BLOB_BYTES;
    if (inFile) this.#writeFile(blob);
    const rows = inFile ? [] : rowsOf(chunks, sizeBytes);
    const id = this.#ledger.nextBlob(rows.length);
    for (const [index, row] of rows.entries()) this.#insertChunk.run(id + index, row);
    const owner = accounts[0] ?? null;
    const owned = this.#share(id, owner, accounts);
    this.#insertBlob.run(key, id, sizeBytes, inFile ? null : rows.length, accounts.length, owner, owned);
    return id;
  }

  #writeFile({ hash, spool, chunks }: NewBlob): void {
    if (spool === null) this.#files.write(hash, chunks);
    else this.#files.adopt(hash, spool);
  }

  /** Gives every account but the owner its share; returns how many are the owner's. */
  #share(id: number, owner: SQLOutputValue, accounts: readonly AccountId[]): number {
    let owned = 0;
    for (const account of accounts)
      if (account === owner) owned += 1;
      else this.#addShare.run(account, id);
    return owned;
  }

  /** Counts one more letter of the account that refers to a blob that is there; `key` is its hash as 32 bytes. */
  addReference(key: Uint8Array, account: AccountId): void {
    const row = firstRow(this.#findOwner, key);
    if (row === undefined) throw new StoreFault(`no blob ${Buffer.from(key).toString('hex')}`);
    this.#addRefs.run(1, this.#share(integer(row[0]), row[3] ?? null, [account]), key);
  }

  /** A letter of the account refers to the blob no more; the last one takes the blob along. */
  release(key: Uint8Array, account: AccountId): void {
    const row = firstRow(this.#findOwner, key);
    if (row === undefined) throw new StoreFault(`no blob ${Buffer.from(key).toString('hex')}`);
    const id = integer(row[0]);
    const owned = row[3] === account;
    if (!owned) {
      this.#takeShare.run(account, id);
      this.#dropShare.run(account, id);
    }
    if (integer(row[2]) > 1) return void this.#takeRef.run(owned ? 1 : 0, key);
    this.#deleteBlob.run(key);
    if (row[1] === null) this.#doomed.push(Buffer.from(key).toString('hex') as BlobHash);
    else this.#deleteChunks.run(id, id + integer(row[1]));
  }

  /** Removes the files whose rows a transaction before this one has deleted. Called under the write lock. */
  removeDoomed(): void {
    if (this.#doomed.length === 0) return;
    for (const hash of this.#doomed.splice(0)) if (!this.has(hash)) this.#files.remove(hash);
  }

  get hasDoomed(): boolean {
    return this.#doomed.length > 0;
  }

  /** Whether a row refers to this blob. */
  has(hash: BlobHash): boolean {
    return this.#hasBlob.get(Buffer.from(hash, 'hex')) !== undefined;
  }
}
