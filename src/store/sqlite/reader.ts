import { DatabaseSync, type StatementSync } from 'node:sqlite';
import {
  services,
  type Account,
  type AccountId,
  type AccountName,
  type AppPassword,
  type Alias,
  type BoundCertificate,
  type Mailbox,
  type MailboxId,
  type ObjectKind,
  type ModSeq,
  type Queued,
  type QueueId,
  type Quota,
  type StoredObject,
  type Tally,
  type Usage,
  type Verifiers,
} from '../port.ts';
import { checkCount, isSha256 } from '../rules.ts';
import { BlobFiles } from './blob-files.ts';
import { BlobReader } from './blob-reader.ts';
import { ChangeReader } from './change-reader.ts';
import { allRows, bigInteger, bytes, firstRow, integer, text, type Row } from './column.ts';
import type { FolderPaths } from './folder.ts';
import { LetterReader } from './letter-reader.ts';
import { MAILBOX_COLUMNS, mailboxOfRow } from './mailbox-rows.ts';
import { QUEUED_COLUMNS, queuedOfRow } from './queue-rows.ts';

const ACCOUNT = 'SELECT id, name, created_at FROM account WHERE name = ? AND removed_at IS NULL';
const ACCOUNTS = 'SELECT id, name, created_at FROM account WHERE removed_at IS NULL ORDER BY id';
const VERIFIERS = `SELECT scram_salt, scram_iterations, scram_stored_key, scram_server_key, argon2id
  FROM verifier WHERE account = ?`;
const APP_PASSWORD_COLUMNS = 'label, sha256, scope, created_at, last_used_on, expires_at';
const APP_PASSWORDS = `SELECT ${APP_PASSWORD_COLUMNS} FROM app_password WHERE account = ? ORDER BY seq`;
const APP_PASSWORD = `SELECT ${APP_PASSWORD_COLUMNS} FROM app_password WHERE account = ? AND sha256 = ?`;
const CERTIFICATES =
  'SELECT sha256, subject, bound_at FROM account_certificate WHERE account = ? ORDER BY seq';
const CERTIFICATE_ACCOUNTS = `SELECT a.id, a.name, a.created_at FROM account_certificate c
  JOIN account a ON a.id = c.account WHERE c.sha256 = ? ORDER BY a.id`;
const ALIVE = 'SELECT 1 FROM account WHERE id = ? AND removed_at IS NULL';
const QUOTA = `SELECT quota_bytes, quota_letters, used_bytes, used_letters FROM account
  WHERE id = ? AND removed_at IS NULL`;
const MAILBOXES = `SELECT ${MAILBOX_COLUMNS} FROM mailbox WHERE account = ? ORDER BY id`;
const MAILBOX = `SELECT ${MAILBOX_COLUMNS} FROM mailbox WHERE account = ? AND id = ?`;
const LOST = 'SELECT path FROM lost_subscription WHERE account = ? ORDER BY path';
const DOMAINS = 'SELECT name FROM domain ORDER BY name';
const ALIASES = 'SELECT name, targets FROM alias ORDER BY name';
const ALIAS = 'SELECT name, targets FROM alias WHERE name = ?';
const DIRECTORY_VERSION = "SELECT value FROM counter WHERE name = 'directory'";
const OBJECT_COLUMNS = 'kind, name, value, created_mod_seq, mod_seq';
const OBJECTS = `SELECT ${OBJECT_COLUMNS} FROM object WHERE account = ? AND kind = ? ORDER BY name`;
const OBJECT = `SELECT ${OBJECT_COLUMNS} FROM object WHERE account = ? AND kind = ? AND name = ?`;
const QUEUED = `SELECT ${QUEUED_COLUMNS} FROM queue_entry WHERE id > ? ORDER BY id LIMIT ?`;
const TALLY = 'SELECT key, count, last_at FROM tally WHERE key = ?';

const accountOf = (row: Row): Account => ({
  id: integer(row[0]) as AccountId,
  name: text(row[1]) as AccountName,
  createdAt: integer(row[2]),
});

const hex = (value: Row[number] | undefined): string => Buffer.from(bytes(value)).toString('hex');

const appPasswordOf = (row: Row): AppPassword => {
  const scope = text(row[2]).split(' ');
  return {
    label: text(row[0]),
    sha256: hex(row[1]),
    scope: services.filter((service) => scope.includes(service)),
    createdAt: integer(row[3]),
    lastUsedOn: row[4] === null ? null : integer(row[4]),
    expiresAt: row[5] === null ? null : integer(row[5]),
  };
};

const aliasOf = (row: Row): Alias => ({
  name: text(row[0]) as AccountName,
  targets: JSON.parse(text(row[1])) as readonly AccountName[],
});

const objectOf = (row: Row): StoredObject => ({
  kind: text(row[0]) as ObjectKind,
  name: text(row[1]),
  value: text(row[2]),
  createdModSeq: bigInteger(row[3]) as ModSeq,
  modSeq: bigInteger(row[4]) as ModSeq,
});

const orNull = (value: Row[number] | undefined): number | null => (value === null ? null : integer(value));

