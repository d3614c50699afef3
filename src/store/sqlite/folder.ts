import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { DatabaseSync } from 'node:sqlite';
import { ok, refused, type Result } from '../../result.ts';
import { asItIs } from './reading.ts';
import { syncFolder } from './synced-folder.ts';
import { allRows } from './column.ts';
import { isOfTheDisk } from './disk-fault.ts';
import { APPLICATION_ID, migrate, MIGRATIONS, pragmaInteger, SCHEMA_VERSION } from './migrations.ts';

/** Why a data folder is not opened. Nothing in it was changed; `message` says what, where and what to do. */
export type OpenRefusal = {
  readonly why: 'newer' | 'foreign' | 'damaged' | 'not-a-folder' | 'not-writable';
  /** The folder or file that is meant. */
  readonly path: string;
  /** One line for the operator. */
  readonly message: string;
};

/** Where things lie in a data folder. */
export type FolderPaths = {
  readonly folder: string;
  readonly database: string;
  readonly blobs: string;
  /** The indexes of words, which can always be made anew. */
  readonly search: string;
  /** What POP3 sessions of several processes lock their maildrops by: files without content. */
  readonly maildrops: string;
};

/** The paths inside the data folder `folder`. */
export const folderPaths = (folder: string): FolderPaths => ({
  folder,
  database: path.join(folder, 'letterlock.db'),
  blobs: path.join(folder, 'blobs'),
  search: path.join(folder, 'search'),
  maildrops: path.join(folder, 'maildrops'),
});

/** How long the store thread waits for another process's transaction before a write is a fault. */
const BUSY_MS = 10_000;

type Refused = { readonly ok: false; readonly refusal: OpenRefusal };

const newer = (file: string, version: number): Refused =>
  refused({
    why: 'newer',
    path: file,
    message: `${file} was written by a newer Letterlock (schema ${version}, this one knows up to ${SCHEMA_VERSION}): start that version, or choose another data folder; nothing was changed`,
  });

const foreign = (file: string, detail: string): Refused =>
  refused({
    why: 'foreign',
    path: file,
    message: `${file} is not Letterlock's (${detail}): choose another data folder; nothing was changed`,
  });

const damaged = (file: string, detail: string): Refused =>
  refused({
    why: 'damaged',
    path: file,
    message: `${file} is damaged (${detail}): put the data folder back from a backup, or choose another; nothing was changed`,
  });

const notFolder = (file: string): Refused =>
  refused({
    why: 'not-a-folder',
    path: file,
    message: `${file} is not a folder: name a folder, or one that does not exist yet, as the data folder`,
  });

const deadLink = (file: string): Refused =>
  refused({
    why: 'not-a-folder',
    path: file,
    message: `${file} is a link to a place that does not exist: make that place, or choose another data folder`,
  });

const notMade = (file: string): Refused =>
  refused({
    why: 'not-a-folder',
    path: file,
    message: `${file} cannot be made: no folder can be where its path leads; choose another data folder`,
  });

const notWritable = (file: string, cause: unknown): Refused =>
  refused({
    why: 'not-writable',
    path: file,
    message:
      codeOf(cause) === 'EROFS'
        ? `${file} is on a file system that is read-only (EROFS): mount it for writing, or choose another data folder; "letterlock check" and "letterlock backup" work as it is`
        : `${file} cannot be read and written by this user (${codeOf(cause)}): change its owner or mode, or choose another data folder`,
  });

const codeOf = (cause: unknown): string =>
  cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : String(cause);

/**
 * Makes the folder and its parents, 0700 whatever the umask. `mkdir` with `recursive` is not used: below /proc it never
 * returns.
 */
const makePrivate = (folder: string): void => {
  const parent = path.dirname(folder);
  if (!fs.existsSync(parent) && parent !== folder) makePrivate(parent);
  try {
    fs.mkdirSync(folder, { mode: 0o700 });
  } catch (cause) {
    // Another process may have been the first.
    if (codeOf(cause) === 'EEXIST' && fs.statSync(folder).isDirectory()) return;
    throw cause;
  }
  fs.chmodSync(folder, 0o700);
  syncFolder(parent);
};

/** The bits of a mode by which others than the owner get in, and the one by which a folder is everybody's on purpose. */
const OTHERS = 0o077;
const STICKY = 0o1000;

/** Takes the folder out of others' reach where it is this user's, and holds our database or nothing. */
const closeToOthers = ({ folder, database }: FolderPaths): void => {
  const { mode, uid } = fs.statSync(folder);
  const own = process.getuid?.();
  if (own === undefined || uid !== own || (mode & OTHERS) === 0 || (mode & STICKY) !== 0) return;
  if (fs.existsSync(database) || fs.readdirSync(folder).length === 0) fs.chmodSync(folder, mode & 0o7700);
};

/** For a path that leads to nothing: refused where it is a link. */
const absentOrDead = (folder: string): Refused | null =>
  fs.lstatSync(folder, { throwIfNoEntry: false }) === undefined ? null : deadLink(folder);

