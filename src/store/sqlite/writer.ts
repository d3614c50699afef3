import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type {
  Account,
  AccountId,
  Change,
  DeliveryRecipient,
  NewAccount,
  Placement,
  Verifiers,
} from '../port.ts';
import { ok, refused, type Result } from '../../result.ts';
import { INBOX_NAME, nextUidValidity } from '../rules.ts';
import type { BlobFiles } from './blob-files.ts';
import { BlobRows } from './blob-rows.ts';
import { firstRow, integer } from './column.ts';
import { Counters } from './counters.ts';
import { CredentialRows } from './credential-rows.ts';
import { TallyRows } from './tally-rows.ts';
import type { DeliverWrite, Outcome, PackedDelivery, Write, Written } from './write.ts';

const BEGIN = 'BEGIN IMMEDIATE';
const COMMIT = 'COMMIT';
const DATA_VERSION = 'PRAGMA data_version';
const FIND_ACCOUNT = 'SELECT 1 FROM account WHERE name = ?';
const INSERT_ACCOUNT = `INSERT INTO account (name, created_at, mod_seq, next_mailbox, next_letter, last_uid_validity)
  VALUES (?, ?, 1, 2, 1, ?)`;
const INSERT_MAILBOX = `INSERT INTO mailbox (account, id, name, role, uid_validity, uid_next, mod_seq, letters)
  VALUES (?, 1, '${INBOX_NAME}', 'inbox', ?, 1, 1, 0)`;
const PUT_VERIFIER = `INSERT INTO verifier
  (account, scram_salt, scram_iterations, scram_stored_key, scram_server_key, argon2id) VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (account) DO UPDATE SET scram_salt = excluded.scram_salt, scram_iterations = excluded.scram_iterations,
    scram_stored_key = excluded.scram_stored_key, scram_server_key = excluded.scram_server_key,
    argon2id = excluded.argon2id`;
