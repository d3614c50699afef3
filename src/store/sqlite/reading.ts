import fs from 'node:fs';
import { pathToFileURL } from 'node:url';
import { DatabaseSync } from 'node:sqlite';

/** SQLITE_CANTOPEN. */
const CANNOT_OPEN = 14;

/** Whether SQLite could not open a file. */
export const isClosedToUs = (cause: unknown): boolean =>
  cause instanceof Error &&
  'errcode' in cause &&
  typeof cause.errcode === 'number' &&
  (cause.errcode & 0xff) === CANNOT_OPEN;

const hasLog = (file: string): boolean =>
  (fs.statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;

/** A file as it is, of which nobody may make the log's index beside it: the disk is read-only, so nobody writes either. */
export const asItIs = (file: string): URL => {
  const url = pathToFileURL(file);
  url.searchParams.set('immutable', '1');
  return url;
};

/** Opens a database to be read and not written, also one on a disk that cannot be written to. */
export const openForReading = (file: string, busyMs: number): DatabaseSync => {
  const db = new DatabaseSync(file, { readOnly: true, timeout: busyMs });
  try {
    db.prepare('PRAGMA schema_version').get();
    return db;
  } catch (cause) {
    db.close();
    if (!isClosedToUs(cause) || hasLog(file)) throw cause;
    return new DatabaseSync(asItIs(file), { readOnly: true, timeout: busyMs });
  }
};