/** What somebody wants with a data folder: to write into it, or to read what is there. */
type Purpose = 'write' | 'read';

const { R_OK, W_OK, X_OK } = fs.constants;

/** Makes the folder where it is absent; `null` where all is well with it. */
const checkFolder = (folder: string, purpose: Purpose): Refused | null => {
  const found = fs.statSync(folder, { throwIfNoEntry: false });
  if (found !== undefined && !found.isDirectory()) return notFolder(folder);
  if (found === undefined) {
    const dead = absentOrDead(folder);
    if (dead !== null) return dead;
    makePrivate(folder);
  }
  fs.accessSync(folder, R_OK | X_OK | (purpose === 'write' ? W_OK : 0));
  return null;
};

/** A folder without a database may be begun in, unless it shows that its database was lost. */
const checkEmpty = (paths: FolderPaths): Refused | null => {
  const lost = [`${paths.database}-wal`, paths.blobs].find((file) => fs.existsSync(file));
  return lost === undefined
    ? null
    : damaged(paths.database, `it is missing, but ${path.basename(lost)} is there`);
};

const hasContent = (file: string): boolean => (fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0;

const SCHEMA = `SELECT type, name, sql FROM sqlite_schema WHERE type IN ('table', 'index') AND name NOT LIKE 'sqlite\\_%'
  ESCAPE '\\' ORDER BY type, name`;

const schemaOf = (db: DatabaseSync): string =>
  JSON.stringify(allRows(db.prepare(SCHEMA, { returnArrays: true })));

const schemaOfVersion = (version: number): string => {
  const db = new DatabaseSync(':memory:');
  try {
    for (const step of MIGRATIONS.slice(0, version)) db.exec(step);
    return schemaOf(db);
  } finally {
    db.close();
  }
};

/** What a connection says about whose database this is, and of which version; null where it is one of ours. */
const checkHeader = (db: DatabaseSync, file: string): Refused | null => {
  const application = pragmaInteger(db, 'application_id');
  if (application !== APPLICATION_ID) return foreign(file, `application id 0x${application.toString(16)}`);
  const version = pragmaInteger(db, 'user_version');
  if (version > SCHEMA_VERSION) return newer(file, version);
  return version === 0 ? damaged(file, 'it has no schema version') : null;
};

const checkSchema = (db: DatabaseSync, file: string): Refused | null => {
  const version = pragmaInteger(db, 'user_version');
  return schemaOf(db) === schemaOfVersion(version)
    ? null
    : damaged(file, `its tables are not those of schema ${version}`);
};

const checkLength = (db: DatabaseSync, file: string): Refused | null => {
  const { size } = fs.statSync(file);
  const wanted = pragmaInteger(db, 'page_count') * pragmaInteger(db, 'page_size');
  return size === wanted ? null : damaged(file, `it has ${size} bytes and not ${wanted}`);
};

/** The least size of a database page, and so of a database. */
const MIN_PAGE_BYTES = 512;

const lookAt = (url: URL, look: (db: DatabaseSync) => Refused | null): Refused | null => {
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(url, { readOnly: true, timeout: BUSY_MS });
    return look(db);
  } catch (cause) {
    // What the disk itself says is no word about the database.
    if (isOfTheDisk(cause)) throw cause;
    return damaged(fileURLToPath(url), cause instanceof Error ? cause.message : String(cause));
  } finally {
    db?.close();
  }
};

/**
 * Looks into the file without leaving a trace. `immutable` makes SQLite read the file's own bytes and make nothing
 * beside it. Only where a log waits must that be read as well, read-only, so that closing moves nothing from the log
 * into the file; a checkpoint that a crash cut short leaves a file that is whole only together with its log.
 *
 * The file is never opened by other means than SQLite: closing such a handle would end all the locks that this process
 * holds on it (POSIX record locks), also those of a connection in another thread.
 */
const checkDatabase = (file: string): Refused | null => {
  const { size } = fs.statSync(file);
  if (size < MIN_PAGE_BYTES) return damaged(file, `${size} bytes are no database`);
  const alone = asItIs(file);
  const hasLog = hasContent(`${file}-wal`);
  const header = lookAt(alone, (db) => checkHeader(db, file));
  if (header !== null && !(hasLog && header.refusal.why === 'damaged')) return header;
  if (hasLog) return lookAt(pathToFileURL(file), (db) => checkHeader(db, file) ?? checkSchema(db, file));
  return lookAt(alone, (db) => checkLength(db, file) ?? checkSchema(db, file));
};

/**
 * Makes a whole database under another name and links it into place, so that a file of the right name is never half
 * made, and of two processes that begin at once one wins and both go on.
 */
const createDatabase = (paths: FolderPaths): void => {
  const draft = `${paths.database}.new-${randomUUID()}`;
  try {
    writeDraft(draft);
    fs.linkSync(draft, paths.database);
    syncFolder(paths.folder);
  } catch (cause) {
    // The other process won, and may have swept this draft away under our hands.
    if (!fs.existsSync(paths.database)) throw cause;
  } finally {
    fs.rmSync(draft, { force: true });
  }
};

