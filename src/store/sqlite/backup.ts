import fs from 'node:fs';
import path from 'node:path';
import { backup, type DatabaseSync } from 'node:sqlite';
import { StoreFault, StoreFull } from '../fault.ts';
import type { BlobHash } from '../port.ts';
import { BackupObjects } from './backup-objects.ts';
import { BlobFiles } from './blob-files.ts';
import { manifestName, type Manifest } from './backup-manifest.ts';
import { allRows, integer, text } from './column.ts';
import { diskFault } from './disk-fault.ts';
import { folderPaths, type FolderPaths } from './folder.ts';
import { pragmaInteger, SCHEMA_VERSION } from './migrations.ts';
import { openForReading } from './reading.ts';

const FILES = `SELECT lower(hex(hash)), size_bytes FROM blob WHERE chunks IS NULL`;
const SEGMENTS = 'SELECT id, size_bytes FROM segment ORDER BY id';
const BUSY_MS = 10_000;
/** The database is kept in pieces of this length: what was not written to since is kept already. */
const PIECE_BYTES = 256 * 1024;
/** Segments only grow, so only the last piece of one is ever another. */
const SEGMENT_PIECE_BYTES = 1024 * 1024;
/** So often the state is taken anew where a letter went away while it was copied. */
const MOST_TRIES = 5;

/** What one run has done. */
export type Backup = {
  /** The name of the manifest. */
  readonly name: string;
  /** The bytes of the whole, and of those the ones that were new. */
  readonly bytes: number;
  readonly written: number;
};

type Segments = Manifest['segments'];
/** What belongs to one state of the database. */
type State = { readonly blobs: readonly BlobFile[]; readonly segments: Segments };
type BlobFile = { readonly hash: BlobHash; readonly sizeBytes: number };

const open = (file: string): DatabaseSync => openForReading(file, BUSY_MS);

const blobFilesIn = (file: string): readonly BlobFile[] => {
  const db = open(file);
  try {
    if (pragmaInteger(db, 'user_version') !== SCHEMA_VERSION)
      throw new StoreFault(
        'the data folder has an older schema: start the server once, which brings it up to date',
      );
    return allRows(db.prepare(FILES, { returnArrays: true })).map((row) => ({
      hash: text(row[0]) as BlobHash,
      sizeBytes: integer(row[1]),
    }));
  } finally {
    db.close();
  }
};

/** A segment as it is at one moment; its file is open, so its bytes are there even when it is removed. */
type OpenSegment = { readonly segment: number; readonly bytes: number; readonly handle: number };

/** Opens what the state that `db` holds has of segments; null where one was gone. */
const openSegments = (db: DatabaseSync, { blobs }: FolderPaths): readonly OpenSegment[] | null => {
  const { segments } = new BlobFiles(blobs);
  const opened: OpenSegment[] = [];
  try {
    for (const row of allRows(db.prepare(SEGMENTS, { returnArrays: true }))) {
      const segment = integer(row[0]);
      opened.push({ segment, bytes: integer(row[1]), handle: fs.openSync(segments.path(segment), 'r') });
    }
    return opened;
  } catch (cause) {
    closeSegments(opened);
    if (!isMissing(cause)) throw cause;
    return null;
  }
};

const closeSegments = (opened: readonly OpenSegment[]): void => {
  for (const { handle } of opened) fs.closeSync(handle);
};

/**
 * Copies the database as it is at this moment, with the segments that belong to it open; null where one of them was gone.
 * The read transaction holds the state, so that writers do not start the copy over.
 */
const copyDatabase = async (paths: FolderPaths, to: string): Promise<readonly OpenSegment[] | null> => {
  const db = open(paths.database);
  let segments: readonly OpenSegment[] | null = null;
  try {
    db.exec('BEGIN');
    segments = openSegments(db, paths);
    if (segments !== null) await backup(db, to, { rate: 4096 });
    return segments;
  } catch (cause) {
    closeSegments(segments ?? []);
    const fault = diskFault(cause, path.dirname(to));
    if (fault instanceof StoreFull) throw fault;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StoreFault(`the database could not be copied to ${path.dirname(to)}: ${why}`, { cause });
  } finally {
    db.close();
  }
};

