import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { BlobHash } from '../port.ts';
import { StoreFault } from '../fault.ts';
import type { BlobFiles } from './blob-files.ts';
import { bytes, firstRow, integer, type Row } from './column.ts';
import type { Ledger } from './ledger.ts';
import type { NewBlob } from './new-blob.ts';
import { stretchOf } from './segment-files.ts';
import { SegmentRows } from './segment-rows.ts';
import { StretchRows } from './stretch-rows.ts';

/**
 * The letters of a group that is no larger than this lie in the database: a second sync, that of a segment, would cost them
 * more than it saves.
 */
const MAX_ROW_GROUP_BYTES = 12 * 1024;
/** A letter above this lies in a file of its own. */
export const MAX_SEGMENT_BLOB_BYTES: number = 1024 * 1024;
/** A letter above this is looked for by its hash, and kept once. To find a smaller one would cost more than it saves. */
const SHARED_FROM_BYTES = 64 * 1024;
/** No row holds more than this of a blob. */
const CHUNK_BYTES: number = 64 * 1024;

const INSERT_BLOB =
  'INSERT INTO blob (id, hash, size_bytes, chunks, refs, zstd_bytes) VALUES (?, ?, ?, ?, ?, ?)';
const FIND_SHARED = `SELECT id, size_bytes, segment, segment_offset, coalesce(zstd_bytes, size_bytes), chunks
  FROM blob WHERE hash = ? AND (chunks IS NULL OR size_bytes > ${SHARED_FROM_BYTES})`;
const FIND_FILE = 'SELECT 1 FROM blob WHERE hash = ? AND chunks IS NULL';
const FIND_BLOB = `SELECT hash, chunks, refs, coalesce(zstd_bytes, size_bytes), segment, segment_offset FROM blob
  WHERE id = ?`;
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

/**
 * The bytes of letters, each with the number of letters that refer to it. What lies in a file of its own is kept once, whoever
 * sends it; to find a smaller one again would cost every letter more than it saves.
 */
export class BlobRows {
  readonly #files: BlobFiles;
  readonly #segments: SegmentRows;
  readonly #stretches: StretchRows;
  readonly #ledger: Ledger;
  readonly #insertBlob: StatementSync;
  readonly #findShared: StatementSync;
  readonly #findFile: StatementSync;
  readonly #findBlob: StatementSync;
  readonly #addRefs: StatementSync;
  readonly #deleteBlob: StatementSync;
  readonly #insertChunk: StatementSync;
  readonly #deleteChunks: StatementSync;
  /** Files whose rows are gone. They are removed under the lock of a later transaction, when that is on disk. */
  #doomed: BlobHash[] = [];
  /** How large the letters of the transaction under way are together. */
  #groupBytes = 0;
  /** Files that were written in the transaction under way. */
  #written: BlobHash[] = [];

  constructor(db: DatabaseSync, files: BlobFiles, ledger: Ledger) {
    this.#files = files;
    this.#segments = new SegmentRows(db, files.segments, ledger);
    this.#stretches = new StretchRows(db, { files: files.segments, segments: this.#segments, ledger });
    this.#ledger = ledger;
    this.#insertBlob = db.prepare(INSERT_BLOB);
    this.#findShared = db.prepare(FIND_SHARED, { returnArrays: true });
    this.#findFile = db.prepare(FIND_FILE, { returnArrays: true });
    this.#findBlob = db.prepare(FIND_BLOB, { returnArrays: true });
    this.#addRefs = db.prepare(ADD_REFS);
    this.#deleteBlob = db.prepare(DELETE_BLOB);
    this.#insertChunk = db.prepare(INSERT_CHUNK);
    this.#deleteChunks = db.prepare(DELETE_CHUNKS);
  }

