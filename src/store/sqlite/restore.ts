import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ok, refused, type Result } from '../../result.ts';
import { StoreFault } from '../fault.ts';
import { auditStore, type Audit } from './audit.ts';
import { momentOf, parseManifest, type Manifest } from './backup-manifest.ts';
import { BackupObjects, makePrivateFolder } from './backup-objects.ts';
import { BlobFiles } from './blob-files.ts';
import { allRows, text } from './column.ts';
import { folderPaths } from './folder.ts';
import { migrate, pragmaInteger, SCHEMA_VERSION } from './migrations.ts';
import { syncFolder } from './synced-folder.ts';

const FILES = 'SELECT lower(hex(hash)) FROM blob WHERE chunks IS NULL';

/** Why nothing was restored; nothing was made or changed. */
export type RestoreRefusal =
  | { readonly why: 'no-backup' | 'not-empty' | 'no-manifest' | 'newer' }
  /** It was put together, and is not in order; it was removed again. */
  | { readonly why: 'damaged'; readonly wrong: readonly string[] };

/** What was restored. */
export type Restored = { readonly at: string; readonly audit: Audit };

/**
 * Makes the data folder `folder`, which must be absent or empty, out of the newest backup in `target` that was taken no
 * later than `until` (milliseconds since 1970; null is whenever). It is put together beside, verified as a whole, and
 * named only then. Throws where the disk fails.
 */
export const restore = (
  target: string,
  folder: string,
  until: number | null,
): Result<Restored, RestoreRefusal> => {
  const objects = new BackupObjects(target);
  const name = objects.manifests().findLast((one) => {
    const at = momentOf(one);
    return at !== null && at <= (until ?? Infinity);
  });
  if (name === undefined) return refused({ why: 'no-backup' });
  if (fs.existsSync(folder) && (!fs.statSync(folder).isDirectory() || fs.readdirSync(folder).length > 0))
    return refused({ why: 'not-empty' });
  const manifest = parseManifest(objects.manifest(name));
  if (!manifest.ok) return refused({ why: manifest.refusal });
  const draft = `${path.resolve(folder)}.restoring-${randomUUID()}`;
  try {
    if (build(manifest.value, objects, draft) === 'newer') return refused({ why: 'newer' });
    const audit = auditStore(draft, () => {});
    if (audit.wrong.length > 0) return refused({ why: 'damaged', wrong: audit.wrong });
    fs.renameSync(draft, folder);
    syncFolder(path.dirname(path.resolve(folder)));
    return ok({ at: manifest.value.at, audit });
  } catch (cause) {
    if (!(cause instanceof StoreFault)) throw cause;
    return refused({ why: 'damaged', wrong: [cause.message] });
  } finally {
    fs.rmSync(draft, { recursive: true, force: true });
  }
};

/** Puts everything into the folder; `newer` where this program cannot read it. */
const build = (manifest: Manifest, objects: BackupObjects, folder: string): 'built' | 'newer' => {
  const paths = folderPaths(folder);
  makePrivateFolder(folder);
  objects.copyOutPieces(manifest.database, paths.database);
  if (!bringUp(paths.database)) return 'newer';
  const { segments } = new BlobFiles(paths.blobs);
  for (const pieced of manifest.segments) {
    const file = segments.path(pieced.segment);
    makePrivateFolder(path.dirname(file));
    objects.copyOutPieces(pieced, file);
    syncFolder(path.dirname(file));
  }
  for (const hash of blobFilesOf(paths.database)) {
    const shelf = path.join(paths.blobs, hash.slice(0, 2));
    makePrivateFolder(shelf);
    objects.copyOut(hash, path.join(shelf, hash));
    syncFolder(shelf);
  }
  for (const { path: name, mode, sha256 } of manifest.files) {
    const file = path.join(folder, name);
    makePrivateFolder(path.dirname(file));
    objects.copyOut(sha256, file, mode);
  }
  syncFolder(folder);
  return 'built';
};

/** Brings what an older program has backed up to the schema of this one; says no where a newer one has. */
const bringUp = (database: string): boolean => {
  const db = new DatabaseSync(database);
  try {
    if (pragmaInteger(db, 'user_version') > SCHEMA_VERSION) return false;
    if (migrate(db)) db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    return true;
  } catch (cause) {
    throw new StoreFault('the backup is damaged: its database cannot be read', { cause });
  } finally {
    db.close();
  }
};

const blobFilesOf = (database: string): readonly string[] => {
  const db = new DatabaseSync(database, { readOnly: true });
  try {
    return allRows(db.prepare(FILES, { returnArrays: true })).map((row) => text(row[0]));
  } catch (cause) {
    throw new StoreFault('the backup is damaged: its database cannot be read', { cause });
  } finally {
    db.close();
  }
};
