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

/*
 * The whole model: trees of mailboxes, keywords, threads, what is gone, quotas, the queue.
 *
 * What a letter costs is the pages that its commit dirties, so a delivery writes rows at the ends of things: a `letter`
 * and a `blob` at the end of all, a `placement` at the end of its mailbox. There is no index over letters by account or
 * over small blobs by hash. A letter is found by its number, and says itself where it lies: `mailbox` and `uid` are its one
 * place (0 where it has none, or has had another first), `further_place` has the others.
 *
 * `placement` is in the order of IMAP: what a mailbox is opened with is one range of it. The letters of a mailbox come in
 * the order of their modification sequences and, nearly always, of their dates, so that only the exceptions have to be
 * found by an index: `changed` marks those that changed since they were put there, `out_of_order` those that are older
 * than one that was there before them.
 *
 * `flags` has a bit each for $seen (1), $answered (2), $flagged (4), \\deleted (8) and $draft (16); `keywords` are the others
 * with a space between them. `parent` is 0 at the top. `thread_letter` has no row for the letter that began its thread
 * and gave it its number. A blob is shared by the recipients of its delivery, and where it lies in a file by everybody
 * who has the same bytes; `refs` counts its letters and entries of the queue.
 */
const MODEL = `
ALTER TABLE account DROP COLUMN next_letter;
ALTER TABLE account ADD COLUMN quota_bytes INTEGER;
ALTER TABLE account ADD COLUMN quota_letters INTEGER;
ALTER TABLE account ADD COLUMN used_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN used_letters INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN floor_mod_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN change_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN removed_at INTEGER;
CREATE INDEX account_by_change_seq ON account (change_seq);
INSERT INTO counter (name, value) SELECT 'next_letter', coalesce(max(row), 0) + 1 FROM letter;
INSERT INTO counter (name, value) VALUES ('change_seq', 0);
CREATE TABLE new_letter (
  id INTEGER PRIMARY KEY,
  account INTEGER NOT NULL,
  mailbox INTEGER NOT NULL,
  uid INTEGER NOT NULL,
  blob INTEGER NOT NULL,
  hash BLOB NOT NULL,
  size_bytes INTEGER NOT NULL,
  served_bytes INTEGER NOT NULL,
  thread INTEGER NOT NULL,
  created_mod_seq INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  sent_at INTEGER,
  prefix BLOB NOT NULL,
  omitted TEXT,
  forward_path TEXT NOT NULL,
  subject TEXT NOT NULL,
  from_text TEXT NOT NULL,
  message_id TEXT,
  transport TEXT NOT NULL,
  parsed BLOB
) STRICT;
INSERT INTO new_letter SELECT l.row, l.account, p.mailbox, p.uid, l.blob, l.hash, l.size_bytes,
  length(l.prefix) + l.size_bytes - coalesce((SELECT sum(json_extract(value, '$[1]') - json_extract(value, '$[0]'))
    FROM json_each(l.omitted)), 0),
  l.row, p.mod_seq, l.received_at, l.sent_at, l.prefix, l.omitted, l.forward_path, l.subject, l.from_text, l.message_id,
  l.transport, NULL FROM letter l JOIN placement p ON p.account = l.account AND p.letter = l.id AND p.letter_row = l.row;
CREATE TABLE new_placement (
  account INTEGER NOT NULL,
  mailbox INTEGER NOT NULL,
  uid INTEGER NOT NULL,
  letter INTEGER NOT NULL,
  thread INTEGER NOT NULL,
  mod_seq INTEGER NOT NULL,
  flags INTEGER NOT NULL,
  keywords TEXT NOT NULL,
  saved_at INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  served_bytes INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  out_of_order INTEGER NOT NULL,
  PRIMARY KEY (account, mailbox, uid)
) STRICT, WITHOUT ROWID;
INSERT INTO new_placement SELECT account, mailbox, uid, id, thread, created_mod_seq, 0, '', received_at, received_at,
  served_bytes, 0, 1 FROM new_letter ORDER BY account, mailbox, uid;
DROP TABLE placement;
DROP TABLE letter;
ALTER TABLE new_letter RENAME TO letter;
ALTER TABLE new_placement RENAME TO placement;
CREATE INDEX placement_changed ON placement (account, mailbox, mod_seq) WHERE changed = 1;
CREATE INDEX placement_out_of_order ON placement (account, mailbox, received_at) WHERE out_of_order = 1;
CREATE TABLE further_place (
  letter INTEGER NOT NULL,
  mailbox INTEGER NOT NULL,
  uid INTEGER NOT NULL,
  PRIMARY KEY (letter, mailbox)
) STRICT, WITHOUT ROWID;
CREATE TABLE new_mailbox (
  account INTEGER NOT NULL,
  id INTEGER NOT NULL,
  parent INTEGER NOT NULL,
  name TEXT NOT NULL,
  role TEXT,
  subscribed INTEGER NOT NULL,
  sort_order INTEGER NOT NULL,
  uid_validity INTEGER NOT NULL,
  uid_next INTEGER NOT NULL,
  highest_mod_seq INTEGER NOT NULL,
  created_mod_seq INTEGER NOT NULL,
  mod_seq INTEGER NOT NULL,
  latest_received_at INTEGER NOT NULL,
  letters INTEGER NOT NULL,
  unseen INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  PRIMARY KEY (account, id),
  UNIQUE (account, parent, name)
) STRICT, WITHOUT ROWID;
INSERT INTO new_mailbox SELECT m.account, m.id, 0, m.name, m.role, 1, 0, m.uid_validity, m.uid_next, m.mod_seq, 1,
  m.mod_seq, coalesce(max(p.received_at), 0), count(p.uid), count(p.uid), 0, coalesce(sum(p.served_bytes), 0)
  FROM mailbox m LEFT JOIN placement p ON p.account = m.account AND p.mailbox = m.id GROUP BY m.account, m.id;
DROP TABLE mailbox;
ALTER TABLE new_mailbox RENAME TO mailbox;
UPDATE account SET
  used_bytes = coalesce((SELECT sum(size_bytes) FROM mailbox m WHERE m.account = account.id), 0),
  used_letters = coalesce((SELECT sum(letters) FROM mailbox m WHERE m.account = account.id), 0);
CREATE TABLE new_blob (
  id INTEGER PRIMARY KEY,
  hash BLOB NOT NULL,
  size_bytes INTEGER NOT NULL,
  chunks INTEGER,
  refs INTEGER NOT NULL
) STRICT;
INSERT INTO new_blob SELECT id, hash, size_bytes, chunks, refs FROM blob ORDER BY id;
DROP TABLE blob;
DROP TABLE blob_share;
ALTER TABLE new_blob RENAME TO blob;
CREATE INDEX blob_in_file ON blob (hash) WHERE chunks IS NULL;
CREATE TABLE lost_subscription (
  account INTEGER NOT NULL,
  path TEXT NOT NULL,
  PRIMARY KEY (account, path)
) STRICT, WITHOUT ROWID;
CREATE TABLE thread_key (
  account INTEGER NOT NULL,
  key INTEGER NOT NULL,
  thread INTEGER NOT NULL,
  PRIMARY KEY (account, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE thread_letter (
  account INTEGER NOT NULL,
  thread INTEGER NOT NULL,
  letter INTEGER NOT NULL,
  PRIMARY KEY (account, thread, letter)
) STRICT, WITHOUT ROWID;
CREATE TABLE gone_placement (
  account INTEGER NOT NULL,
  mailbox INTEGER NOT NULL,
  mod_seq INTEGER NOT NULL,
  uid INTEGER NOT NULL,
  letter INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (account, mailbox, mod_seq, uid)
) STRICT, WITHOUT ROWID;
CREATE INDEX gone_placement_by_at ON gone_placement (at);
CREATE TABLE gone (
  account INTEGER NOT NULL,
  kind TEXT NOT NULL,
  mod_seq INTEGER NOT NULL,
  name TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (account, kind, mod_seq, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX gone_by_at ON gone (at);
CREATE TABLE removed_letter (
  account INTEGER NOT NULL,
  letter INTEGER NOT NULL,
  mailbox INTEGER NOT NULL,
  flags INTEGER NOT NULL,
  keywords TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (account, letter)
) STRICT, WITHOUT ROWID;
CREATE INDEX removed_letter_by_at ON removed_letter (at);
CREATE TABLE object (
  account INTEGER NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  created_mod_seq INTEGER NOT NULL,
  mod_seq INTEGER NOT NULL,
  PRIMARY KEY (account, kind, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE domain (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE alias (
  name TEXT PRIMARY KEY,
  targets TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE queue_entry (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account INTEGER,
  destination TEXT NOT NULL,
  state TEXT NOT NULL,
  prefix BLOB NOT NULL,
  hash BLOB NOT NULL,
  blob INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  omitted TEXT,
  due_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  leased_until INTEGER
) STRICT;
CREATE INDEX queue_entry_by_due_at ON queue_entry (due_at);
`;

