import fs from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { StoreFault } from '../fault.ts';
import { allRows, firstRow, integer } from './column.ts';
import type { Ledger } from './ledger.ts';
import type { SegmentFiles, Stretch } from './segment-files.ts';

/** Segments of which less than this share is in use are moved together. */
const SPARSE_SHARE = 0.5;

const ACTIVE = 'SELECT id, size_bytes, used_bytes FROM segment ORDER BY id DESC LIMIT 1';
const INSERT = 'INSERT INTO segment (id, size_bytes, used_bytes) VALUES (?, ?, ?)';
const SAVE = 'UPDATE segment SET size_bytes = ?, used_bytes = used_bytes + ? WHERE id = ?';
const FREE = 'UPDATE segment SET used_bytes = used_bytes - ? WHERE id = ? RETURNING used_bytes';
const DELETE = 'DELETE FROM segment WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM blob WHERE segment = ?1)';
const HAS = 'SELECT 1 FROM segment WHERE id = ?';
const SPARSE = `SELECT id FROM segment WHERE used_bytes < size_bytes * ${SPARSE_SHARE}
  AND id < (SELECT max(id) FROM segment) ORDER BY id`;

/** The segment that letters are written to now. */
type Active = { readonly id: number; readonly isNew: boolean; sizeBytes: number; added: number };

/** Letters of middle length, one after the other in files that only grow; inside the writer's transaction. */
export class SegmentRows {
  readonly #files: SegmentFiles;
  readonly #ledger: Ledger;
  readonly #findActive: StatementSync;
  readonly #insert: StatementSync;
  readonly #save: StatementSync;
  readonly #free: StatementSync;
  readonly #delete: StatementSync;
  readonly #has: StatementSync;
  readonly #sparse: StatementSync;
  #active: Active | null = null;
  /** The open file of a segment, kept from one transaction to the next. */
  #open: { readonly segment: number; readonly handle: number } | null = null;
  /** Whether the segment was looked at in the transaction under way. */
  #isSeen = false;
  /** What was appended to in the transaction under way. */
  #unsynced: number | null = null;
  /** Up to where segments were written to in the transaction under way. */
  readonly #reached = new Map<number, number>();
  /** The same of commits that the disk did not confirm: a crash may still find them, so their letters stay as they are. */
  readonly #unconfirmed = new Map<number, number>();
  /** Files that were begun in the transaction under way. */
  #made: number[] = [];
  /** Files whose rows are gone. They are removed under the lock of a later transaction, when that is on disk. */
  #doomed: number[] = [];

  constructor(db: DatabaseSync, files: SegmentFiles, ledger: Ledger) {
    this.#files = files;
    this.#ledger = ledger;
    this.#findActive = db.prepare(ACTIVE, { returnArrays: true });
    this.#insert = db.prepare(INSERT);
    this.#save = db.prepare(SAVE);
    this.#free = db.prepare(FREE, { returnArrays: true });
    this.#delete = db.prepare(DELETE);
    this.#has = db.prepare(HAS);
    this.#sparse = db.prepare(SPARSE, { returnArrays: true });
  }

