import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../clock.ts';

const temporaryPrefix = '.unfinished-';
/** What a killed process left behind is removed after this long: no live process writes one file for an hour. */
const leftoverAgeMs = 3_600_000;

/** Makes the folder (and its parents) readable by its owner only; leaves one that is there as it is. */
export async function ensurePrivateFolder(folder: string): Promise<void> {
  if (await makeFolder(folder)) return;
  await ensurePrivateFolder(dirname(folder));
  // What is still refused now is refused for good: below /proc every new name is `ENOENT`, whatever the parent.
  if (!(await makeFolder(folder))) await mkdir(folder, { mode: 0o700 });
}

/** False where the parent is missing. `mkdir` with `recursive` is not used: below /proc it never returns. */
async function makeFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { mode: 0o700 });
    await chmod(folder, 0o700);
    return true;
  } catch (error) {
    if (await isFolder(folder)) return true;
    if (errorCode(error) === 'ENOENT' && dirname(folder) !== folder) return false;
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    // Whoever asks has an error of its own to throw.
    return false;
  }
}

/**
 * Creates `name` with `text`, whole and synced, mode 0600, unless it is there already. Gives whether this call made
 * it: of several processes exactly one does, and a kill at any point leaves either no file or the whole one.
 */
export async function createOnce(folder: string, name: string, text: string): Promise<boolean> {
  const temporary = await writeTemporary(folder, text);
  try {
    await link(temporary, join(folder, name));
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(temporary);
  }
  await syncFolder(folder);
  return true;
}

/** Puts `text` in the place of `name` in one step, synced, mode 0600: a reader sees the old file or the new one. */
export async function replaceFile(folder: string, name: string, text: string): Promise<void> {
  const temporary = await writeTemporary(folder, text);
  try {
    await rename(temporary, join(folder, name));
  } catch (error) {
    await unlink(temporary);
    throw error;
  }
  await syncFolder(folder);
}

/** Removes the temporary files of processes that were killed while they wrote. */
export async function removeLeftovers(folder: string, clock: Clock): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(temporaryPrefix)) continue;
    const path = join(folder, name);
    try {
      if (clock.now() - (await stat(path)).mtimeMs > leftoverAgeMs) await unlink(path);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
    }
  }
}

/** The system's code of a thrown error (`ENOENT`), or undefined where it is another kind of error. */
export function errorCode(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return undefined;
}

async function writeTemporary(folder: string, text: string): Promise<string> {
  const path = join(folder, temporaryPrefix + randomBytes(12).toString('hex'));
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    // Of what finds no room nothing is left, and whoever reads of it reads where.
    await unlink(path);
    throw error instanceof Error ? Object.assign(error, { path }) : error;
  } finally {
    await file.close();
  }
  return path;
}

async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open a folder; its file systems order the rename themselves.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