const keepSegments = (opened: readonly OpenSegment[], objects: BackupObjects): Segments =>
  opened.map(({ segment, bytes, handle }) => {
    const pieced = objects.keepPieces(handle, { pieceBytes: SEGMENT_PIECE_BYTES, bytes });
    if (pieced.sizeBytes < bytes)
      throw new StoreFault(`segment ${segment} ends before its letters do: the data folder is damaged`);
    return { segment, ...pieced };
  });

const keepDatabase = (file: string, objects: BackupObjects): Manifest['database'] => {
  const handle = fs.openSync(file, 'r');
  try {
    return objects.keepPieces(handle, { pieceBytes: PIECE_BYTES, bytes: Infinity });
  } finally {
    fs.closeSync(handle);
  }
};

const isMissing = (cause: unknown): boolean =>
  cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';

/** Keeps the files of large letters; says whether one was gone. Each is looked at by its hash when it is new. */
const keepBlobs = (paths: FolderPaths, blobs: readonly BlobFile[], objects: BackupObjects): boolean => {
  let complete = true;
  for (const { hash, sizeBytes } of blobs) {
    try {
      objects.keepFile(path.join(paths.blobs, hash.slice(0, 2), hash), hash, sizeBytes);
    } catch (cause) {
      if (!isMissing(cause)) throw cause;
      complete = false;
    }
  }
  return complete;
};

/** Every other file of the data folder: certificates that were made, the secret. Links are left alone. */
const otherFiles = (paths: FolderPaths): readonly { readonly path: string; readonly mode: number }[] => {
  const own = new Set([paths.blobs, paths.search, paths.maildrops]);
  const found: { path: string; mode: number }[] = [];
  const walk = (folder: string): void => {
    for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
      const file = path.join(folder, entry.name);
      if (own.has(file) || file.startsWith(paths.database)) continue;
      if (entry.isDirectory()) walk(file);
      else if (entry.isFile())
        found.push({ path: path.relative(paths.folder, file), mode: fs.statSync(file).mode & 0o777 });
    }
  };
  walk(paths.folder);
  return found;
};

/**
 * Adds a backup of the data folder, which a server may be writing to, to the folder `target`. What an earlier one has
 * kept is not kept again. It is a backup when its manifest has its name: a run that ends before leaves the earlier ones as
 * they were. `at` is milliseconds since 1970. Throws where the disk fails, and where the data folder is damaged.
 */
export const backUp = async (folder: string, target: string, at: number): Promise<Backup> => {
  const paths = folderPaths(folder);
  const objects = new BackupObjects(target);
  objects.prepare();
  const draft = objects.draft();
  try {
    // Most of the large letters before the state is taken, so that none has time to go away after it.
    keepBlobs(paths, blobFilesIn(paths.database), objects);
    for (let tries = 1; ; tries++) {
      fs.rmSync(draft, { force: true });
      const state = await keepState(paths, draft, objects);
      if (state !== null) return name(paths, objects, draft, { at, ...state });
      if (tries === MOST_TRIES)
        throw new StoreFault('the files of letters are missing: "letterlock check" says which');
    }
  } finally {
    for (const file of [draft, `${draft}-journal`, `${draft}-wal`, `${draft}-shm`])
      fs.rmSync(file, { force: true });
  }
};

/** Takes the state into `draft` and keeps what belongs to it; null where something was gone before it could be kept. */
const keepState = async (
  paths: FolderPaths,
  draft: string,
  objects: BackupObjects,
): Promise<State | null> => {
  const opened = await copyDatabase(paths, draft);
  if (opened === null) return null;
  try {
    const blobs = blobFilesIn(draft);
    const segments = keepSegments(opened, objects);
    return keepBlobs(paths, blobs, objects) ? { blobs, segments } : null;
  } finally {
    closeSegments(opened);
  }
};

const name = (
  paths: FolderPaths,
  objects: BackupObjects,
  draft: string,
  { at, blobs, segments }: State & { readonly at: number },
): Backup => {
  const database = keepDatabase(draft, objects);
  const files = otherFiles(paths).map((file) => ({
    ...file,
    sha256: objects.keep(fs.readFileSync(path.join(paths.folder, file.path))),
  }));
  const moment = new Date(at).toISOString();
  const manifest: Manifest = { format: 2, at: moment, database, segments, files };
  objects.name(manifestName(moment), `${JSON.stringify(manifest)}\n`);
  const bytes = [database, ...segments, ...blobs].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return { name: manifestName(moment), bytes, written: objects.written };
};
