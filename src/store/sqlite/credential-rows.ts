import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { AccountId } from '../port.ts';
import { refused, ok, type Result } from '../../result.ts';
import { MAX_CREDENTIALS } from '../rules.ts';
import { firstRow, integer } from './column.ts';
import type { WriteOf } from './write.ts';

const FIND_APP_PASSWORD = 'SELECT 1 FROM app_password WHERE account = ? AND (sha256 = ? OR label = ?)';
const COUNT_APP_PASSWORDS = 'SELECT count(*), coalesce(max(seq), 0) FROM app_password WHERE account = ?';
const INSERT_APP_PASSWORD = `INSERT INTO app_password (account, sha256, seq, label, scope, created_at, expires_at)
  VALUES (?, ?, ?, ?, ?, ?, ?)`;
const DELETE_APP_PASSWORD = 'DELETE FROM app_password WHERE account = ? AND label = ?';
const USE_APP_PASSWORD = `UPDATE app_password SET last_used_on = max(coalesce(last_used_on, ?3), ?3)
  WHERE account = ?1 AND sha256 = ?2`;
const FIND_CERTIFICATE = 'SELECT 1 FROM account_certificate WHERE account = ? AND sha256 = ?';
const COUNT_CERTIFICATES =
  'SELECT count(*), coalesce(max(seq), 0) FROM account_certificate WHERE account = ?';
const INSERT_CERTIFICATE = `INSERT INTO account_certificate (account, sha256, seq, subject, bound_at)
  VALUES (?, ?, ?, ?, ?)`;
const DELETE_CERTIFICATE = 'DELETE FROM account_certificate WHERE account = ? AND sha256 = ?';

/** App passwords and bound certificates, inside the writer's transaction. A refusal comes before the first change. */
export class CredentialRows {
  readonly #findAppPassword: StatementSync;
  readonly #countAppPasswords: StatementSync;
  readonly #insertAppPassword: StatementSync;
  readonly #deleteAppPassword: StatementSync;
  readonly #useAppPassword: StatementSync;
  readonly #findCertificate: StatementSync;
  readonly #countCertificates: StatementSync;
  readonly #insertCertificate: StatementSync;
  readonly #deleteCertificate: StatementSync;

  constructor(db: DatabaseSync) {
    this.#findAppPassword = db.prepare(FIND_APP_PASSWORD);
    this.#countAppPasswords = db.prepare(COUNT_APP_PASSWORDS, { returnArrays: true });
    this.#insertAppPassword = db.prepare(INSERT_APP_PASSWORD);
    this.#deleteAppPassword = db.prepare(DELETE_APP_PASSWORD);
    this.#useAppPassword = db.prepare(USE_APP_PASSWORD);
    this.#findCertificate = db.prepare(FIND_CERTIFICATE);
    this.#countCertificates = db.prepare(COUNT_CERTIFICATES, { returnArrays: true });
    this.#insertCertificate = db.prepare(INSERT_CERTIFICATE);
    this.#deleteCertificate = db.prepare(DELETE_CERTIFICATE);
  }

  /** The account is there. */
  addAppPassword({ account, password }: WriteOf<'add-app-password'>): Result<null, 'exists' | 'too-many'> {
    const sha256 = Buffer.from(password.sha256, 'hex');
    if (this.#findAppPassword.get(account, sha256, password.label) !== undefined) return refused('exists');
    const seq = nextOf(this.#countAppPasswords, account);
    if (seq === null) return refused('too-many');
    const { label, scope, createdAt, expiresAt } = password;
    this.#insertAppPassword.run(account, sha256, seq, label, scope.join(' '), createdAt, expiresAt);
    return ok(null);
  }

  removeAppPassword({ account, label }: WriteOf<'remove-app-password'>): Result<null, 'no-app-password'> {
    return this.#deleteAppPassword.run(account, label).changes === 0 ? refused('no-app-password') : ok(null);
  }

  useAppPassword({ account, sha256, usedOn }: WriteOf<'use-app-password'>): null {
    this.#useAppPassword.run(account, Buffer.from(sha256, 'hex'), usedOn);
    return null;
  }

  /** The account is there. */
  bindCertificate({
    account,
    certificate,
  }: WriteOf<'bind-certificate'>): Result<null, 'exists' | 'too-many'> {
    const sha256 = Buffer.from(certificate.sha256, 'hex');
    if (this.#findCertificate.get(account, sha256) !== undefined) return refused('exists');
    const seq = nextOf(this.#countCertificates, account);
    if (seq === null) return refused('too-many');
    this.#insertCertificate.run(account, sha256, seq, certificate.subject, certificate.boundAt);
    return ok(null);
  }

  unbindCertificate({ account, sha256 }: WriteOf<'unbind-certificate'>): Result<null, 'not-bound'> {
    const deleted = this.#deleteCertificate.run(account, Buffer.from(sha256, 'hex'));
    return deleted.changes === 0 ? refused('not-bound') : ok(null);
  }
}

/** The number of the next one in the order of making; null where the account has as many as it may. */
const nextOf = (count: StatementSync, account: AccountId): number | null => {
  const row = firstRow(count, account);
  return integer(row?.[0]) >= MAX_CREDENTIALS ? null : integer(row?.[1]) + 1;
};
