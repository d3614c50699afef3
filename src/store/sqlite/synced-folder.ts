import fs from 'node:fs';
import path from 'node:path';

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

/**
 * Makes a folder that only its owner can enter, whatever the umask, and makes its name durable. That is done for one that is
 * there as well: a crash, or a disk that failed, may have come between its making and its syncing.
 */
export const makeFolder = (folder: string): void => {
  if (!fs.existsSync(folder)) {
    // Another thread or process may be faster.
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    fs.chmodSync(folder, 0o700);
  }
  syncFolder(path.dirname(folder));
};

/** Folders as `makeFolder` makes them, each synced once. */
export class MadeFolders {
  readonly #made = new Set<string>();

  make(folder: string): void {
    if (this.#made.has(folder) && fs.existsSync(folder)) return;
    makeFolder(folder);
    this.#made.add(folder);
  }
}