/**
 * Letters of middle length lie in segments: `chunks` is 0 for them, and null for a file as before. `zstd_bytes` is how long a
 * compressed letter is where it lies, null for one that lies as it is.
 */
const SEGMENTS = `
CREATE TABLE segment (
  id INTEGER PRIMARY KEY,
  size_bytes INTEGER NOT NULL,
  used_bytes INTEGER NOT NULL
) STRICT;
ALTER TABLE blob ADD COLUMN segment INTEGER;
ALTER TABLE blob ADD COLUMN segment_offset INTEGER;
ALTER TABLE blob ADD COLUMN zstd_bytes INTEGER;
CREATE INDEX blob_in_segment ON blob (segment, segment_offset) WHERE segment IS NOT NULL;
INSERT INTO counter (name, value) VALUES ('next_segment', 1);
DROP INDEX blob_in_file;
CREATE INDEX blob_by_hash ON blob (hash) WHERE chunks IS NULL OR size_bytes > 65536;
`;

/*
 * Counts the changes of what leads to accounts and of how much they may keep, whoever makes them, so that what was read of
 * it can be remembered. A delivery changes none of these columns.
 */
const DIRECTORY_CHANGES = [
  'INSERT ON account',
  'UPDATE OF name, removed_at, quota_bytes, quota_letters ON account',
  'INSERT ON domain',
  'DELETE ON domain',
  'INSERT ON alias',
  'UPDATE ON alias',
  'DELETE ON alias',
];
const DIRECTORY = [
  "INSERT INTO counter (name, value) VALUES ('directory', 0)",
  ...DIRECTORY_CHANGES.map(
    (change, number) => `CREATE TRIGGER directory_${number} AFTER ${change}
  BEGIN UPDATE counter SET value = value + 1 WHERE name = 'directory'; END`,
  ),
].join(';\n');

/** Forward only: the migration at index n takes a database from version n to n + 1. A released one never changes. */
export const MIGRATIONS: readonly string[] = [FIRST, CREDENTIALS, OMITTED, MODEL, SEGMENTS, DIRECTORY];

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