const writeDraft = (draft: string): void => {
  const handle = fs.openSync(draft, 'wx', 0o600);
  try {
    fs.fchmodSync(handle, 0o600);
    const db = new DatabaseSync(draft);
    try {
      db.exec(`PRAGMA page_size = 4096; PRAGMA application_id = ${APPLICATION_ID}`);
      migrate(db);
      db.exec('PRAGMA journal_mode = WAL');
    } finally {
      db.close();
    }
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
};

/** What a crash left of `createDatabase`. The database exists, so nobody needs a draft any more. */
const sweepDrafts = (paths: FolderPaths): void => {
  const prefix = `${path.basename(paths.database)}.new-`;
  for (const name of fs.readdirSync(paths.folder))
    if (name.startsWith(prefix)) fs.rmSync(path.join(paths.folder, name), { force: true });
};

/** What changes when another process makes, writes or leaves the database. */
const traces = ({ database, blobs }: FolderPaths): string =>
  [database, `${database}-wal`, blobs]
    .map((file) => fs.statSync(file, { throwIfNoEntry: false, bigint: true }))
    .map((found) => (found === undefined ? '-' : `${found.ino}:${found.size}:${found.mtimeNs}`))
    .join(' ');

const inspectOnce = (paths: FolderPaths, purpose: Purpose): Refused | null => {
  const file = paths.database;
  const found = fs.statSync(file, { throwIfNoEntry: false });
  if (found === undefined) return checkEmpty(paths);
  if (!found.isFile()) return foreign(file, 'it is no file');
  fs.accessSync(file, R_OK | (purpose === 'write' ? W_OK : 0));
  return checkDatabase(file);
};

const MAX_LOOKS = 100;

/** Looks again where another process changed something meanwhile: what was seen may be half of before, half of after. */
const inspect = (paths: FolderPaths, purpose: Purpose): Refused | null => {
  let refusal: Refused | null = null;
  for (let look = 0; look < MAX_LOOKS; look++) {
    const before = traces(paths);
    refusal = inspectOnce(paths, purpose);
    if (refusal?.refusal.why !== 'damaged' || traces(paths) === before) return refusal;
  }
  return refusal;
};

/*
 * A commit returns after the log is synced (`synchronous`); on macOS after F_FULLFSYNC. The log is moved into the
 * database every 8,000 pages (32 MiB): at 1,000 the same hot index pages are written many times as often. The page cache
 * is small because every commit walks its table.
 */
const WRITER_PRAGMAS = `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON;
  PRAGMA checkpoint_fullfsync = ON; PRAGMA wal_autocheckpoint = 8000; PRAGMA cache_size = -8192`;

/** The refusal that a look gives, or that the file system's own means; any other error of it is thrown. */
const refusalOf = (paths: FolderPaths, look: () => Refused | null): Refused | null => {
  try {
    return look();
  } catch (cause) {
    if (codeOf(cause) === 'ENOTDIR') return notFolder(paths.folder);
    if (codeOf(cause) === 'ENOENT') return notMade(paths.folder);
    if (['EACCES', 'EPERM', 'EROFS'].includes(codeOf(cause))) return notWritable(paths.folder, cause);
    throw cause;
  }
};

/** What a look at a data folder finds without making or changing anything: `absent` where there is no store yet. */
export const lookAtFolder = (
  paths: FolderPaths,
  purpose: Purpose,
): Result<'store' | 'absent', OpenRefusal> => {
  const exists = (): boolean => fs.statSync(paths.folder, { throwIfNoEntry: false }) !== undefined;
  const refusal = refusalOf(paths, () =>
    exists() ? (checkFolder(paths.folder, purpose) ?? inspect(paths, purpose)) : absentOrDead(paths.folder),
  );
  return refusal ?? ok(fs.existsSync(paths.database) ? 'store' : 'absent');
};

/** Opens the data folder for its one writer in this process: inspects, makes what is absent, migrates. */
export const openFolder = (paths: FolderPaths): Result<DatabaseSync, OpenRefusal> => {
  const refusal = refusalOf(paths, () => {
    const found = checkFolder(paths.folder, 'write') ?? inspect(paths, 'write');
    if (found === null) closeToOthers(paths);
    return found;
  });
  if (refusal !== null) return refusal;
  if (!fs.existsSync(paths.database)) createDatabase(paths);
  sweepDrafts(paths);
  const db = new DatabaseSync(paths.database, { timeout: BUSY_MS, enableForeignKeyConstraints: false });
  try {
    db.exec(WRITER_PRAGMAS);
    // The version in the file's header, which an older program looks at, must not lag behind in the log.
    if (migrate(db)) db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    return ok(db);
  } catch (cause) {
    db.close();
    throw cause;
  }
};
