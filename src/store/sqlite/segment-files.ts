import fs from 'node:fs';
import path from 'node:path';
import { StoreFault } from '../fault.ts';
import { integer, type Row } from './column.ts';
import { makeFolder, syncFolder } from './synced-folder.ts';

/** Where they lie, in the folder of the blobs. */
const FOLDER = 'segments';
/** No piece of a blob that is read in pieces is larger. */
const PIECE_BYTES = 256 * 1024;
/** A segment that is as long as this takes no more letters, where nothing else is said. */
const FULL_BYTES = 64 * 1024 * 1024;

/** Where a blob lies: in which segment, from which byte on, and how long it is. */
export type Stretch = { readonly segment: number; readonly offset: number; readonly sizeBytes: number };

/** The same out of two columns; null where a blob lies elsewhere. */
export const stretchOf = (
  segment: Row[number] | undefined,
  offset: Row[number] | undefined,
  sizeBytes: number,
): Stretch | null =>
  segment === null || segment === undefined
    ? null
    : { segment: integer(segment), offset: integer(offset), sizeBytes };

/**
 * Files in which many letters of middle length lie, one after the other: `blobs/segments/7`. The row of each says up to
 * where it is used; what lies behind is nobody's, and the next letter is written over it. Below that nothing changes.
 */
export class SegmentFiles {
  /** A segment that is as long as this takes no more letters. */
  readonly fullBytes: number;
  readonly #blobs: string;
  readonly #folder: string;

  /** `folder` is the data folder's `blobs`; what is missing is made when the first segment is. */
  constructor(folder: string, fullBytes: number = FULL_BYTES) {
    this.fullBytes = fullBytes;
    this.#blobs = folder;
    this.#folder = path.join(folder, FOLDER);
  }

  /** Where the segment of that number lies. */
  path(segment: number): string {
    return path.join(this.#folder, String(segment));
  }

  /** Opens a segment that is there for writing. */
  open(segment: number): number {
    return fs.openSync(this.path(segment), 'r+');
  }

  /**
   * Begins a segment, over what a crash or a disk that failed may have left of one of that number. Its name is on disk when this
   * returns, whoever made it.
   */
  create(segment: number): number {
    makeFolder(this.#blobs);
    makeFolder(this.#folder);
    const file = this.path(segment);
    const handle = fs.openSync(file, fs.existsSync(file) ? 'r+' : 'wx+', 0o600);
    try {
      fs.fchmodSync(handle, 0o600);
      syncFolder(this.#folder);
      return handle;
    } catch (cause) {
      fs.closeSync(handle);
      throw cause;
    }
  }

  /** Whether the file is there and long enough. */
  has({ segment, offset, sizeBytes }: Stretch): boolean {
    const found = fs.statSync(this.path(segment), { throwIfNoEntry: false });
    return found !== undefined && found.size >= offset + sizeBytes;
  }

  /** The bytes of a blob. Throws where the file is gone, or ends before. */
  read(stretch: Stretch): Uint8Array {
    const handle = fs.openSync(this.path(stretch.segment), 'r');
    try {
      return readFully(handle, stretch, 0, stretch.sizeBytes);
    } finally {
      fs.closeSync(handle);
    }
  }

  /**
   * The bytes of a blob from `start` up to `end`, as they are asked for. The file is opened now, so it can be read to its end
   * even where it is removed meanwhile; whoever asks for the first piece has to go on to the last, or end the iteration.
   */
  openPieces(
    stretch: Stretch,
    { start, end }: { readonly start: number; readonly end: number },
  ): Iterable<Uint8Array> {
    return readPieces(fs.openSync(this.path(stretch.segment), 'r'), stretch, start, end);
  }

  remove(segment: number): void {
    fs.rmSync(this.path(segment), { force: true });
  }

  /** The numbers of the files that are there. */
  present(): readonly number[] {
    const names = fs.existsSync(this.#folder) ? fs.readdirSync(this.#folder) : [];
    return names.filter((name) => /^[1-9]\d{0,14}$/.test(name)).map(Number);
  }
}

function* readPieces(handle: number, stretch: Stretch, start: number, end: number): Generator<Uint8Array> {
  try {
    for (let at = start; at < end; at += PIECE_BYTES)
      yield readFully(handle, stretch, at, Math.min(PIECE_BYTES, end - at));
  } finally {
    fs.closeSync(handle);
  }
}

const readFully = (
  handle: number,
  { segment, offset }: Stretch,
  from: number,
  length: number,
): Uint8Array => {
  const piece = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const read = fs.readSync(handle, piece, at, length - at, offset + from + at);
    if (read === 0)
      throw new StoreFault(
        `segment ${segment} ends at ${offset + from + at}, in the middle of a letter: put it back from a backup; "letterlock check" tells what else is damaged`,
      );
    at += read;
  }
  return piece;
};
