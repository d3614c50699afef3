import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { AccountId, BlobHash, LetterId, QueueId, ServedLetter } from '../port.ts';
import { StoreFault } from '../fault.ts';
import type { Eventually } from '../../result.ts';
import type { BlobFiles } from './blob-files.ts';
import { bytes, firstRow, integer, text, type Row } from './column.ts';
import { decompress } from './compression.ts';
import { parseOmitted } from './omitted-column.ts';
import { stretchOf, type Stretch } from './segment-files.ts';

const COLUMNS = 'b.hash, b.id, b.size_bytes, b.chunks, b.segment, b.segment_offset, b.zstd_bytes';
const BLOB = `SELECT ${COLUMNS} FROM letter l JOIN blob b ON b.id = l.blob WHERE l.id = ? AND l.account = ?`;
const QUEUED_BLOB = `SELECT ${COLUMNS} FROM queue_entry q JOIN blob b ON b.id = q.blob WHERE q.id = ?`;
const SERVED = `SELECT l.prefix, l.omitted, ${COLUMNS}, c.bytes FROM letter l JOIN blob b ON b.id = l.blob
  LEFT JOIN blob_chunk c ON c.id = b.id AND b.chunks = 1 WHERE l.id = ? AND l.account = ?`;
const CHUNK = 'SELECT bytes FROM blob_chunk WHERE id = ?';

/** A longer one is served in pieces. */
const MAX_SERVED_BYTES = 256 * 1024;

/** Bytes from `start` up to, and without, `end`. */
type Range = { readonly start: number; readonly end: number };
type Found = {
  readonly hash: BlobHash;
  readonly id: number;
  readonly sizeBytes: number;
  /** null for a file of its own. */
  readonly chunks: number | null;
  /** Where in a segment it lies; null for another place. */
  readonly stretch: Stretch | null;
  /** How long it is where it lies, if it is compressed. */
  readonly zstdBytes: number | null;
};

const foundOf = (row: Row, from = 0): Found => ({
  hash: Buffer.from(bytes(row[from])).toString('hex') as BlobHash,
  id: integer(row[from + 1]),
  sizeBytes: integer(row[from + 2]),
  chunks: row[from + 3] === null ? null : integer(row[from + 3]),
  stretch: stretchOf(row[from + 4], row[from + 5], integer(row[from + 6] ?? row[from + 2])),
  zstdBytes: row[from + 6] === null ? null : integer(row[from + 6]),
});

/**
 * Reads where the letter lies, and looks again where it lies elsewhere by now: what is left in a segment is moved to another,
 * and the file is removed after that; a letter that was lost and came again may also be kept in another form.
 */
const whereItLies = <Value>(first: Found, find: () => Found | null, read: (at: Found) => Value): Value => {
  for (let at = first; ;) {
    try {
      return read(at);
    } catch (cause) {
      const now = find();
      if (now === null || now.stretch?.segment === at.stretch?.segment) throw cause;
      at = now;
    }
  }
};

const cut = function* (blob: Uint8Array, { start, end }: Range): Generator<Uint8Array> {
  for (let at = start; at < end; at += MAX_SERVED_BYTES)
    yield blob.subarray(at, Math.min(end, at + MAX_SERVED_BYTES));
};

/** What a letter is that lies there like this. */
const plain = (stored: Uint8Array, { zstdBytes, sizeBytes }: Found): Uint8Array =>
  zstdBytes === null ? stored : decompress(stored, sizeBytes);

/** The bytes of letters. */
export class BlobReader {
  readonly #files: BlobFiles;
  readonly #blob: StatementSync;
  readonly #queuedBlob: StatementSync;
  readonly #served: StatementSync;
  readonly #chunk: StatementSync;

  constructor(db: DatabaseSync, files: BlobFiles) {
    this.#files = files;
    this.#blob = db.prepare(BLOB, { returnArrays: true });
    this.#queuedBlob = db.prepare(QUEUED_BLOB, { returnArrays: true });
    this.#served = db.prepare(SERVED, { returnArrays: true });
    this.#chunk = db.prepare(CHUNK, { returnArrays: true });
  }

  /** The whole blob; null where the account has no such letter. */
  blob(account: AccountId, letter: LetterId): Eventually<Uint8Array | null> {
    const find = (): Found | null => this.#find(account, letter);
    const found = find();
    return found === null ? null : this.#whole(found, find);
  }

