import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { BlobHash } from '../port.ts';
import { AUDIT_CHECKS } from './audit-checks.ts';
import { allRows, bytes, firstRow, integer, text } from './column.ts';
import { BlobFiles } from './blob-files.ts';
import { folderPaths } from './folder.ts';

const BLOBS = 'SELECT lower(hex(hash)), id, size_bytes, chunks FROM blob';
const CHUNKS = 'SELECT bytes FROM blob_chunk WHERE id >= ? AND id < ? ORDER BY id';

/** A blob's bytes, wherever they lie. */
const readBlob = (db: DatabaseSync, file: string, id: number, chunks: number | null): Buffer =>
  chunks === null
    ? fs.readFileSync(file)
    : Buffer.concat(
        allRows(db.prepare(CHUNKS, { returnArrays: true }), id, id + chunks).map((row) => bytes(row[0])),
      );

/**
 * Verifies a data folder as a whole: SQLite's own check, every count and reference, every blob against its hash, and
 * that no blob file is without a row. Gives a sentence for each thing that is wrong. Reads everything, so it is no
 * part of a start.
 */
export const auditFolder = (folder: string): readonly string[] => {
  const paths = folderPaths(folder);
  const db = new DatabaseSync(paths.database, { readOnly: true, timeout: 10_000, returnArrays: true });
  try {
    const wrong: string[] = [];
    // One state of everything, whatever a server that runs writes meanwhile.
    db.exec('BEGIN');
    const integrity = text(firstRow(db.prepare('PRAGMA integrity_check'))?.[0]);
    if (integrity !== 'ok') wrong.push(`integrity: ${integrity}`);
    for (const [name, sql] of AUDIT_CHECKS)
      for (const row of allRows(db.prepare(sql))) wrong.push(`${name}: ${String(row[0])}`);
    const hashes = new Set<BlobHash>();
    for (const row of allRows(db.prepare(BLOBS))) {
      const hash = text(row[0]) as BlobHash;
      hashes.add(hash);
      const file = path.join(paths.blobs, hash.slice(0, 2), hash);
      if (row[3] === null && !fs.existsSync(file)) wrong.push(`blob file missing: ${hash}`);
      else {
        const content = readBlob(db, file, integer(row[1]), row[3] === null ? null : integer(row[3]));
        if (content.length !== row[2] || createHash('sha256').update(content).digest('hex') !== hash)
          wrong.push(`blob differs from its hash: ${hash}`);
      }
    }
    for (const file of new BlobFiles(paths.blobs).orphans((hash) => hashes.has(hash)))
      wrong.push(`orphan: ${file}`);
    return wrong;
  } finally {
    db.close();
  }
};
