import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { AccountId } from '../port.ts';
import { BlobFiles } from './blob-files.ts';
import { folderPaths } from './folder.ts';
import { BlobReader } from './blob-reader.ts';
import { ChangeReader } from './change-reader.ts';
import { LetterReader } from './letter-reader.ts';
import { MIGRATIONS } from './migrations.ts';
import { RollReader } from './roll-reader.ts';

/** The tables that grow with every letter, and what the statements call them. */
const LARGE = new Set(
  'letter l placement p further_place f blob b blob_chunk thread_key thread_letter gone_placement gone'.split(
    ' ',
  ),
);

/** A database without letters, and the statements that are prepared on it. */
const recorded = (): { readonly db: DatabaseSync; readonly statements: ReadonlySet<string> } => {
  const db = new DatabaseSync(':memory:');
  for (const step of MIGRATIONS) db.exec(step);
  const statements = new Set<string>();
  const prepare = db.prepare.bind(db);
  db.prepare = (sql, ...options) => {
    statements.add(sql);
    return prepare(sql, ...options);
  };
  return { db, statements };
};

test('no read looks through a whole table of letters', () => {
  const { db, statements } = recorded();
  const readers = [
    new ChangeReader(db, new LetterReader(db)),
    new BlobReader(db, new BlobFiles(folderPaths('nowhere').blobs)),
    new RollReader(db, 1 as AccountId),
  ];
  assert.ok(statements.size > 8 * readers.length);
  const known = [...statements];
  for (const sql of known)
    for (const { detail } of db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all()) {
      const plan = String(detail);
      assert.ok(!LARGE.has(/^SCAN (\w+)/.exec(plan)?.[1] ?? ''), `${plan}: ${sql}`);
    }
  db.close();
});
