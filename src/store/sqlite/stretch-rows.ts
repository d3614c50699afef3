import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { allRows, integer, type Row } from './column.ts';
import type { Ledger } from './ledger.ts';
import type { NewBlob } from './new-blob.ts';
import type { SegmentFiles, Stretch } from './segment-files.ts';
import type { SegmentRows } from './segment-rows.ts';

/** No transaction moves much more than this, or more letters, from one segment to another. */
const MOST_MOVED = { bytes: 4 * 1024 * 1024, letters: 500 };

const INSERT = `INSERT INTO blob (id, hash, size_bytes, chunks, refs, segment, segment_offset, zstd_bytes)
  VALUES (?, ?, ?, 0, ?, ?, ?, ?)`;
const FIND = `SELECT id, segment_offset, coalesce(zstd_bytes, size_bytes), zstd_bytes FROM blob
  WHERE segment = ? AND segment_offset > ? ORDER BY segment_offset LIMIT 64`;
const MOVE = 'UPDATE blob SET segment = ?, segment_offset = ?, zstd_bytes = ? WHERE id = ?';

/** What lies somewhere, or is to lie there; `sizeBytes` is how long it is there. */
type Stored = Pick<NewBlob, 'chunks' | 'sizeBytes' | 'zstdBytes'>;

/** The blobs that lie in segments, inside the writer's transaction. */
export class StretchRows {
  readonly #files: SegmentFiles;
  readonly #segments: SegmentRows;
  readonly #ledger: Ledger;
  readonly #insert: StatementSync;
  readonly #find: StatementSync;
  readonly #move: StatementSync;

  constructor(db: DatabaseSync, parts: { files: SegmentFiles; segments: SegmentRows; ledger: Ledger }) {
    this.#files = parts.files;
    this.#segments = parts.segments;
    this.#ledger = parts.ledger;
    this.#insert = db.prepare(INSERT);
    this.#find = db.prepare(FIND, { returnArrays: true });
    this.#move = db.prepare(MOVE);
  }

  /** Appends a new blob to which so many letters refer; gives its number. */
  insert({ hash, sizeBytes, chunks, zstdBytes }: NewBlob, letters: number): number {
    const { segment, offset } = this.#segments.append(chunks, zstdBytes ?? sizeBytes);
    const id = this.#ledger.nextBlob(1);
    this.#insert.run(id, Buffer.from(hash, 'hex'), sizeBytes, letters, segment, offset, zstdBytes);
    return id;
  }

  /** Appends a blob that is there; from now on it lies here and not at `from`. */
  move(blob: number, from: Stretch, { chunks, sizeBytes, zstdBytes }: Stored): void {
    const { segment, offset } = this.#segments.append(chunks, sizeBytes);
    this.#move.run(segment, offset, zstdBytes, blob);
    this.#segments.free(from);
  }

  /**
   * Moves some of the blobs that are left in segments, most of which is nobody's any more, to the one that is written to; says
   * whether there is more to move. What cannot be read stays where it is.
   */
  compact(): boolean {
    const left = { ...MOST_MOVED };
    for (const segment of this.#segments.sparse())
      for (const row of this.#blobsIn(segment)) {
        if (left.bytes <= 0 || left.letters <= 0) return true;
        const moved = this.#moveOut(segment, row);
        left.bytes -= moved;
        left.letters -= moved > 0 ? 1 : 0;
      }
    return false;
  }

  /** In pages, as there may be tens of thousands of which few are moved now. */
  *#blobsIn(segment: number): Generator<Row> {
    for (let at = -1; ;) {
      const page = allRows(this.#find, segment, at);
      yield* page;
      const last = page.at(-1);
      if (last === undefined) return;
      at = integer(last[1]);
    }
  }

  /** Says how many bytes that were; none where the blob cannot be read. */
  #moveOut(segment: number, row: Row): number {
    const stretch = { segment, offset: integer(row[1]), sizeBytes: integer(row[2]) };
    const found = this.#readable(stretch);
    if (found === null) return 0;
    const { sizeBytes } = stretch;
    const zstdBytes = row[3] === null ? null : integer(row[3]);
    this.move(integer(row[0]), stretch, { chunks: [found], sizeBytes, zstdBytes });
    return sizeBytes;
  }

  #readable(stretch: Stretch): Uint8Array | null {
    try {
      return this.#files.read(stretch);
    } catch {
      return null;
    }
  }
}
