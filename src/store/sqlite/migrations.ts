import type { DatabaseSync } from 'node:sqlite';

/** `PRAGMA application_id` of a Letterlock database: the bytes `Lttr`. */
export const APPLICATION_ID = 0x4c747472;

/*
 * The first schema.
 *
 * `letter` and `blob_chunk` are written at their end, whatever account a letter is for: fifty letters for fifty accounts
 * dirty a few dense pages and not fifty. What is ordered by account is small: two integers an entry. That is why
 * `letter` is keyed by a row number, which `placement` tells.
 *
 * What a letter costs is the pages that its commit dirties. So who may read a blob is not an index over letters: the
 * first account that had it stands in its row, and only those that share it have a row in `blob_share`. `refs` is
 * `account_refs` and all its shares. `chunks` is null for a blob that lies in a file; the chunks of the others are the
 * rows of `blob_chunk` from `id` on.
 *
 * There are no foreign keys: every row is written by one of a few verbs in `writer.ts`, a check a row would be a
 * lookup a row, and `audit.ts` verifies all of them at once.
 */
const FIRST = `
CREATE TABLE account (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  mod_seq INTEGER NOT NULL,
  next_mailbox INTEGER NOT NULL,
  next_letter INTEGER NOT NULL,
  last_uid_validity INTEGER NOT NULL
) STRICT;
CREATE TABLE verifier (
  account INTEGER PRIMARY KEY,
  scram_salt BLOB NOT NULL,
  scram_iterations INTEGER NOT NULL,
  scram_stored_key BLOB NOT NULL,
  scram_server_key BLOB NOT NULL,
  argon2id TEXT NOT NULL
) STRICT;
CREATE TABLE mailbox (
  account INTEGER NOT NULL,
  id INTEGER NOT NULL,
  name TEXT NOT NULL,
  role TEXT,
  uid_validity INTEGER NOT NULL,
  uid_next INTEGER NOT NULL,
  mod_seq INTEGER NOT NULL,
  letters INTEGER NOT NULL,
  PRIMARY KEY (account, id),
  UNIQUE (account, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE letter (
  row INTEGER PRIMARY KEY,
  account INTEGER NOT NULL,
  id INTEGER NOT NULL,
  blob INTEGER NOT NULL,
  hash BLOB NOT NULL,
  size_bytes INTEGER NOT NULL,
  prefix BLOB NOT NULL,
  forward_path TEXT NOT NULL,
  subject TEXT NOT NULL,
  from_text TEXT NOT NULL,
  sent_at INTEGER,
  message_id TEXT,
  transport TEXT NOT NULL,
  received_at INTEGER NOT NULL
) STRICT;
CREATE TABLE placement (
  account INTEGER NOT NULL,
  letter INTEGER NOT NULL,
  mailbox INTEGER NOT NULL,
  uid INTEGER NOT NULL,
  mod_seq INTEGER NOT NULL,
  letter_row INTEGER NOT NULL,
  PRIMARY KEY (account, letter, mailbox)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX placement_by_uid ON placement (account, mailbox, uid);
CREATE TABLE blob (
  hash BLOB PRIMARY KEY,
  id INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  chunks INTEGER,
  refs INTEGER NOT NULL,
  account INTEGER,
  account_refs INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE blob_share (
  account INTEGER NOT NULL,
  blob INTEGER NOT NULL,
  refs INTEGER NOT NULL,
  PRIMARY KEY (account, blob)
) STRICT, WITHOUT ROWID;
CREATE TABLE blob_chunk (
  id INTEGER PRIMARY KEY,
  bytes BLOB NOT NULL
) STRICT;
CREATE TABLE tally (
  key TEXT PRIMARY KEY,
  count INTEGER NOT NULL,
  last_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tally_by_last_at ON tally (last_at);
CREATE TABLE counter (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counter (name, value) VALUES ('next_blob', 1);
`;

/*
 * What else than the password logs in to an account. `scope` names the services with a space between them. Both tables
 * keep the order in which things were made, as `seq`; a certificate is looked for by its fingerprint alone.
 */
const CREDENTIALS = `
CREATE TABLE app_password (
  account INTEGER NOT NULL,
  sha256 BLOB NOT NULL,
  seq INTEGER NOT NULL,
  label TEXT NOT NULL,
  scope TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_used_on INTEGER,
  expires_at INTEGER,
  PRIMARY KEY (account, sha256),
  UNIQUE (account, label)
) STRICT, WITHOUT ROWID;
CREATE TABLE account_certificate (
  account INTEGER NOT NULL,
  sha256 BLOB NOT NULL,
  seq INTEGER NOT NULL,
  subject TEXT NOT NULL,
  bound_at INTEGER NOT NULL,
  PRIMARY KEY (account, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX account_certificate_by_sha256 ON account_certificate (sha256, account);
`;

/* The ranges of a letter's bytes that are not served, as `omitted-column.ts` writes them; null for none. */
const OMITTED = `
ALTER TABLE letter ADD COLUMN omitted TEXT;
`;

/** Forward only: the migration at index n takes a database from version n to n + 1. A released one never changes. */
export const MIGRATIONS: readonly string[] = [FIRST, CREDENTIALS, OMITTED];

/** The schema version that this program reads and writes (`PRAGMA user_version`). */
export const SCHEMA_VERSION: number = MIGRATIONS.length;

/** One integer that a `PRAGMA` answers. */
export const pragmaInteger = (db: DatabaseSync, name: string): number => {
  const row = db.prepare(`PRAGMA ${name}`, { returnArrays: true }).get() as unknown as [number] | undefined;
  if (row === undefined) throw new Error(`PRAGMA ${name} gave no row`);
  return row[0];
};

/**
 * Brings an open database to `SCHEMA_VERSION`, each step in one transaction, and says whether anything was done. Another
 * process may be doing the same: the version is read again under the write lock. Throws where the database is newer.
 */
export const migrate = (db: DatabaseSync): boolean => {
  let moved = false;
  for (;;) {
    if (pragmaInteger(db, 'user_version') === SCHEMA_VERSION) return moved;
    db.exec('BEGIN IMMEDIATE');
    try {
      const version = pragmaInteger(db, 'user_version');
      if (version > SCHEMA_VERSION) throw new Error(`schema ${version} is newer than ${SCHEMA_VERSION}`);
      const step = MIGRATIONS[version];
      if (step !== undefined) db.exec(`${step}; PRAGMA user_version = ${version + 1}`);
      db.exec('COMMIT');
      moved = true;
    } catch (cause) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw new Error('the data folder could not be brought to the current schema', { cause });
    }
  }
};
