import { DatabaseSync, type StatementSync } from 'node:sqlite';
import {
  services,
  type Account,
  type AccountId,
  type AccountName,
  type AppPassword,
  type BlobHash,
  type BoundCertificate,
  type Letter,
  type LetterId,
  type LetterQuery,
  type Mailbox,
  type MailboxId,
  type ModSeq,
  type Tally,
  type Uid,
  type Verifiers,
} from '../port.ts';
import type { TransportRecord } from '../../passport/record.ts';
import { StoreFault } from '../fault.ts';
import { checkCount, isBlobHash, isSha256 } from '../rules.ts';
import { BlobFiles } from './blob-files.ts';
import { allRows, bigInteger, bytes, firstRow, integer, text, type Row } from './column.ts';
import type { FolderPaths } from './folder.ts';
import { parseOmitted } from './omitted-column.ts';

const ACCOUNT = 'SELECT id, name, created_at FROM account WHERE name = ?';
const ACCOUNTS = 'SELECT id, name, created_at FROM account ORDER BY id';
const VERIFIERS = `SELECT scram_salt, scram_iterations, scram_stored_key, scram_server_key, argon2id
  FROM verifier WHERE account = ?`;
const APP_PASSWORD_COLUMNS = 'label, sha256, scope, created_at, last_used_on, expires_at';
const APP_PASSWORDS = `SELECT ${APP_PASSWORD_COLUMNS} FROM app_password WHERE account = ? ORDER BY seq`;
const APP_PASSWORD = `SELECT ${APP_PASSWORD_COLUMNS} FROM app_password WHERE account = ? AND sha256 = ?`;
const CERTIFICATES =
  'SELECT sha256, subject, bound_at FROM account_certificate WHERE account = ? ORDER BY seq';
const CERTIFICATE_ACCOUNTS = `SELECT a.id, a.name, a.created_at FROM account_certificate c
  JOIN account a ON a.id = c.account WHERE c.sha256 = ? ORDER BY a.id`;
const MAILBOXES = `SELECT id, name, uid_validity, uid_next, mod_seq, letters FROM mailbox
  WHERE account = ? ORDER BY id`;
const LETTER_COLUMNS = `l.id, p.mailbox, p.uid, p.mod_seq, l.hash, l.size_bytes, l.prefix, l.forward_path, l.subject,
  l.from_text, l.sent_at, l.message_id, l.transport, l.received_at, l.omitted`;
const LETTERS = `SELECT ${LETTER_COLUMNS} FROM placement p JOIN letter l ON l.row = p.letter_row
  WHERE p.account = ? AND p.letter < ? ORDER BY p.letter DESC LIMIT ?`;
const LETTER = `SELECT ${LETTER_COLUMNS} FROM placement p JOIN letter l ON l.row = p.letter_row
  WHERE p.account = ? AND p.letter = ?`;
const BLOB = `SELECT b.id, b.size_bytes, b.chunks FROM blob b WHERE b.hash = ?
  AND (b.account = ? OR EXISTS (SELECT 1 FROM blob_share s WHERE s.account = ? AND s.blob = b.id))`;
const CHUNKS = 'SELECT bytes FROM blob_chunk WHERE id >= ? AND id < ? ORDER BY id';
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

const letterOf = (row: Row): Letter => ({
  id: integer(row[0]) as LetterId,
  mailbox: integer(row[1]) as MailboxId,
  uid: integer(row[2]) as Uid,
  modSeq: bigInteger(row[3]) as ModSeq,
  hash: hex(row[4]) as BlobHash,
  sizeBytes: integer(row[5]),
  prefix: bytes(row[6]),
  forwardPath: text(row[7]),
  summary: {
    subject: text(row[8]),
    from: text(row[9]),
    sentAt: row[10] === null ? null : integer(row[10]),
    messageId: row[11] === null ? null : text(row[11]),
  },
  transport: JSON.parse(text(row[12])) as TransportRecord | null,
  receivedAt: integer(row[13]),
  omitted: row[14] === null ? [] : parseOmitted(text(row[14])),
});

/**
 * The reads of the port on a connection of their own. Each statement sees the last commit of any process; nothing is
 * held between two of them, so a checkpoint never waits for a reader.
 */
export class Reader {
  readonly #db: DatabaseSync;
  readonly #files: BlobFiles;
  readonly #account: StatementSync;
  readonly #accounts: StatementSync;
  readonly #verifiers: StatementSync;
  readonly #appPasswords: StatementSync;
  readonly #appPassword: StatementSync;
  readonly #certificates: StatementSync;
  readonly #certificateAccounts: StatementSync;
  readonly #mailboxes: StatementSync;
  readonly #letters: StatementSync;
  readonly #letter: StatementSync;
  readonly #blob: StatementSync;
  readonly #chunks: StatementSync;
  readonly #tally: StatementSync;

