import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { BlobHash } from '../port.ts';
import { allRows, bytes, firstRow, integer, text } from './column.ts';
import { BlobFiles } from './blob-files.ts';
import { folderPaths } from './folder.ts';

/**
 * Each gives one row for each contradiction that it finds; what it found is its first column. Counts are made for all at
 * once: `letter` has no index by blob, and one scan of it for each blob would take hours where there are many.
 */
const CHECKS: ReadonlyMap<string, string> = new Map([
  [
    'blob: references',
    `SELECT hex(b.hash) FROM blob b LEFT JOIN (SELECT blob, count(*) AS letters FROM letter GROUP BY blob) l
    ON l.blob = b.id WHERE b.refs <> coalesce(l.letters, 0)`,
  ],
  [
    'blob: shares',
    `SELECT hex(b.hash) FROM blob b LEFT JOIN (SELECT blob, sum(refs) AS refs FROM blob_share GROUP BY blob) s
    ON s.blob = b.id WHERE b.refs <> b.account_refs + coalesce(s.refs, 0)`,
  ],
  [
    'blob: owner',
    `SELECT hex(b.hash) FROM blob b
    LEFT JOIN (SELECT blob, account, count(*) AS letters FROM letter GROUP BY blob, account) l
    ON l.blob = b.id AND l.account IS b.account WHERE b.account_refs <> coalesce(l.letters, 0)`,
  ],
  [
    'blob share: references',
    `SELECT s.account || '/' || s.blob FROM blob_share s
    LEFT JOIN (SELECT blob, account, count(*) AS letters FROM letter GROUP BY blob, account) l
    ON l.blob = s.blob AND l.account = s.account WHERE s.refs <> coalesce(l.letters, 0)`,
  ],
  [
    'letter: blob',
    `SELECT account || '/' || id FROM letter l WHERE NOT EXISTS
    (SELECT 1 FROM blob b WHERE b.hash = l.hash AND b.id = l.blob AND b.size_bytes = l.size_bytes)`,
  ],
  [
    'letter: placement',
    `SELECT account || '/' || id FROM letter l WHERE NOT EXISTS
    (SELECT 1 FROM placement p WHERE p.account = l.account AND p.letter = l.id AND p.letter_row = l.row)`,
  ],
  [
    'placement: letter',
    `SELECT account || '/' || letter FROM placement p WHERE NOT EXISTS
    (SELECT 1 FROM letter l WHERE l.row = p.letter_row AND l.account = p.account AND l.id = p.letter)`,
  ],
  [
    'mailbox: count',
    `SELECT account || '/' || id FROM mailbox m WHERE letters <>
    (SELECT count(*) FROM placement p WHERE p.account = m.account AND p.mailbox = m.id)`,
  ],
  [
    'mailbox: uidnext',
    `SELECT account || '/' || id FROM mailbox m WHERE uid_next <=
    (SELECT coalesce(max(uid), 0) FROM placement p WHERE p.account = m.account AND p.mailbox = m.id)`,
  ],
  [
    'mailbox: modseq',
    `SELECT account || '/' || id FROM mailbox m WHERE mod_seq <
    (SELECT coalesce(max(mod_seq), 0) FROM placement p WHERE p.account = m.account AND p.mailbox = m.id)
    OR mod_seq > (SELECT mod_seq FROM account a WHERE a.id = m.account)`,
  ],
  [
    'account: next letter',
    `SELECT id FROM account a WHERE next_letter <=
    (SELECT coalesce(max(letter), 0) FROM placement p WHERE p.account = a.id)`,
  ],
  ...['verifier', 'app_password', 'account_certificate'].map((table): [string, string] => [
    `${table}: account`,
    `SELECT account FROM ${table} t WHERE NOT EXISTS (SELECT 1 FROM account a WHERE a.id = t.account)`,
  ]),
  [
    'chunk: blob',
    `SELECT count(*) FROM blob_chunk HAVING count(*) <> (SELECT coalesce(sum(chunks), 0) FROM blob)`,
  ],
]);
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
    const integrity = text(firstRow(db.prepare('PRAGMA integrity_check'))?.[0]);
    if (integrity !== 'ok') wrong.push(`integrity: ${integrity}`);
    for (const [name, sql] of CHECKS)
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
