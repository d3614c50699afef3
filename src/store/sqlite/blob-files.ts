import fs from 'node:fs';
import path from 'node:path';
import type { BlobHash } from '../port.ts';
import { StoreFault } from '../fault.ts';
import { isBlobHash } from '../rules.ts';

/** Makes what a folder names durable. Windows has no such call; NTFS journals names by itself. */
export const syncFolder = (folder: string): void => {
  if (process.platform === 'win32') return;
  const handle = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
};

/** Makes a folder that only its owner can enter, whatever the umask, and makes its name durable. */
const makeFolder = (folder: string): void => {
  if (fs.existsSync(folder)) return;
  fs.mkdirSync(folder, { mode: 0o700 });
  fs.chmodSync(folder, 0o700);
  syncFolder(path.dirname(folder));
};

const writeAll = (handle: number, chunks: readonly Uint8Array[]): void => {
  for (const chunk of chunks)
    for (let at = 0; at < chunk.length;) at += fs.writeSync(handle, chunk, at, chunk.length - at);
};

/**
 * The letters that are too large for rows, a file each, named by their SHA-256: `blobs/ab/abcdef…`. A name appears only
 * when its bytes are on disk. `write` and `sweep` are called under the database's write lock and only there, so that
 * what `sweep` finds without a row is no other process's work under way.
 */
export class BlobFiles {
  readonly #folder: string;

  /** `folder` is the data folder's `blobs`; it is made when the first file is. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  #path(hash: BlobHash): string {
    return path.join(this.#folder, hash.slice(0, 2), hash);
  }

  /** Writes and syncs the file and its name; returns when a crash can no longer take it away. */
  write(hash: BlobHash, chunks: readonly Uint8Array[]): void {
    const target = this.#path(hash);
    const shelf = path.dirname(target);
    makeFolder(this.#folder);
    makeFolder(shelf);
    const partial = `${target}.part`;
    fs.rmSync(partial, { force: true });
    const handle = fs.openSync(partial, 'wx', 0o600);
    try {
      fs.fchmodSync(handle, 0o600);
      writeAll(handle, chunks);
      fs.fsyncSync(handle);
    } finally {
      fs.closeSync(handle);
    }
    fs.renameSync(partial, target);
    syncFolder(shelf);
  }

  /** Whether the file is there with that length. */
  has(hash: BlobHash, sizeBytes: number): boolean {
    return fs.statSync(this.#path(hash), { throwIfNoEntry: false })?.size === sizeBytes;
  }

  /** The file's bytes. Throws where it is missing or has another length than its row says. */
  async read(hash: BlobHash, sizeBytes: number): Promise<Uint8Array> {
    const bytes = await fs.promises.readFile(this.#path(hash));
    if (bytes.length !== sizeBytes)
      throw new StoreFault(`blob file ${hash} has ${bytes.length} bytes and not ${sizeBytes}`);
    return bytes;
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