  /** Stores the blob, or finds its file, and counts so many letters more that refer to it. Gives its number. */
  keep(blob: NewBlob, letters: number): number {
    const { hash, sizeBytes, chunks, zstdBytes, spool } = blob;
    const stored = zstdBytes ?? sizeBytes;
    const arrived =
      spool === null
        ? chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
        : this.#files.spooledBytes(spool);
    if (arrived !== stored) throw new StoreFault(`${arrived} of ${stored} bytes arrived at the store thread`);
    if (spool === null && sizeBytes <= SHARED_FROM_BYTES) return this.#insertSmall(blob, letters);
    const known = firstRow(this.#findShared, Buffer.from(hash, 'hex'));
    if (known !== undefined) return this.#share(blob, letters, known);
    return spool === null && sizeBytes <= MAX_SEGMENT_BLOB_BYTES
      ? this.#stretches.insert(blob, letters)
      : this.#insertFile(blob, letters);
  }

  /** One more letter with bytes that are here. It is not accepted on the strength of a file that somebody has removed since. */
  #share(blob: NewBlob, letters: number, known: Row): number {
    const id = integer(known[0]);
    if (integer(known[1]) !== blob.sizeBytes)
      throw new StoreFault(`two lengths for one SHA-256: ${blob.hash}`);
    const stretch = stretchOf(known[2], known[3], integer(known[4]));
    const isInFile = stretch === null && known[5] === null;
    if (isInFile && !this.#files.has(blob.hash, blob.sizeBytes)) this.#writeFile(blob);
    if (stretch !== null && !this.#files.segments.has(stretch))
      this.#stretches.move(id, stretch, {
        chunks: blob.spool === null ? blob.chunks : [this.#files.readSpool(blob.spool)],
        sizeBytes: blob.zstdBytes ?? blob.sizeBytes,
        zstdBytes: blob.zstdBytes,
      });
    this.#addRefs.run(letters, id);
    return id;
  }

  #insertSmall(blob: NewBlob, letters: number): number {
    // A segment of which nothing is used has no row, so it cannot have a letter without a byte.
    return this.#groupBytes <= MAX_ROW_GROUP_BYTES || blob.sizeBytes === 0
      ? this.#insertRows(blob, letters)
      : this.#stretches.insert(blob, letters);
  }

  #insertRows({ hash, sizeBytes, chunks, zstdBytes }: NewBlob, letters: number): number {
    const rows = rowsOf(chunks, zstdBytes ?? sizeBytes);
    const id = this.#ledger.nextBlob(rows.length);
    for (const [index, row] of rows.entries()) this.#insertChunk.run(id + index, row);
    this.#insertBlob.run(id, Buffer.from(hash, 'hex'), sizeBytes, rows.length, letters, zstdBytes);
    return id;
  }

  #insertFile(blob: NewBlob, letters: number): number {
    this.#writeFile(blob);
    const id = this.#ledger.nextBlob(1);
    this.#insertBlob.run(id, Buffer.from(blob.hash, 'hex'), blob.sizeBytes, null, letters, null);
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
    const stretch = stretchOf(row[4], row[5], integer(row[3]));
    if (stretch !== null) this.#segments.free(stretch);
    else if (row[1] === null) this.#doomed.push(Buffer.from(bytes(row[0])).toString('hex') as BlobHash);
    else this.#deleteChunks.run(blob, blob + integer(row[1]));
    return undefined;
  }

  /** As `StretchRows.compact`. */
  compact(): boolean {
    return this.#stretches.compact();
  }

  /**
   * A transaction begins, under the write lock, with so many bytes of letters: removes the files whose rows an earlier one
   * has deleted.
   */
  begin(groupBytes: number): void {
    this.#groupBytes = groupBytes;
    this.#segments.begin();
    this.#segments.removeDoomed();
    this.#removeDoomed();
  }

  /** Writes back how far the segments are used. */
  save(): void {
    this.#segments.save();
  }

  /** Makes what was written into segments durable; the last thing before a commit. */
  sync(): void {
    this.#segments.sync();
  }

  /** Reads everything anew from now on. */
  forget(): void {
    this.#segments.forget();
  }

  /** Whether a crash left files that no row refers to. */
  hasOrphans(): boolean {
    return this.#segments.orphans().length > 0 || this.#files.orphans((hash) => this.has(hash)).length > 0;
  }

  /** Removes such files, and says how many there were. Called under the write lock. */
  sweep(): number {
    return this.#segments.sweep() + this.#files.sweep((hash) => this.has(hash));
  }

  close(): void {
    this.#segments.close();
  }

  #removeDoomed(): void {
    if (this.#doomed.length === 0) return;
    for (const hash of this.#doomed.splice(0)) if (!this.has(hash)) this.#files.remove(hash);
  }

  /** The transaction under way is on disk: what was written in it stays. */
  keepWritten(): void {
    this.#written = [];
    this.#segments.keepMade();
  }

  /** The transaction under way may be on disk, or not: what was written in it stays, and is not written over. */
  keepUnconfirmed(): void {
    this.#written = [];
    this.#segments.keepUnconfirmed();
  }

  /** How many files were written in the transaction under way. */
  get written(): number {
    return this.#written.length;
  }

  /** What was written in the transaction under way from this file on is not kept after all: it goes with the next one. */
  doomWritten(from: number): void {
    this.#doomed.push(...this.#written.splice(from));
    this.#segments.doomMade();
  }

  get hasDoomed(): boolean {
    return this.#doomed.length > 0 || this.#segments.hasDoomed;
  }

  /** Whether a row refers to a file of this name. */
  has(hash: BlobHash): boolean {
    return firstRow(this.#findFile, Buffer.from(hash, 'hex')) !== undefined;
  }
}