/**
 * The reads of the port on a connection of their own. Each statement sees the last commit of any process; nothing is
 * held between two of them, so a checkpoint never waits for a reader.
 */
export class Reader {
  readonly letters: LetterReader;
  readonly changes: ChangeReader;
  readonly blobs: BlobReader;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** Opens a folder that a store thread of this process has open, so it exists and is of the right version. */
  constructor(paths: FolderPaths) {
    const db = new DatabaseSync(paths.database, { readOnly: true, timeout: 0, returnArrays: true });
    this.#db = db;
    this.letters = new LetterReader(db);
    this.changes = new ChangeReader(db, this.letters);
    this.blobs = new BlobReader(db, new BlobFiles(paths.blobs));
  }

  /** The statement of the text, prepared once. */
  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const made = this.#db.prepare(sql, { returnArrays: true, readBigInts: true });
    this.#statements.set(sql, made);
    return made;
  }

  /** Whether there is such an account. */
  isThere(account: AccountId): boolean {
    return firstRow(this.#prepared(ALIVE), account) !== undefined;
  }

  account(name: AccountName): Account | null {
    const row = firstRow(this.#prepared(ACCOUNT), name);
    return row === undefined ? null : accountOf(row);
  }

  accounts(): readonly Account[] {
    return allRows(this.#prepared(ACCOUNTS)).map(accountOf);
  }

  verifiers(account: AccountId): Verifiers | null {
    const row = firstRow(this.#prepared(VERIFIERS), account);
    if (row === undefined) return null;
    const scram = {
      salt: bytes(row[0]),
      iterations: integer(row[1]),
      storedKey: bytes(row[2]),
      serverKey: bytes(row[3]),
    };
    return { scram, argon2id: text(row[4]) };
  }

  appPasswords(account: AccountId): readonly AppPassword[] {
    return allRows(this.#prepared(APP_PASSWORDS), account).map(appPasswordOf);
  }

  appPassword(account: AccountId, sha256: string): AppPassword | null {
    if (!isSha256(sha256)) return null;
    const row = firstRow(this.#prepared(APP_PASSWORD), account, Buffer.from(sha256, 'hex'));
    return row === undefined ? null : appPasswordOf(row);
  }

  boundCertificates(account: AccountId): readonly BoundCertificate[] {
    return allRows(this.#prepared(CERTIFICATES), account).map((row) => ({
      sha256: hex(row[0]),
      subject: text(row[1]),
      boundAt: integer(row[2]),
    }));
  }

  accountsOfCertificate(sha256: string): readonly Account[] {
    if (!isSha256(sha256)) return [];
    return allRows(this.#prepared(CERTIFICATE_ACCOUNTS), Buffer.from(sha256, 'hex')).map(accountOf);
  }

  quota(account: AccountId): { readonly quota: Quota; readonly usage: Usage } | null {
    const row = firstRow(this.#prepared(QUOTA), account);
    if (row === undefined) return null;
    const quota = { bytes: orNull(row[0]), letters: orNull(row[1]) };
    return { quota, usage: { bytes: integer(row[2]), letters: integer(row[3]) } };
  }

  mailboxes(account: AccountId): readonly Mailbox[] {
    return allRows(this.#prepared(MAILBOXES), account).map(mailboxOfRow);
  }

  mailbox(account: AccountId, mailbox: MailboxId): Mailbox | null {
    const row = firstRow(this.#prepared(MAILBOX), account, mailbox);
    return row === undefined ? null : mailboxOfRow(row);
  }

  lostSubscriptions(account: AccountId): readonly string[] {
    return allRows(this.#prepared(LOST), account).map((row) => text(row[0]));
  }

  domains(): readonly string[] {
    return allRows(this.#prepared(DOMAINS)).map((row) => text(row[0]));
  }

  aliases(): readonly Alias[] {
    return allRows(this.#prepared(ALIASES)).map(aliasOf);
  }

  alias(name: AccountName): Alias | null {
    const row = firstRow(this.#prepared(ALIAS), name);
    return row === undefined ? null : aliasOf(row);
  }

  directoryVersion(): number {
    return integer(firstRow(this.#prepared(DIRECTORY_VERSION))?.[0]);
  }

  objects(account: AccountId, kind: ObjectKind): readonly StoredObject[] {
    return allRows(this.#prepared(OBJECTS), account, kind).map(objectOf);
  }

  object(account: AccountId, kind: ObjectKind, name: string): StoredObject | null {
    const row = firstRow(this.#prepared(OBJECT), account, kind, name);
    return row === undefined ? null : objectOf(row);
  }

  queued({ count, after }: { readonly count: number; readonly after: QueueId | null }): readonly Queued[] {
    checkCount(count);
    return allRows(this.#prepared(QUEUED), after ?? 0, count).map(queuedOfRow);
  }

  tallies(keys: readonly string[]): readonly Tally[] {
    return [...new Set(keys)].flatMap((key) => {
      const row = firstRow(this.#prepared(TALLY), key);
      return row === undefined ? [] : { key: text(row[0]), count: integer(row[1]), lastAt: integer(row[2]) };
    });
  }

  close(): void {
    this.#db.close();
  }
}
