import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreFault } from '../fault.ts';
import type { BlobHash } from '../port.ts';
import { AUDIT_CHECKS } from './audit-checks.ts';
import { BlobFiles } from './blob-files.ts';
import { allRows, bytes, firstRow, integer, text, type Row } from './column.ts';
import { decompress } from './compression.ts';
import { folderPaths, type FolderPaths } from './folder.ts';
import { pragmaInteger, SCHEMA_VERSION } from './migrations.ts';
import { openForReading } from './reading.ts';
import { SegmentFiles, stretchOf, type Stretch } from './segment-files.ts';

const COUNTS = `SELECT (SELECT count(*) FROM account WHERE removed_at IS NULL), (SELECT count(*) FROM letter),
  (SELECT count(*) FROM blob), (SELECT coalesce(sum(size_bytes), 0) FROM blob)`;
const COLUMNS = 'lower(hex(hash)), id, size_bytes, chunks, segment, segment_offset, zstd_bytes';
const BLOBS = `SELECT ${COLUMNS} FROM blob WHERE id > ? ORDER BY id LIMIT 500`;
const BLOB = `SELECT ${COLUMNS} FROM blob WHERE id = ?`;
const HAS_SEGMENT = 'SELECT 1 FROM segment WHERE id = ?';
const CHUNKS = 'SELECT bytes FROM blob_chunk WHERE id >= ? AND id < ? ORDER BY id';
const HAS_BLOB = 'SELECT 1 FROM blob WHERE id = ?';
const HAS_FILE = 'SELECT 1 FROM blob WHERE hash = ? AND chunks IS NULL';

/** How long a writer's transaction is waited for. */
const BUSY_MS = 10_000;
/** How long a file without a row may lie there until the writer that let go of its row has removed it. */
const LINGER_MS = 300;
/** As much of a file is held in memory. */
const PIECE_BYTES = 1024 * 1024;

/** What a data folder turned out to be. */
export type Audit = {
  /** A sentence for each thing that is wrong. */
  readonly wrong: readonly string[];
  readonly accounts: number;
  readonly letters: number;
  /** How many blobs there are, and how long they are together. */
  readonly blobs: number;
  readonly bytes: number;
};

/** What is done of what there is to do, in units of which only the proportion says something. */
export type AuditProgress = (done: number, total: number) => void;

/** A blob as its row has it. `chunks` is null for one that lies in a file. */
type BlobRow = {
  readonly hash: BlobHash;
  readonly id: number;
  readonly sizeBytes: number;
  readonly chunks: number | null;
  readonly stretch: Stretch | null;
  /** How long it is where it lies, if it is compressed. */
  readonly zstdBytes: number | null;
};

const blobOf = (row: Row): BlobRow => ({
  hash: text(row[0]) as BlobHash,
  id: integer(row[1]),
  sizeBytes: integer(row[2]),
  chunks: row[3] === null ? null : integer(row[3]),
  stretch: stretchOf(row[4], row[5], integer(row[6] ?? row[2])),
  zstdBytes: row[6] === null ? null : integer(row[6]),
});

/** Whether the bytes that lie there are the blob. */
const isSound = ({ hash, sizeBytes, zstdBytes }: BlobRow, stored: Uint8Array): boolean => {
  try {
    const whole = zstdBytes === null ? stored : decompress(stored, sizeBytes);
    return whole.length === sizeBytes && createHash('sha256').update(whole).digest('hex') === hash;
  } catch (cause) {
    if (cause instanceof StoreFault) return false;
    throw cause;
  }
};

class Auditor {
  readonly wrong: string[] = [];
  readonly #paths: FolderPaths;
  readonly #db: DatabaseSync;
  readonly #progress: AuditProgress;
  readonly #segments: SegmentFiles;

  constructor(paths: FolderPaths, db: DatabaseSync, progress: AuditProgress) {
    this.#paths = paths;
    this.#db = db;
    this.#progress = progress;
    this.#segments = new SegmentFiles(paths.blobs);
  }

