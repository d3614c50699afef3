import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Account, AccountId, MailboxId, Verifiers } from '../port.ts';
import { ok, refused } from '../../result.ts';
import { FIRST_MAILBOXES } from '../mailbox-rules.ts';
import { nextUidValidity } from '../rules.ts';
import type { ChangeNotes, Ledger } from './ledger.ts';
import type { MailboxRows } from './mailbox-rows.ts';
import type { WriteOf, Written } from './write.ts';

const FIND = 'SELECT 1 FROM account WHERE name = ?';
const INSERT = `INSERT INTO account (name, created_at, mod_seq, next_mailbox, last_uid_validity)
  VALUES (?, ?, 1, ${FIRST_MAILBOXES.length + 1}, ?)`;
/** No address has the form of such a name. */
const RETIRE = `UPDATE account SET name = '#' || id, removed_at = 1 WHERE id = ?`;
const SET_QUOTA = 'UPDATE account SET quota_bytes = ?, quota_letters = ? WHERE id = ?';
const PUT_VERIFIER = `INSERT INTO verifier
  (account, scram_salt, scram_iterations, scram_stored_key, scram_server_key, argon2id) VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (account) DO UPDATE SET scram_salt = excluded.scram_salt, scram_iterations = excluded.scram_iterations,
    scram_stored_key = excluded.scram_stored_key, scram_server_key = excluded.scram_server_key,
    argon2id = excluded.argon2id`;
/** What goes at once when an account is removed; its letters go in small pieces (`tidy-rows.ts`). */
const LEAVE = [
  ...['mailbox', 'verifier', 'app_password', 'account_certificate', 'object', 'lost_subscription'].map(
    (table) => `DELETE FROM ${table} WHERE account = ?`,
  ),
  'UPDATE removed_letter SET at = 0 WHERE account = ?',
];
const INSERT_DOMAIN = 'INSERT OR IGNORE INTO domain (name) VALUES (?)';
const DELETE_DOMAIN = 'DELETE FROM domain WHERE name = ?';
const PUT_ALIAS = `INSERT INTO alias (name, targets) VALUES (?, ?)
  ON CONFLICT (name) DO UPDATE SET targets = excluded.targets`;
const DELETE_ALIAS = 'DELETE FROM alias WHERE name = ?';

/** Accounts, and which addresses lead to them, inside the writer's transaction. */
export class AccountRows {
  readonly #ledger: Ledger;
  readonly #mailboxes: MailboxRows;
  readonly #find: StatementSync;
  readonly #insert: StatementSync;
  readonly #retire: StatementSync;
  readonly #setQuota: StatementSync;
  readonly #putVerifier: StatementSync;
  readonly #leave: readonly StatementSync[];
  readonly #insertDomain: StatementSync;
  readonly #deleteDomain: StatementSync;
  readonly #putAlias: StatementSync;
  readonly #deleteAlias: StatementSync;

  constructor(db: DatabaseSync, parts: { ledger: Ledger; mailboxes: MailboxRows }) {
    this.#ledger = parts.ledger;
    this.#mailboxes = parts.mailboxes;
    this.#find = db.prepare(FIND);
    this.#insert = db.prepare(INSERT);
    this.#retire = db.prepare(RETIRE);
    this.#setQuota = db.prepare(SET_QUOTA);
    this.#putVerifier = db.prepare(PUT_VERIFIER);
    this.#leave = LEAVE.map((sql) => db.prepare(sql));
    this.#insertDomain = db.prepare(INSERT_DOMAIN);
    this.#deleteDomain = db.prepare(DELETE_DOMAIN);
    this.#putAlias = db.prepare(PUT_ALIAS);
    this.#deleteAlias = db.prepare(DELETE_ALIAS);
  }

  create({ wanted }: WriteOf<'create-account'>, notes: ChangeNotes): Written<'create-account'> {
    const { name, createdAt, verifiers } = wanted;
    if (this.#find.get(name) !== undefined) return refused('exists');
    let uidValidity = 0;
    const validities = FIRST_MAILBOXES.map(() => (uidValidity = nextUidValidity(uidValidity, createdAt)));
    const id = Number(this.#insert.run(name, createdAt, uidValidity).lastInsertRowid) as AccountId;
    for (const [index, { name: mailbox, role }] of FIRST_MAILBOXES.entries()) {
      const shape = { name: mailbox, parent: null, role, subscribed: true, sortOrder: index };
      const own = { uidValidity: validities[index] ?? uidValidity, modSeq: 1n };
      this.#mailboxes.insert(id, (index + 1) as MailboxId, shape, own);
    }
    this.#writeVerifiers(id, verifiers);
    const numbers = this.#ledger.account(id);
    if (numbers === null) throw new Error(`account ${id} was not written`);
    this.#ledger.touch(numbers);
    notes.note(numbers);
    const account: Account = { id, name, createdAt };
    return ok(account);
  }

  remove({ account }: WriteOf<'remove-account'>, notes: ChangeNotes): Written<'remove-account'> {
    const numbers = this.#ledger.account(account);
    if (numbers === null) return refused('no-account');
    this.#ledger.raise(numbers);
    this.#ledger.reload(account);
    for (const statement of this.#leave) statement.run(account);
    this.#retire.run(account);
    notes.note(numbers);
    return ok(null);
  }

  setVerifiers({ account, verifiers }: WriteOf<'set-verifiers'>): Written<'set-verifiers'> {
    if (this.#ledger.account(account) === null) return refused('no-account');
    this.#writeVerifiers(account, verifiers);
    return ok(null);
  }

  setQuota({ account, quota }: WriteOf<'set-quota'>): Written<'set-quota'> {
    if (this.#ledger.account(account) === null) return refused('no-account');
    this.#ledger.reload(account);
    this.#setQuota.run(quota.bytes, quota.letters, account);
    return ok(null);
  }

  addDomain({ domain }: WriteOf<'add-domain'>): Written<'add-domain'> {
    return this.#insertDomain.run(domain).changes > 0 ? ok(null) : refused('exists');
  }

  removeDomain({ domain }: WriteOf<'remove-domain'>): Written<'remove-domain'> {
    return this.#deleteDomain.run(domain).changes > 0 ? ok(null) : refused('no-domain');
  }

  setAlias({ alias: { name, targets } }: WriteOf<'set-alias'>): null {
    this.#putAlias.run(name, JSON.stringify(targets));
    return null;
  }

  removeAlias({ name }: WriteOf<'remove-alias'>): Written<'remove-alias'> {
    return this.#deleteAlias.run(name).changes > 0 ? ok(null) : refused('no-alias');
  }

  #writeVerifiers(account: AccountId, { scram, argon2id }: Verifiers): void {
    this.#putVerifier.run(account, scram.salt, scram.iterations, scram.storedKey, scram.serverKey, argon2id);
  }
}
