import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { readLetterText, sortText, type LetterText } from '../letter-text.ts';
import type { AccountId, LetterId } from '../port.ts';
import { textTokens } from '../words.ts';
import { BlobFiles } from './blob-files.ts';
import { makeFolder } from './synced-folder.ts';
import { BlobReader } from './blob-reader.ts';
import { allRows, bigInteger, bytes, firstRow, integer } from './column.ts';
import type { FolderPaths } from './folder.ts';
import { WORD_COLUMNS } from './search-filter.ts';

/** Rises with whatever makes other tokens of the same letters: an index of another version is made anew. */
const INDEX_VERSION = 1;

/*
 * `words` holds tokens and no texts, by the number of the letter. `letter_known` has every letter of a mailbox, indexed or not
 * yet. `state` has one row: up to when the account is known, and the last letter that was indexed with its hash, so that an
 * index is told from that of another history of the same folder (one put back from a backup).
 */
const SCHEMA = `
CREATE VIRTUAL TABLE words USING fts5(${[...WORD_COLUMNS.values()].join(', ')}, content = '', contentless_delete = 1,
  tokenize = 'ascii');
CREATE TABLE letter_known (letter INTEGER PRIMARY KEY, indexed INTEGER NOT NULL) STRICT;
CREATE INDEX letter_known_new ON letter_known (letter) WHERE indexed = 0;
CREATE TABLE state (mod_seq INTEGER NOT NULL, last_letter INTEGER NOT NULL, last_hash BLOB NOT NULL) STRICT;
INSERT INTO state (mod_seq, last_letter, last_hash) VALUES (0, 0, x'');
PRAGMA user_version = ${INDEX_VERSION};
`;
/** The index is no truth: what a power failure takes of it is read again. A process that ends takes nothing. */
const PRAGMAS = 'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16384';
const BUSY_MS = 10_000;

const STATE = 'SELECT mod_seq, last_letter, last_hash FROM state';
const SET_MOD_SEQ = 'UPDATE state SET mod_seq = ?';
const SET_LAST = 'UPDATE state SET last_letter = ?1, last_hash = ?2 WHERE last_letter < ?1';
const ACCOUNT = 'SELECT mod_seq, floor_mod_seq FROM store.account WHERE id = ? AND removed_at IS NULL';
const HASH = 'SELECT hash FROM store.letter WHERE id = ? AND account = ?';
const CHANGED = 'SELECT id FROM store.mailbox WHERE account = ? AND highest_mod_seq > ?';
const LEARN = `INSERT OR IGNORE INTO letter_known (letter, indexed)
  SELECT letter, 0 FROM store.placement WHERE account = ? AND mailbox = ? AND mod_seq > ?`;
const GONE = `SELECT DISTINCT CAST(name AS INTEGER) FROM store.gone WHERE account = ? AND kind = 'letter' AND mod_seq > ?`;
const ALL_KNOWN = 'SELECT letter FROM letter_known';
const IS_PLACED = `SELECT 1 FROM store.letter l WHERE l.id = ? AND l.account = ? AND (l.mailbox <> 0
  OR EXISTS (SELECT 1 FROM store.further_place f WHERE f.letter = l.id))`;
const SHARED = 'CREATE TEMP TABLE shared (letter INTEGER PRIMARY KEY) STRICT';
const FILL_SHARED = `INSERT INTO temp.shared SELECT letter FROM store.placement WHERE account = ?
  GROUP BY letter HAVING count(*) > 1`;
