import fs from 'node:fs';
import { StoreFault, StoreFull } from '../fault.ts';
import { isClosedToUs } from './reading.ts';

/** What a disk, or the database on it, may suffer from. */
type Ailment = 'full' | 'read-only' | 'failing' | 'damaged' | 'missing' | 'held';

const OF_CODE: ReadonlyMap<string, Ailment> = new Map([
  ['ENOSPC', 'full'],
  ['EDQUOT', 'full'],
  ['EFBIG', 'full'],
  ['EROFS', 'read-only'],
  ['EACCES', 'read-only'],
  ['EPERM', 'read-only'],
  ['EIO', 'failing'],
  ['ENOENT', 'missing'],
]);

/** By the primary result codes of SQLite: BUSY, LOCKED, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB. */
const OF_RESULT: ReadonlyMap<number, Ailment> = new Map([
  [5, 'held'],
  [6, 'held'],
  [8, 'read-only'],
  [10, 'failing'],
  [11, 'damaged'],
  [13, 'full'],
  [14, 'failing'],
  [26, 'damaged'],
]);

const ailmentOf = (cause: unknown): Ailment | null => {
  if (!(cause instanceof Error)) return null;
  if ('errcode' in cause && typeof cause.errcode === 'number')
    return OF_RESULT.get(cause.errcode & 0xff) ?? null;
  return 'code' in cause && typeof cause.code === 'string' ? (OF_CODE.get(cause.code) ?? null) : null;
};

/** Whether SQLite found the database damaged. */
export const isOfDamage = (cause: unknown): boolean => ailmentOf(cause) === 'damaged';

/** Whether it is about the disk and not about what lies on it. */
export const isOfTheDisk = (cause: unknown): boolean =>
  ['full', 'failing', 'held'].includes(ailmentOf(cause) ?? '') && !isClosedToUs(cause);

/** What is wrong, where, and what to do about it. */
const SENTENCES: Readonly<Record<Ailment, (folder: string, detail: string) => string>> = {
  full: (folder, detail) =>
    `the disk of ${folder} is full (${detail}): make room there, and writing goes on by itself`,
  'read-only': (folder, detail) =>
    `${folder} cannot be written to (${detail}): make its disk writable, and writing goes on by itself; a file system that has found an error makes itself read-only, and the system's log says so`,
  failing: (folder, detail) =>
    `the disk of ${folder} fails (${detail}): the system's log says how; "letterlock check" tells what of the folder is sound`,
  damaged: (folder, detail) =>
    `the database in ${folder} is damaged (${detail}): "letterlock check" tells what of it; put the folder back from a backup`,
  missing: (folder, detail) =>
    `a file of ${folder} is missing (${detail}): "letterlock check" tells which; put it back from a backup`,
  held: (folder, detail) =>
    `another process does not let go of the database in ${folder} (${detail}): end the one that hangs`,
};

/** With less room than this even what is to be read cannot be opened: the index of the log needs as much. */
const LEAST_ROOM_BYTES = 64 * 1024;

/** SQLite says of much that is the disk's that it fails, and not how. */
const looked = (ailment: Ailment | null, folder: string): Ailment | null => {
  if (ailment !== 'failing') return ailment;
  try {
    fs.accessSync(folder, fs.constants.W_OK);
    const { bavail, bsize } = fs.statfsSync(folder);
    return bavail * bsize < LEAST_ROOM_BYTES ? 'full' : ailment;
  } catch (cause) {
    return ailmentOf(cause) ?? ailment;
  }
};

const detailOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

/** The fault that something was which a disk or database said, for the person who keeps the folder; any other as it was. */
export const diskFault = (cause: unknown, folder: string): StoreFault => {
  const ailment = looked(ailmentOf(cause), folder);
  if (ailment === null)
    return cause instanceof StoreFault ? cause : new StoreFault(detailOf(cause), { cause });
  const message = SENTENCES[ailment](folder, detailOf(cause));
  return ailment === 'full' ? new StoreFull(message, { cause }) : new StoreFault(message, { cause });
};
