import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { DatabaseSync } from 'node:sqlite';
import type { AccountId } from '../port.ts';
import { makeFolder } from './synced-folder.ts';
import { firstRow, integer } from './column.ts';
import type { FolderPaths } from './folder.ts';
import { WORD_COLUMNS } from './search-filter.ts';

/** Rises with whatever makes other tokens of the same letters: an index of another version is made anew. */
const INDEX_VERSION = 2;

/*
 * `words` holds tokens and no texts, by the number of the letter. The beginnings of one and two characters have entries of
 * their own, because nearly every letter has a word that begins so. What is written in one transaction is sorted in memory up
 * to `hashsize` (FTS5 knows that setting, its documentation does not) and becomes a segment; segments are merged when
 * `IndexRows` says so, and never all at once in the middle of a search.
 *
 * `letter_known` has every letter of a mailbox. Its `stage` is 0 where nothing was read of it yet, 1 where its facts are known,
 * 2 where its words are. `sort_key` has the texts that letters are sorted by, each once. `state` has one row: up to when the account is
 * known; the last letter that was indexed with its hash, so that an index is told from that of another history of the same
 * folder (one put back from a backup); a number of this making of the index, and how often keys were added.
 */
const SCHEMA = `
CREATE VIRTUAL TABLE words USING fts5(${[...WORD_COLUMNS.values()].join(', ')}, content = '', contentless_delete = 1,
  tokenize = 'ascii', prefix = '1 2');
INSERT INTO words (words, rank) VALUES ('hashsize', 33554432), ('automerge', 0), ('crisismerge', 1000);
CREATE TABLE letter_known (letter INTEGER PRIMARY KEY, stage INTEGER NOT NULL, sent_at INTEGER NOT NULL,
  subject INTEGER NOT NULL, sender INTEGER NOT NULL) STRICT;
CREATE INDEX letter_known_new ON letter_known (stage, letter) WHERE stage < 2;
CREATE TABLE sort_key (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL UNIQUE, uses INTEGER NOT NULL) STRICT;
CREATE TABLE state (mod_seq INTEGER NOT NULL, last_letter INTEGER NOT NULL, last_hash BLOB NOT NULL,
  made INTEGER NOT NULL, keys INTEGER NOT NULL) STRICT;
INSERT INTO state (mod_seq, last_letter, last_hash, made, keys) VALUES (0, 0, x'', random(), 0);
PRAGMA user_version = ${INDEX_VERSION};
`;
const CLEAR = 'DROP TABLE words; DROP TABLE letter_known; DROP TABLE sort_key; DROP TABLE state';

/** The index is no truth: what a power failure takes of it is read again. A process that ends takes nothing. */
const PRAGMAS = 'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16384';
const BUSY_MS = 10_000;

/** Where the index of the account lies. */
export const indexPath = ({ search }: FolderPaths, account: AccountId): string =>
  path.join(search, `${account}.db`);

/** Removes an index that nobody has open, or that cannot be used. */
export const removeIndex = (file: string): void => {
  for (const name of [file, `${file}-wal`, `${file}-shm`]) fs.rmSync(name, { force: true });
};

/** Makes the index anew. Inside of a transaction. */
export const clearIndex = (db: DatabaseSync): void => {
  db.exec(CLEAR);
  db.exec(SCHEMA);
};

/** Opens the account's index, with the letters themselves beside it as `store`, to be read only. */
export const openIndex = (paths: FolderPaths, account: AccountId): DatabaseSync => {
  const file = indexPath(paths, account);
  if (!fs.existsSync(paths.search)) makeFolder(paths.search);
  try {
    return openFile(file, paths.database);
  } catch {
    // Damaged, or of another program: nothing in it is worth more than to be read again.
    removeIndex(file);
    return openFile(file, paths.database);
  }
};

const openFile = (file: string, letters: string): DatabaseSync => {
  const db = new DatabaseSync(file, { timeout: BUSY_MS });
  try {
    fs.chmodSync(file, 0o600);
    db.exec(PRAGMAS);
    db.exec(`ATTACH '${pathToFileURL(letters).href.replaceAll("'", "''")}?mode=ro' AS store`);
    begin(db, file);
    return db;
  } catch (cause) {
    db.close();
    throw cause;
  }
};

const begin = (db: DatabaseSync, file: string): void => {
  db.exec('BEGIN IMMEDIATE');
  try {
    const version = integer(firstRow(db.prepare('PRAGMA user_version', { returnArrays: true }))?.[0]);
    const tables = firstRow(
      db.prepare('SELECT count(*) FROM main.sqlite_schema', { returnArrays: true }),
    )?.[0];
    if (version === 0 && tables === 0) db.exec(SCHEMA);
    else if (version !== INDEX_VERSION) throw new Error(`${file} is an index of version ${version}`);
    db.exec('COMMIT');
  } catch (cause) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw cause;
  }
};