const INSERT_LETTER = `INSERT INTO letter (account, id, blob, hash, size_bytes, prefix, forward_path, subject, from_text,
  sent_at, message_id, transport, received_at, omitted) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const INSERT_PLACEMENT = `INSERT INTO placement (account, letter, mailbox, uid, mod_seq, letter_row)
  VALUES (?, ?, ?, ?, ?, ?)`;

/** What one group of writes came to. `outcomes` stand in the order of the writes, `changes` are on disk. */
export type Group = { readonly outcomes: readonly Outcome[]; readonly changes: readonly Change[] };

/** What the writer has done since it was opened. */
export type WriterStats = {
  commits: number;
  writes: number;
  letters: number;
  /** Groups that were done again with a savepoint a write, because one of them failed half-way. */
  reruns: number;
  /** Orphaned blob files that were removed at the start. */
  swept: number;
};

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

/**
 * The one writer of a process: turns a group of writes into one transaction, which is one sync of the disk.
 *
 * A refusal is found before anything is changed, so it needs no savepoint. A write that fails half-way is rare; then the
 * whole group is rolled back (nobody has been answered yet) and done again with a savepoint for each write, so that the
 * one that fails spoils none of its neighbours. A group that cannot be committed fails as a whole.
 */
export class Writer {
  readonly stats: WriterStats = { commits: 0, writes: 0, letters: 0, reruns: 0, swept: 0 };
  readonly #db: DatabaseSync;
  readonly #files: BlobFiles;
  readonly #counters: Counters;
  readonly #blobs: BlobRows;
  readonly #tallies: TallyRows;
  readonly #credentials: CredentialRows;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #dataVersion: StatementSync;
  readonly #findAccount: StatementSync;
  readonly #insertAccount: StatementSync;
  readonly #insertMailbox: StatementSync;
  readonly #putVerifier: StatementSync;
  readonly #insertLetter: StatementSync;
  readonly #insertPlacement: StatementSync;
  #seenVersion = -1;

  /** Takes the opened database over; `close` lets go of it. */
  constructor(db: DatabaseSync, files: BlobFiles) {
    this.#db = db;
    this.#files = files;
    this.#counters = new Counters(db);
    this.#blobs = new BlobRows(db, files, this.#counters);
    this.#tallies = new TallyRows(db);
    this.#credentials = new CredentialRows(db);
    this.#begin = db.prepare(BEGIN);
    this.#commit = db.prepare(COMMIT);
    this.#dataVersion = db.prepare(DATA_VERSION, { returnArrays: true });
    this.#findAccount = db.prepare(FIND_ACCOUNT);
    this.#insertAccount = db.prepare(INSERT_ACCOUNT);
    this.#insertMailbox = db.prepare(INSERT_MAILBOX);
    this.#putVerifier = db.prepare(PUT_VERIFIER);
    this.#insertLetter = db.prepare(INSERT_LETTER);
    this.#insertPlacement = db.prepare(INSERT_PLACEMENT);
  }

  /** Removes blob files that a crash left without a row. Nothing is locked where there are none. */
  sweep(): void {
    const hasRow = this.#blobs.has.bind(this.#blobs);
    if (this.#files.orphans(hasRow).length === 0) return;
    this.#begin.run();
    try {
      this.stats.swept += this.#files.sweep(hasRow);
    } finally {
      this.#db.exec('ROLLBACK');
    }
  }

  /** Carries the writes out in one transaction. Never throws: what fails is an outcome. */
  run(writes: readonly Write[]): Group {
    try {
      return this.#transaction(writes, (write, changes) => ({ value: this.#apply(write, changes) }));
    } catch (cause) {
      const mayRetry = this.#db.isTransaction && writes.length > 1;
      this.#abandon();
      if (!mayRetry) return this.#failed(writes, cause);
    }
    this.stats.reruns += 1;
    try {
      return this.#transaction(writes, (write, changes) => this.#applyGuarded(write, changes));
    } catch (cause) {
      this.#abandon();
      return this.#failed(writes, cause);
    }
  }

  /** Moves the log into the database and lets go of it. */
  close(): void {
    this.#db.close();
  }

  #transaction(writes: readonly Write[], apply: (write: Write, changes: Change[]) => Outcome): Group {
    const changes: Change[] = [];
    this.#begin.run();
    const version = integer(firstRow(this.#dataVersion)?.[0]);
    if (version !== this.#seenVersion) this.#forget();
    this.#seenVersion = version;
    const outcomes = writes.map((write) => apply(write, changes));
    this.#counters.save();
    // "Accepted" becomes true here: when COMMIT returns, the log is on disk.
    this.#commit.run();
    this.stats.commits += 1;
    this.stats.writes += writes.length;
    for (const { change } of changes) if (change === 'delivered') this.stats.letters += 1;
    return { outcomes, changes };
  }

  #failed(writes: readonly Write[], cause: unknown): Group {
    const outcome: Outcome = { fault: reasonOf(cause) };
    return { outcomes: writes.map(() => outcome), changes: [] };
  }

  /** SQLite rolls back by itself where the disk is full; elsewhere it waits to be told. */
  #abandon(): void {
    if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
    this.#forget();
  }

  #forget(): void {
    this.#counters.forget();
    this.#tallies.recount();
  }

  #applyGuarded(write: Write, changes: Change[]): Outcome {
    const before = changes.length;
    this.#db.exec('SAVEPOINT one_write');
    try {
      const value = this.#apply(write, changes);
      this.#counters.save();
      this.#db.exec('RELEASE one_write');
      return { value };
    } catch (cause) {
      if (!this.#db.isTransaction) throw cause;
      this.#db.exec('ROLLBACK TO one_write; RELEASE one_write');
      this.#forget();
      changes.length = before;
      return { fault: reasonOf(cause) };
    }
  }

  #apply(write: Write, changes: Change[]): Written[keyof Written] {
    switch (write.do) {
      case 'deliver':
        return this.#deliver(write, changes);
      case 'create-account':
        return this.#createAccount(write.account, changes);
      case 'set-verifiers':
        return this.#setVerifiers(write.account, write.verifiers);
      case 'add-app-password':
        if (!this.#counters.has(write.account)) return refused('no-account');
        return this.#credentials.addAppPassword(write);
      case 'remove-app-password':
        return this.#credentials.removeAppPassword(write);
      case 'use-app-password':
        this.#credentials.useAppPassword(write);
        return null;
      case 'bind-certificate':
        if (!this.#counters.has(write.account)) return refused('no-account');
        return this.#credentials.bindCertificate(write);
      case 'unbind-certificate':
        return this.#credentials.unbindCertificate(write);
      case 'tally':
        this.#tallies.count(write.events);
        return null;
      case 'forget-tallies':
        this.#tallies.forget(write.keys);
        return null;
    }
  }

  #deliver({ deliveries }: DeliverWrite, changes: Change[]): Written['deliver'] {
    const isKnown = ({ account }: DeliveryRecipient): boolean => this.#counters.has(account);
    if (!deliveries.every(({ recipients }) => recipients.every(isKnown))) return refused('no-account');
    const placements = deliveries.flatMap((delivery) => this.#keep(delivery));
    for (const placement of placements) changes.push({ change: 'delivered', placement });
    return ok(placements);
  }

  #keep(delivery: PackedDelivery): readonly Placement[] {
    const { recipients, hash, sizeBytes, chunks } = delivery;
    const accounts = recipients.map(({ account }) => account);
    const key = Buffer.from(hash, 'hex');
    const blob = this.#blobs.keep({ hash, key, sizeBytes, chunks }, accounts);
    return recipients.map((recipient) => this.#place(delivery, recipient, blob, key));
  }

  #place(write: PackedDelivery, recipient: DeliveryRecipient, blob: number, key: Uint8Array): Placement {
    const { subject, from, sentAt, messageId } = write.summary;
    const { prefix, forwardPath } = recipient;
    const placement = this.#counters.place(recipient.account);
    const { account, letter, mailbox, uid, modSeq } = placement;
    const what = [account, letter, blob, key, write.sizeBytes, prefix, forwardPath] as const;
    const about = [subject, from, sentAt, messageId] as const;
    const came = [write.transport, write.receivedAt, write.omitted] as const;
    const row = this.#insertLetter.run(...what, ...about, ...came).lastInsertRowid;
    this.#insertPlacement.run(account, letter, mailbox, uid, modSeq, row);
    return placement;
  }

  #createAccount(wanted: NewAccount, changes: Change[]): Result<Account, 'exists'> {
    const { name, createdAt, verifiers } = wanted;
    if (this.#findAccount.get(name) !== undefined) return refused('exists');
    const uidValidity = nextUidValidity(0, createdAt);
    const id = Number(this.#insertAccount.run(name, createdAt, uidValidity).lastInsertRowid) as AccountId;
    this.#insertMailbox.run(id, uidValidity);
    this.#writeVerifiers(id, verifiers);
    const account: Account = { id, name, createdAt };
    changes.push({ change: 'account-created', account });
    return ok(account);
  }

  #setVerifiers(account: AccountId, verifiers: Verifiers): Result<null, 'no-account'> {
    if (!this.#counters.has(account)) return refused('no-account');
    this.#writeVerifiers(account, verifiers);
    return ok(null);
  }

  #writeVerifiers(account: AccountId, { scram, argon2id }: Verifiers): void {
    this.#putVerifier.run(account, scram.salt, scram.iterations, scram.storedKey, scram.serverKey, argon2id);
  }
}