  /** Opens a folder that a store thread of this process has open, so it exists and is of the right version. */
  constructor(paths: FolderPaths) {
    const db = new DatabaseSync(paths.database, { readOnly: true, timeout: 0, returnArrays: true });
    this.#db = db;
    this.#files = new BlobFiles(paths.blobs);
    const wide = { readBigInts: true, returnArrays: true };
    this.#account = db.prepare(ACCOUNT);
    this.#accounts = db.prepare(ACCOUNTS);
    this.#verifiers = db.prepare(VERIFIERS);
    this.#appPasswords = db.prepare(APP_PASSWORDS);
    this.#appPassword = db.prepare(APP_PASSWORD);
    this.#certificates = db.prepare(CERTIFICATES);
    this.#certificateAccounts = db.prepare(CERTIFICATE_ACCOUNTS);
    this.#mailboxes = db.prepare(MAILBOXES, wide);
    this.#letters = db.prepare(LETTERS, wide);
    this.#letter = db.prepare(LETTER, wide);
    this.#blob = db.prepare(BLOB);
    this.#chunks = db.prepare(CHUNKS);
    this.#tally = db.prepare(TALLY);
  }

  account(name: AccountName): Account | null {
    const row = firstRow(this.#account, name);
    return row === undefined ? null : accountOf(row);
  }

  accounts(): readonly Account[] {
    return allRows(this.#accounts).map(accountOf);
  }

  verifiers(account: AccountId): Verifiers | null {
    const row = firstRow(this.#verifiers, account);
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
    return allRows(this.#appPasswords, account).map(appPasswordOf);
  }

  appPassword(account: AccountId, sha256: string): AppPassword | null {
    if (!isSha256(sha256)) return null;
    const row = firstRow(this.#appPassword, account, Buffer.from(sha256, 'hex'));
    return row === undefined ? null : appPasswordOf(row);
  }

  boundCertificates(account: AccountId): readonly BoundCertificate[] {
    return allRows(this.#certificates, account).map((row) => ({
      sha256: hex(row[0]),
      subject: text(row[1]),
      boundAt: integer(row[2]),
    }));
  }

  accountsOfCertificate(sha256: string): readonly Account[] {
    if (!isSha256(sha256)) return [];
    return allRows(this.#certificateAccounts, Buffer.from(sha256, 'hex')).map(accountOf);
  }

  mailboxes(account: AccountId): readonly Mailbox[] {
    return allRows(this.#mailboxes, account).map((row) => ({
      id: integer(row[0]) as MailboxId,
      name: text(row[1]),
      uidValidity: integer(row[2]),
      uidNext: integer(row[3]) as Uid,
      highestModSeq: bigInteger(row[4]) as ModSeq,
      letters: integer(row[5]),
    }));
  }

  letters({ account, before, count }: LetterQuery): readonly Letter[] {
    checkCount(count);
    return allRows(this.#letters, account, before ?? Number.MAX_SAFE_INTEGER, count).map(letterOf);
  }

  letter(account: AccountId, letter: LetterId): Letter | null {
    const row = firstRow(this.#letter, account, letter);
    return row === undefined ? null : letterOf(row);
  }

  blob(account: AccountId, hash: BlobHash): Uint8Array | Promise<Uint8Array> | null {
    if (!isBlobHash(hash)) return null;
    const row = firstRow(this.#blob, Buffer.from(hash, 'hex'), account, account);
    if (row === undefined) return null;
    const sizeBytes = integer(row[1]);
    if (row[2] === null) return this.#files.read(hash, sizeBytes);
    return this.#fromRows(hash, integer(row[0]), integer(row[2]), sizeBytes);
  }

  #fromRows(hash: BlobHash, first: number, chunks: number, sizeBytes: number): Uint8Array {
    const rows = allRows(this.#chunks, first, first + chunks).map((row) => bytes(row[0]));
    const found = rows.reduce((sum, row) => sum + row.length, 0);
    if (rows.length !== chunks || found !== sizeBytes)
      throw new StoreFault(
        `blob ${hash} has ${found} bytes in ${rows.length} rows and not ${sizeBytes} in ${chunks}`,
      );
    const [only] = rows;
    return rows.length === 1 && only !== undefined ? only : new Uint8Array(Buffer.concat(rows));
  }

  tallies(keys: readonly string[]): readonly Tally[] {
    return [...new Set(keys)].flatMap((key) => {
      const row = firstRow(this.#tally, key);
      return row === undefined ? [] : { key: text(row[0]), count: integer(row[1]), lastAt: integer(row[2]) };
    });
  }

  close(): void {
    this.#db.close();
  }
}