  /** Everything; what it finds is in `wrong`. */
  audit(): Omit<Audit, 'wrong'> {
    const nothing = { accounts: 0, letters: 0, blobs: 0, bytes: 0 };
    const version = pragmaInteger(this.#db, 'user_version');
    if (version !== SCHEMA_VERSION) {
      this.wrong.push(
        `schema: the database has version ${version}; the server brings it to ${SCHEMA_VERSION}`,
      );
      return nothing;
    }
    const counts = this.#look('counts', nothing, () => this.#checkRows());
    this.#look('blobs', undefined, () => this.#checkBlobs(counts.bytes));
    this.#look('blob files', undefined, () => this.#checkOrphans());
    this.#look('search index', undefined, () => this.#checkIndexes());
    return counts;
  }

  /** A database may be so damaged that a question about it fails. The next one may still have an answer. */
  #look<Value>(name: string, otherwise: Value, look: () => Value): Value {
    try {
      return look();
    } catch (cause) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      this.wrong.push(`${name}: ${cause instanceof Error ? cause.message : String(cause)}`);
      return otherwise;
    }
  }

  /** SQLite's own check, every count and every reference, on one state of everything. */
  #checkRows(): Omit<Audit, 'wrong'> {
    this.#db.exec('BEGIN');
    const arrays = { returnArrays: true };
    for (const row of allRows(this.#db.prepare('PRAGMA integrity_check', arrays)))
      if (row[0] !== 'ok') this.wrong.push(`integrity: ${text(row[0])}`);
    for (const [name, sql] of AUDIT_CHECKS)
      for (const row of allRows(this.#db.prepare(sql, arrays))) this.wrong.push(`${name}: ${String(row[0])}`);
    const [accounts, letters, blobs, size] = firstRow(this.#db.prepare(COUNTS, arrays)) ?? [];
    this.#db.exec('COMMIT');
    return {
      accounts: integer(accounts),
      letters: integer(letters),
      blobs: integer(blobs),
      bytes: integer(size),
    };
  }

  /** Every blob against its hash; in pages, so that the log of a server that writes can be moved meanwhile. */
  #checkBlobs(total: number): void {
    const page = this.#db.prepare(BLOBS, { returnArrays: true });
    let done = 0;
    for (let last = -1; ;) {
      this.#db.exec('BEGIN');
      const blobs = allRows(page, last).map(blobOf);
      for (const blob of blobs.filter(({ chunks, stretch }) => chunks !== null && stretch === null))
        this.#checkRowsOf(blob);
      this.#db.exec('COMMIT');
      for (const blob of blobs) {
        if (blob.stretch !== null) this.#checkStretch(blob, blob.stretch);
        else if (blob.chunks === null) this.#checkFile(blob);
        done += blob.sizeBytes;
        this.#progress(Math.min(done, total), total);
      }
      const end = blobs.at(-1);
      if (end === undefined) return;
      last = end.id;
    }
  }

  #checkRowsOf(blob: BlobRow): void {
    const rows = allRows(
      this.#db.prepare(CHUNKS, { returnArrays: true }),
      blob.id,
      blob.id + (blob.chunks ?? 0),
    );
    const stored = Buffer.concat(rows.map((row) => bytes(row[0])));
    if (!isSound(blob, stored)) this.wrong.push(`blob differs from its hash: ${blob.hash}`);
  }

  /** A blob in a segment. Its row is looked at after it once more: it may have been moved or removed meanwhile. */
  #checkStretch(blob: BlobRow, stretch: Stretch): void {
    const why = this.#faultOf(blob, stretch);
    if (why === null) return;
    const row = firstRow(this.#db.prepare(BLOB, { returnArrays: true }), blob.id);
    if (row === undefined) return;
    const now = blobOf(row);
    if (now.stretch === null || now.stretch.segment === stretch.segment) this.wrong.push(why);
    else this.#checkStretch(now, now.stretch);
  }

  #faultOf(blob: BlobRow, stretch: Stretch): string | null {
    try {
      return isSound(blob, this.#segments.read(stretch)) ? null : `blob differs from its hash: ${blob.hash}`;
    } catch (cause) {
      return `blob ${blob.hash}: ${cause instanceof Error ? cause.message : String(cause)}`;
    }
  }

  /** The file of a blob. Its row is looked at after it once more: whoever removes a letter removes both. */
  #checkFile({ hash, id, sizeBytes }: BlobRow): void {
    const found = hashOfFile(path.join(this.#paths.blobs, hash.slice(0, 2), hash));
    if (found?.hash === hash && found.sizeBytes === sizeBytes) return;
    if (firstRow(this.#db.prepare(HAS_BLOB, { returnArrays: true }), id) === undefined) return;
    this.wrong.push(found === null ? `blob file missing: ${hash}` : `blob differs from its hash: ${hash}`);
  }

  /**
   * The files without a row. What a writer is about to commit, or to remove, is without one for a moment, so the look
   * is taken between two transactions, and again when the writer of the last one had time to clear up behind it.
   */
  #checkOrphans(): void {
    const hasFile = this.#db.prepare(HAS_FILE, { returnArrays: true });
    const hasSegment = this.#db.prepare(HAS_SEGMENT, { returnArrays: true });
    const files = new BlobFiles(this.#paths.blobs);
    const look = (): readonly string[] => [
      ...files.orphans((hash) => firstRow(hasFile, Buffer.from(hash, 'hex')) !== undefined),
      ...files.segments
        .present()
        .filter((segment) => firstRow(hasSegment, segment) === undefined)
        .map((segment) => files.segments.path(segment)),
    ];
    if (look().length === 0) return;
    const before = new Set(betweenTransactions(this.#paths, look));
    if (before.size === 0) return;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)), 0, 0, LINGER_MS);
    for (const file of betweenTransactions(this.#paths, look))
      if (before.has(file)) this.wrong.push(`orphan: ${file}`);
  }

  /** The indexes of words; what is wrong with one is healed by removing its file. */
  #checkIndexes(): void {
    const { search } = this.#paths;
    for (const name of fs.existsSync(search) ? fs.readdirSync(search).sort() : []) {
      const file = path.join(search, name);
      if (!name.endsWith('.db')) continue;
      try {
        const found = integrityOf(file);
        if (found !== 'ok') this.wrong.push(`search index ${file}: ${found}`);
      } catch (cause) {
        // Nobody misses an index that is removed with its account, or made anew, at this moment.
        if (fs.existsSync(file)) throw new Error(`${file} cannot be read`, { cause });
      }
    }
  }
}

const integrityOf = (file: string): string => {
  const db = openForReading(file, BUSY_MS);
  try {
    return text(firstRow(db.prepare('PRAGMA integrity_check(1)', { returnArrays: true }))?.[0]);
  } finally {
    db.close();
  }
};

/** The SHA-256 and length of a file, read piece by piece; null where it is not there. */
const hashOfFile = (file: string): { readonly hash: string; readonly sizeBytes: number } | null => {
  let handle: number;
  try {
    handle = fs.openSync(file, 'r');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
    throw cause;
  }
  try {
    const digest = createHash('sha256');
    const piece = Buffer.allocUnsafe(PIECE_BYTES);
    let sizeBytes = 0;
    for (;;) {
      const read = fs.readSync(handle, piece, 0, piece.length, null);
      if (read === 0) return { hash: digest.digest('hex'), sizeBytes };
      digest.update(piece.subarray(0, read));
      sizeBytes += read;
    }
  } finally {
    fs.closeSync(handle);
  }
};

/** A connection with the write lock; null where none is to be had. */
const beginWriting = (database: string): DatabaseSync | null => {
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(database, { timeout: BUSY_MS });
    db.exec('BEGIN IMMEDIATE');
    return db;
  } catch (cause) {
    db?.close();
    if (/readonly|locked|busy|unable to open/i.test(cause instanceof Error ? cause.message : '')) return null;
    throw cause;
  }
};

/** Looks while nobody writes. A folder that this user cannot write to is looked at as it is. */
const betweenTransactions = <Value>({ database }: FolderPaths, look: () => Value): Value => {
  const db = beginWriting(database);
  if (db === null) return look();
  try {
    return look();
  } finally {
    db.exec('ROLLBACK');
    db.close();
  }
};

/**
 * Verifies a data folder as a whole, also while a server writes to it: SQLite's own check, every count and reference,
 * every blob against its hash, that no blob file is without a row, and the indexes of words. Changes nothing. Reads
 * everything, so it is no part of a start. Throws where the database cannot be opened.
 */
export const auditStore = (folder: string, progress: AuditProgress): Audit => {
  const paths = folderPaths(folder);
  const db = openForReading(paths.database, BUSY_MS);
  try {
    const auditor = new Auditor(paths, db, progress);
    return { ...auditor.audit(), wrong: auditor.wrong };
  } finally {
    db.close();
  }
};

/** What is wrong with a data folder, a sentence each. */
export const auditFolder = (folder: string): readonly string[] => auditStore(folder, () => {}).wrong;
