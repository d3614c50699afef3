import fs from 'node:fs';
import path from 'node:path';
import type { BlobHash, SpoolId } from '../port.ts';
import { StoreFault } from '../fault.ts';
import { isBlobHash } from '../rules.ts';
import { SegmentFiles } from './segment-files.ts';
import { MadeFolders, makeFolder, syncFolder } from './synced-folder.ts';

/** Where letters lie while they come in, in the folder of the blobs. */
const SPOOL_FOLDER = 'spool';
/** Whose it is, and which. */
const SPOOL_NAME = /^\d+-[0-9a-f-]{36}$/;

/** No piece of a file that is read in pieces is larger. */
const PIECE_BYTES = 256 * 1024;

const writeAll = (handle: number, chunks: readonly Uint8Array[]): void => {
  for (const chunk of chunks)
    for (let at = 0; at < chunk.length;) at += fs.writeSync(handle, chunk, at, chunk.length - at);
};

const writeSynced = (file: string, chunks: readonly Uint8Array[]): void => {
  const handle = fs.openSync(file, 'wx', 0o600);
  try {
    fs.fchmodSync(handle, 0o600);
    writeAll(handle, chunks);
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
};

/**
 * The letters that are too large for rows, a file each, named by their SHA-256: `blobs/ab/abcdef…`. A name appears only
 * when its bytes are on disk. `write` and `sweep` are called under the database's write lock and only there, so that
 * what `sweep` finds without a row is no other process's work under way.
 */
export class BlobFiles {
  /** The files that several letters share. */
  readonly segments: SegmentFiles;
  readonly #folder: string;
  readonly #folders = new MadeFolders();

  /** `folder` is the data folder's `blobs`; it is made when the first file is. */
  constructor(folder: string, segmentBytes?: number) {
    this.segments = new SegmentFiles(folder, segmentBytes);
    this.#folder = folder;
  }

  #path(hash: BlobHash): string {
    return path.join(this.#folder, hash.slice(0, 2), hash);
  }

  /**
   * Writes and syncs the file and its name; returns when a crash can no longer take it away. Of one that cannot be written
   * nothing is left: where the disk is full, half a letter would keep smaller ones out.
   */
  write(hash: BlobHash, chunks: readonly Uint8Array[]): void {
    const target = this.#path(hash);
    const shelf = path.dirname(target);
    this.#folders.make(this.#folder);
    this.#folders.make(shelf);
    const partial = `${target}.part`;
    fs.rmSync(partial, { force: true });
    try {
      writeSynced(partial, chunks);
      fs.renameSync(partial, target);
    } catch (cause) {
      fs.rmSync(partial, { force: true });
      throw cause;
    }
    syncFolder(shelf);
  }

  /** Takes a spooled file over, whose bytes are on disk already, under the name of its hash. */
  adopt(hash: BlobHash, spool: SpoolId): void {
    const target = this.#path(hash);
    const shelf = path.dirname(target);
    this.#folders.make(this.#folder);
    this.#folders.make(shelf);
    // Linked and not renamed: a group that is rolled back and done again finds it a second time.
    fs.rmSync(target, { force: true });
    fs.linkSync(this.spoolPath(spool), target);
    syncFolder(shelf);
  }

  /** How long the spooled file is. */
  spooledBytes(spool: SpoolId): number {
    return fs.statSync(this.spoolPath(spool)).size;
  }

  /** The bytes of a spooled file. */
  readSpool(spool: SpoolId): Uint8Array {
    return fs.readFileSync(this.spoolPath(spool));
  }

  /** Where a spooled file lies. */
  spoolPath(spool: SpoolId): string {
    if (!SPOOL_NAME.test(spool)) throw new StoreFault('something was given that is no spooled letter');
    return path.join(this.#folder, SPOOL_FOLDER, spool);
  }

  remove(hash: BlobHash): void {
    fs.rmSync(this.#path(hash), { force: true });
  }

  /** Whether the file is there with that length. */
  has(hash: BlobHash, sizeBytes: number): boolean {
    return fs.statSync(this.#path(hash), { throwIfNoEntry: false })?.size === sizeBytes;
  }

  /** The file's bytes. Throws where it is missing or has another length than its row says. */
  async read(hash: BlobHash, sizeBytes: number): Promise<Uint8Array> {
    const bytes = await fs.promises.readFile(this.#path(hash));
    if (bytes.length !== sizeBytes)
      throw new StoreFault(
        `blob file ${hash} has ${bytes.length} bytes and not ${sizeBytes}: put it back from a backup; "letterlock check" tells what else is damaged`,
      );
    return bytes;
  }

  /** The file's bytes from `start` up to `end`, as they are asked for. */
  async *pieces(
    hash: BlobHash,
    sizeBytes: number,
    { start, end }: { readonly start: number; readonly end: number },
  ): AsyncIterable<Uint8Array> {
    const handle = await fs.promises.open(this.#path(hash), 'r');
    try {
      const { size } = await handle.stat();
      if (size !== sizeBytes)
        throw new StoreFault(
          `blob file ${hash} has ${size} bytes and not ${sizeBytes}: put it back from a backup; "letterlock check" tells what else is damaged`,
        );
      for (let at = start; at < end;) {
        const piece = new Uint8Array(Math.min(PIECE_BYTES, end - at));
        const { bytesRead } = await handle.read(piece, 0, piece.length, at);
        if (bytesRead === 0)
          throw new StoreFault(
            `blob file ${hash} ends at ${at} and not at ${sizeBytes}: put it back from a backup; "letterlock check" tells what else is damaged`,
          );
        at += bytesRead;
        yield piece.subarray(0, bytesRead);
      }
    } finally {
      await handle.close();
    }
  }

  /** Makes the folder where letters lie while they come in. */
  makeSpoolFolder(): void {
    // After a crash nobody looks for what is in it, so nothing has to be synced that is there.
    for (const folder of [this.#folder, path.join(this.#folder, SPOOL_FOLDER)])
      if (!fs.existsSync(folder)) makeFolder(folder);
  }

  /** Removes what dead processes have left of letters that were coming in. */
  sweepSpool(isAlive: (pid: number) => boolean): void {
    const folder = path.join(this.#folder, SPOOL_FOLDER);
    for (const name of fs.existsSync(folder) ? fs.readdirSync(folder) : []) {
      const pid = /^(\d+)-/.exec(name)?.[1];
      if (pid !== undefined && !isAlive(Number(pid))) fs.rmSync(path.join(folder, name), { force: true });
    }
  }

  /** The files that nothing refers to: left by a crash between a file and its row, or never finished. */
  orphans(hasRow: (hash: BlobHash) => boolean): readonly string[] {
    const found: string[] = [];
    for (const shelf of fs.existsSync(this.#folder) ? fs.readdirSync(this.#folder) : []) {
      if (!/^[0-9a-f]{2}$/.test(shelf)) continue;
      for (const name of fs.readdirSync(path.join(this.#folder, shelf))) {
        const hash = name.endsWith('.part') ? name.slice(0, -'.part'.length) : name;
        if (isBlobHash(hash) && (hash !== name || !hasRow(hash)))
          found.push(path.join(this.#folder, shelf, name));
      }
    }
    return found;
  }

  /** Removes the orphans; names that this class did not give are left alone. */
  sweep(hasRow: (hash: BlobHash) => boolean): number {
    const orphans = this.orphans(hasRow);
    for (const file of orphans) fs.rmSync(file, { force: true });
    return orphans.length;
  }
}