  /** All that it takes to serve the letter; one statement where it lies in one row, as nearly every one does. */
  served(account: AccountId, letter: LetterId): Eventually<ServedLetter | null> {
    const row = firstRow(this.#served, letter, account);
    if (row === undefined) return null;
    const parts = { prefix: bytes(row[0]), omitted: row[1] === null ? [] : parseOmitted(text(row[1])) };
    const only = row[9];
    const sizeBytes = integer(row[4]);
    if (only instanceof Uint8Array && only.length === sizeBytes) return { ...parts, bytes: only };
    if (sizeBytes > MAX_SERVED_BYTES) return { ...parts, bytes: null };
    const whole = this.#whole(foundOf(row, 2), () => this.#find(account, letter));
    return whole instanceof Promise
      ? whole.then((read) => ({ ...parts, bytes: read }))
      : { ...parts, bytes: whole };
  }

  #whole(found: Found, find: () => Found | null): Eventually<Uint8Array> {
    if (found.stretch !== null) return whereItLies(found, find, (at) => this.#inSegment(at));
    return found.chunks === null ? this.#files.read(found.hash, found.sizeBytes) : this.#inRows(found);
  }

  #inSegment(at: Found): Uint8Array {
    if (at.stretch === null) throw new StoreFault(`blob ${at.hash} lies in no segment`);
    return plain(this.#files.segments.read(at.stretch), at);
  }

  #inRows(found: Found): Uint8Array {
    const rows = [...this.#rows(found)];
    const [only] = rows;
    return plain(rows.length === 1 && only !== undefined ? only : new Uint8Array(Buffer.concat(rows)), found);
  }

  /** A piece of the blob in pieces; null where the account has no such letter. */
  pieces(account: AccountId, letter: LetterId, range?: Range): AsyncIterable<Uint8Array> | null {
    return this.#pieces(() => this.#find(account, letter), range);
  }

  /** Those of an entry of the queue. */
  queuedPieces(id: QueueId): AsyncIterable<Uint8Array> | null {
    return this.#pieces(() => {
      const row = firstRow(this.#queuedBlob, id);
      return row === undefined ? null : foundOf(row);
    });
  }

  #find(account: AccountId, letter: LetterId): Found | null {
    const row = firstRow(this.#blob, letter, account);
    return row === undefined ? null : foundOf(row);
  }

  #pieces(find: () => Found | null, range?: Range): AsyncIterable<Uint8Array> | null {
    const found = find();
    if (found === null) return null;
    const { start, end } = range ?? { start: 0, end: found.sizeBytes };
    if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start)
      throw new StoreFault(`a piece of a blob from ${start} to ${end}`);
    const within = { start: Math.min(start, found.sizeBytes), end: Math.min(end, found.sizeBytes) };
    if (found.stretch !== null) return this.#segmentPieces(found, find, within);
    return found.chunks === null
      ? this.#files.pieces(found.hash, found.sizeBytes, within)
      : this.#rowPieces(found, within);
  }

  /** A row is read when it is asked for, so that a slow reader holds one and not all. */
  async *#rowPieces(found: Found, within: Range): AsyncIterable<Uint8Array> {
    if (found.zstdBytes !== null) return yield* cut(this.#inRows(found), within);
    const { start, end } = within;
    let at = 0;
    for (const row of this.#rows(found)) {
      const piece = row.subarray(Math.max(0, start - at), Math.max(0, end - at));
      at += row.length;
      if (piece.length > 0) yield piece;
      if (at >= end) return;
    }
  }

  async *#segmentPieces(found: Found, find: () => Found | null, within: Range): AsyncIterable<Uint8Array> {
    yield* whereItLies(found, find, (at) =>
      at.stretch !== null && at.zstdBytes === null
        ? this.#files.segments.openPieces(at.stretch, within)
        : cut(this.#inSegment(at), within),
    );
  }

  *#rows({ hash, id, sizeBytes, chunks, zstdBytes }: Found): Iterable<Uint8Array> {
    let foundBytes = 0;
    for (let index = 0; index < (chunks ?? 0); index++) {
      const row = firstRow(this.#chunk, id + index);
      if (row === undefined) throw new StoreFault(`blob ${hash} lacks its row ${index} of ${chunks}`);
      const chunk = bytes(row[0]);
      foundBytes += chunk.length;
      yield chunk;
    }
    const stored = zstdBytes ?? sizeBytes;
    if (foundBytes !== stored) throw new StoreFault(`blob ${hash} has ${foundBytes} bytes and not ${stored}`);
  }
}