const FORGET = 'DELETE FROM letter_known WHERE letter = ?';
const FORGET_WORDS = 'DELETE FROM words WHERE rowid = ?';
const NEW = 'SELECT letter FROM letter_known WHERE indexed = 0 ORDER BY letter LIMIT ?';
const IS_NEW = 'SELECT 1 FROM letter_known WHERE letter = ? AND indexed = 0';
const INSERT = `INSERT INTO words (rowid, ${[...WORD_COLUMNS.values()].join(', ')}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;
const INDEXED = 'UPDATE letter_known SET indexed = 1 WHERE letter = ?';

/** Letters that are read before others get their turn. */
const SLICE_LETTERS = 100;

/** Where the index of the account lies. */
export const indexPath = ({ search }: FolderPaths, account: AccountId): string =>
  path.join(search, `${account}.db`);

/** Removes an index that nobody has open, or that cannot be used. */
export const removeIndex = (file: string): void => {
  for (const name of [file, `${file}-wal`, `${file}-shm`]) fs.rmSync(name, { force: true });
};

/**
 * The words of one account's letters in a file of their own, with the letters themselves beside it, to be read only. It
 * lags behind them until it is asked to catch up.
 */
export class SearchIndex {
  readonly db: DatabaseSync;
  readonly account: AccountId;
  readonly #blobs: BlobReader;
  readonly #statements = new Map<string, StatementSync>();
  /** How many letters have several places, and at which state of the account that was counted. */
  #shared = { modSeq: -1n, count: 0 };

  constructor(paths: FolderPaths, account: AccountId) {
    this.account = account;
    this.db = open(paths, account);
    this.db.exec(SHARED);
    this.#blobs = new BlobReader(this.db, new BlobFiles(paths.blobs));
    const summary = { subject: '', from: '', sentAt: null, messageId: null };
    const keyOf = (by: 'subject' | 'from') => (value: unknown) => sortText(by, { ...summary, [by]: value });
    this.db.function('subject_text', { deterministic: true }, keyOf('subject'));
    this.db.function('from_text', { deterministic: true }, keyOf('from'));
  }

  /** The statement of the text, prepared once. */
  prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const made = this.db.prepare(sql, { returnArrays: true, readBigInts: true });
    this.#statements.set(sql, made);
    return made;
  }

  /**
   * Runs `look` on a state of the letters at which nothing of them is missing in the index; null where there is no such
   * account. Others get their turn while letters are read.
   */
  async whole<Value>(look: () => Value): Promise<Value | null> {
    for (;;) {
      const step = this.#inTransaction('IMMEDIATE', () => {
        if (!this.#learn()) return { found: null };
        const letters = allRows(this.prepared(NEW), SLICE_LETTERS).map((row) => integer(row[0]) as LetterId);
        return letters.length === 0 ? { found: look() } : { letters };
      });
      if ('found' in step) return step.found;
      await this.#index(step.letters);
    }
  }

  /** Runs `look` on one state of the letters, whatever the index knows of them; null as `whole`. */
  asItIs<Value>(look: () => Value): Value | null {
    return this.#inTransaction('DEFERRED', () =>
      firstRow(this.prepared(ACCOUNT), this.account) === undefined ? null : look(),
    );
  }

  /** Puts the letters that have several places into `temp.shared`, and gives their number. Inside of a look. */
  sharedLetters(): number {
    const modSeq = bigInteger(firstRow(this.prepared(ACCOUNT), this.account)?.[0]);
    if (modSeq === this.#shared.modSeq) return this.#shared.count;
    this.db.exec('DELETE FROM temp.shared');
    const count = Number(this.prepared(FILL_SHARED).run(this.account).changes);
    this.#shared = { modSeq, count };
    return count;
  }

  /** Makes the index anew. */
  drop(): void {
    this.#inTransaction('IMMEDIATE', () => this.#clear());
  }

  close(): void {
    this.db.close();
  }

  /** What is read of the letters inside is one state of them; `IMMEDIATE` where the index is written. */
  #inTransaction<Value>(how: 'IMMEDIATE' | 'DEFERRED', run: () => Value): Value {
    this.db.exec(`BEGIN ${how}`);
    try {
      const value = run();
      this.db.exec('COMMIT');
      return value;
    } catch (cause) {
      if (this.db.isTransaction) this.db.exec('ROLLBACK');
      this.#shared = { modSeq: -1n, count: 0 };
      throw cause;
    }
  }

  #clear(): void {
    this.db.exec('DROP TABLE words; DROP TABLE letter_known; DROP TABLE state');
    this.db.exec(SCHEMA);
  }

  /** Which letters there are, and are no more, by now. Says whether there is such an account. */
  #learn(): boolean {
    const account = firstRow(this.prepared(ACCOUNT), this.account);
    if (account === undefined) return false;
    const [modSeq, floor] = [bigInteger(account[0]), bigInteger(account[1])];
    if (this.#isOfAnotherHistory(modSeq)) this.#clear();
    const since = bigInteger(firstRow(this.prepared(STATE))?.[0]);
    if (since === modSeq) return true;
    const mailboxes = allRows(this.prepared(CHANGED), this.account, since);
    for (const row of mailboxes) this.prepared(LEARN).run(this.account, integer(row[0]), since);
    // What was removed longer ago than is remembered shows by its absence.
    const suspects =
      since >= floor ? allRows(this.prepared(GONE), this.account, since) : allRows(this.prepared(ALL_KNOWN));
    for (const row of suspects) this.#forgetIfGone(integer(row[0]) as LetterId);
    this.prepared(SET_MOD_SEQ).run(modSeq);
    return true;
  }

  #isOfAnotherHistory(modSeq: bigint): boolean {
    const state = firstRow(this.prepared(STATE));
    if (state === undefined || bigInteger(state[0]) > modSeq) return true;
    const hash = firstRow(this.prepared(HASH), integer(state[1]), this.account)?.[0];
    return hash !== undefined && !Buffer.from(bytes(hash)).equals(bytes(state[2]));
  }

  #forgetIfGone(letter: LetterId): void {
    if (firstRow(this.prepared(IS_PLACED), letter, this.account) !== undefined) return;
    if (this.prepared(FORGET).run(letter).changes > 0) this.prepared(FORGET_WORDS).run(letter);
  }

  async #index(letters: readonly LetterId[]): Promise<void> {
    const read: { readonly letter: LetterId; readonly texts: LetterText }[] = [];
    for (const letter of letters) {
      read.push({ letter, texts: await this.#texts(letter) });
    }
    this.#inTransaction('IMMEDIATE', () => {
      for (const { letter, texts } of read) this.#insert(letter, texts);
    });
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** A letter whose bytes cannot be read has no words: the others are found all the same, and `audit.ts` tells of it. */
  async #texts(letter: LetterId): Promise<LetterText> {
    try {
      return await readLetterText(this.#blobs.pieces(this.account, letter) ?? []);
    } catch {
      return await readLetterText([]);
    }
  }

  #insert(letter: LetterId, texts: LetterText): void {
    // It may be gone meanwhile, or another process may have been the first.
    if (firstRow(this.prepared(IS_NEW), letter) === undefined) return;
    const hash = firstRow(this.prepared(HASH), letter, this.account)?.[0];
    const tokens = [...WORD_COLUMNS.keys()].map((field) => textTokens(texts[field]).join(' '));
    this.prepared(INSERT).run(letter, ...tokens);
    this.prepared(INDEXED).run(letter);
    if (hash !== undefined) this.prepared(SET_LAST).run(letter, bytes(hash));
  }
}

const open = (paths: FolderPaths, account: AccountId): DatabaseSync => {
  const file = indexPath(paths, account);
  makeFolder(paths.search);
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