  /** Writes the blob behind what is there. It is on disk after `sync`. */
  append(chunks: readonly Uint8Array[], sizeBytes: number): Stretch {
    const active = this.#writable();
    const stretch = { segment: active.id, offset: active.sizeBytes, sizeBytes };
    writeAt(this.#handle(active), chunks, stretch.offset);
    this.#unsynced = active.id;
    active.sizeBytes += sizeBytes;
    this.#reached.set(active.id, active.sizeBytes);
    active.added += sizeBytes;
    return stretch;
  }

  /** A blob lies there no more. The last one takes the segment along. */
  free({ segment, sizeBytes }: Stretch): void {
    this.save();
    const row = firstRow(this.#free, sizeBytes, segment);
    if (row === undefined) throw new StoreFault(`no segment ${segment}`);
    if (integer(row[0]) > 0 || this.#delete.run(segment).changes === 0) return;
    this.#active = null;
    this.#isSeen = false;
    this.#doomed.push(segment);
  }

  /** Makes what was appended durable. Before the commit of the rows that tell of it. */
  sync(): void {
    if (this.#unsynced !== null) fs.fdatasyncSync(this.#handle({ id: this.#unsynced, isNew: false }));
    this.#unsynced = null;
  }

  /** Writes back how far the segment is used. */
  save(): void {
    const active = this.#active;
    if (active === null || active.added === 0) return;
    if (active.isNew) this.#insert.run(active.id, active.sizeBytes, active.added);
    else this.#save.run(active.sizeBytes, active.added, active.id);
    this.#active = { ...active, isNew: false, added: 0 };
  }

  /** A transaction begins: what an earlier one has appended is durable, or nobody's. */
  begin(): void {
    this.#unsynced = null;
    this.#reached.clear();
    this.#isSeen = false;
  }

  /** The transaction under way is on disk. */
  keepMade(): void {
    this.#made = [];
  }

  /** The transaction under way may be on disk: what it wrote is not written over. */
  keepUnconfirmed(): void {
    this.keepMade();
    for (const [segment, end] of this.#reached)
      this.#unconfirmed.set(segment, Math.max(end, this.#unconfirmed.get(segment) ?? 0));
  }

  /** What was begun in the transaction under way goes with a later one, unless it has a row then. */
  doomMade(): void {
    this.#doomed.push(...this.#made.splice(0));
  }

  /** Reads anew from now on, the file as well: another process may have removed it, and made one of that number anew. */
  forget(): void {
    this.#active = null;
    this.#isSeen = false;
    this.close();
  }

  /** The segments of which most is nobody's any more. */
  sparse(): readonly number[] {
    return allRows(this.#sparse).map((row) => integer(row[0]));
  }

  /** Removes the files whose rows a transaction before this one has deleted. Called under the write lock. */
  removeDoomed(): void {
    for (const segment of this.#doomed.splice(0)) if (!this.has(segment)) this.#remove(segment);
  }

  get hasDoomed(): boolean {
    return this.#doomed.length > 0;
  }

  /** The files without a row, which a crash left. */
  orphans(): readonly number[] {
    return this.#files.present().filter((segment) => !this.has(segment));
  }

  /** Removes the orphans and says how many there were. Called under the write lock. */
  sweep(): number {
    const orphans = this.orphans();
    for (const segment of orphans) this.#remove(segment);
    return orphans.length;
  }

  /** Whether there is a row of that number. */
  has(segment: number): boolean {
    return firstRow(this.#has, segment) !== undefined;
  }

  close(): void {
    if (this.#open !== null) fs.closeSync(this.#open.handle);
    this.#open = null;
  }

  #writable(): Active {
    if (!this.#isSeen) this.#look();
    if (this.#active !== null && this.#active.sizeBytes < this.#files.fullBytes) return this.#active;
    this.save();
    const id = this.#ledger.nextSegment();
    this.#active = { id, isNew: true, sizeBytes: this.#unconfirmed.get(id) ?? 0, added: 0 };
    return this.#active;
  }

  /** Once in a transaction: a segment whose file somebody has removed or cut takes no more letters. */
  #look(): void {
    this.#isSeen = true;
    const row = this.#active === null ? firstRow(this.#findActive) : undefined;
    if (row !== undefined)
      this.#active = { id: integer(row[0]), isNew: false, sizeBytes: integer(row[1]), added: 0 };
    if (this.#active === null) return;
    const { id, sizeBytes } = this.#active;
    this.#active.sizeBytes = Math.max(sizeBytes, this.#unconfirmed.get(id) ?? 0);
    if (this.#open?.segment === id && fs.fstatSync(this.#open.handle).nlink === 0) this.close();
    if (this.#files.has({ segment: id, offset: 0, sizeBytes })) return;
    this.close();
    this.#active = { id, isNew: false, sizeBytes: this.#files.fullBytes, added: 0 };
  }

  /** The file to write to. Of the one before, what was appended in this transaction is made durable first. */
  #handle({ id, isNew }: Pick<Active, 'id' | 'isNew'>): number {
    if (this.#open?.segment === id) return this.#open.handle;
    if (this.#unsynced !== null && this.#unsynced !== id) this.sync();
    this.close();
    if (isNew) this.#made.push(id);
    this.#open = { segment: id, handle: isNew ? this.#files.create(id) : this.#files.open(id) };
    return this.#open.handle;
  }

  #remove(segment: number): void {
    if (this.#open?.segment === segment) this.close();
    this.#files.remove(segment);
  }
}

const writeAt = (handle: number, chunks: readonly Uint8Array[], offset: number): void => {
  const sizeBytes = chunks.reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (fs.writevSync(handle, chunks, offset) === sizeBytes) return;
  // A disk that takes less than all at once is given the rest piece by piece, and says why it takes no more.
  let at = offset;
  for (const chunk of chunks)
    for (let done = 0; done < chunk.byteLength;) {
      const written = fs.writeSync(handle, chunk, done, chunk.byteLength - done, at);
      done += written;
      at += written;
    }
};
