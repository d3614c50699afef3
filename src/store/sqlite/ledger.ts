import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { AccountId, Change, LetterId, MailboxId, ModSeq, Uid } from '../port.ts';
import { StoreFault } from '../fault.ts';
import { MAX_UID } from '../rules.ts';
import { allRows, bigInteger, firstRow, integer } from './column.ts';

const LOAD_ACCOUNT = `SELECT mod_seq, next_mailbox, last_uid_validity, used_bytes, used_letters, quota_bytes,
  quota_letters FROM account WHERE id = ? AND removed_at IS NULL`;
const LOAD_MAILBOXES = `SELECT id, uid_next, highest_mod_seq, mod_seq, latest_received_at, letters, unseen, deleted,
  size_bytes, role FROM mailbox WHERE account = ?`;
const SAVE_ACCOUNT = `UPDATE account SET mod_seq = ?, next_mailbox = ?, last_uid_validity = ?,
  used_bytes = ?, used_letters = ?, change_seq = ? WHERE id = ?`;
const SAVE_MAILBOX = `UPDATE mailbox SET uid_next = ?, highest_mod_seq = ?, mod_seq = ?, latest_received_at = ?, letters = ?,
  unseen = ?, deleted = ?, size_bytes = ? WHERE account = ? AND id = ?`;
const LOAD_COUNTER = 'SELECT value FROM counter WHERE name = ?';
const SAVE_COUNTER = 'UPDATE counter SET value = ? WHERE name = ?';

/** How many accounts are remembered between transactions. */
const MAX_REMEMBERED = 10_000;

/** The numbers of one mailbox that its letters move. */
export type MailboxNumbers = {
  readonly id: MailboxId;
  uidNext: number;
  highestModSeq: bigint;
  modSeq: bigint;
  latestReceivedAt: number;
  letters: number;
  unseen: number;
  deleted: number;
  sizeBytes: number;
  changed: boolean;
};

/** The numbers of one account, and of its mailboxes. */
export type AccountNumbers = {
  readonly account: AccountId;
  readonly inbox: MailboxId;
  readonly mailboxes: Map<MailboxId, MailboxNumbers>;
  modSeq: bigint;
  nextMailbox: number;
  lastUidValidity: number;
  usedBytes: number;
  usedLetters: number;
  readonly quotaBytes: number | null;
  readonly quotaLetters: number | null;
  changed: boolean;
};

/**
 * The numbers that every delivery moves, read once and written back once a transaction, so that fifty letters for one
 * account cost two updates and not a hundred. They are forgotten after a rollback and when another process has written.
 */
export class Ledger {
  readonly #loadAccount: StatementSync;
  readonly #loadMailboxes: StatementSync;
  readonly #saveAccount: StatementSync;
  readonly #saveMailbox: StatementSync;
  readonly #changeSeqs: Counter;
  readonly #accounts = new Map<AccountId, AccountNumbers>();
  readonly #changed: AccountNumbers[] = [];
  readonly #letters: Counter;
  readonly #blobs: Counter;
  readonly #segments: Counter;
  #changeSeq = 0;

  constructor(db: DatabaseSync) {
    this.#loadAccount = db.prepare(LOAD_ACCOUNT, { returnArrays: true, readBigInts: true });
    this.#loadMailboxes = db.prepare(LOAD_MAILBOXES, { returnArrays: true, readBigInts: true });
    this.#saveAccount = db.prepare(SAVE_ACCOUNT);
    this.#saveMailbox = db.prepare(SAVE_MAILBOX);
    this.#changeSeqs = new Counter(db, 'change_seq');
    this.#letters = new Counter(db, 'next_letter');
    this.#blobs = new Counter(db, 'next_blob');
    this.#segments = new Counter(db, 'next_segment');
  }

  /** The last number of a change that was written here. */
  get changeSeq(): number {
    return this.#changeSeq;
  }

  /** The account's numbers; null where there is no such account. */
  account(account: AccountId): AccountNumbers | null {
    const known = this.#accounts.get(account);
    if (known !== undefined) return known;
    const row = firstRow(this.#loadAccount, account);
    if (row === undefined) return null;
    const mailboxes = new Map<MailboxId, MailboxNumbers>();
    let inbox: MailboxId | null = null;
    for (const each of allRows(this.#loadMailboxes, account)) {
      const numbers = mailboxNumbers(each);
      mailboxes.set(numbers.id, numbers);
      if (each[9] === 'inbox') inbox = numbers.id;
    }
    if (inbox === null) throw new StoreFault(`account ${account} has no INBOX`);
    const numbers: AccountNumbers = {
      account,
      inbox,
      mailboxes,
      modSeq: bigInteger(row[0]),
      nextMailbox: integer(row[1]),
      lastUidValidity: integer(row[2]),
      usedBytes: integer(row[3]),
      usedLetters: integer(row[4]),
      quotaBytes: row[5] === null ? null : integer(row[5]),
      quotaLetters: row[6] === null ? null : integer(row[6]),
      changed: false,
    };
    this.#accounts.set(account, numbers);
    return numbers;
  }

  /** The account's next modification sequence. */
  raise(numbers: AccountNumbers): bigint {
    this.touch(numbers);
    numbers.modSeq += 1n;
    return numbers.modSeq;
  }

  /** What the numbers of the account are has to be written back. */
  touch(numbers: AccountNumbers): void {
    if (numbers.changed) return;
    numbers.changed = true;
    this.#changed.push(numbers);
  }

  /** The number of a new letter. */
  nextLetter(): LetterId {
    return this.#letters.take(1) as LetterId;
  }

  /** The number of a new blob with so many chunks, which take it and the numbers after it. */
  nextBlob(chunks: number): number {
    return this.#blobs.take(Math.max(1, chunks));
  }

  /** The number of a new segment. */
  nextSegment(): number {
    return this.#segments.take(1);
  }

  /** Writes back what has moved. The last thing before a commit. */
  save(): void {
    if (this.#changed.length > 0) this.#saveAccounts();
    this.#letters.save();
    this.#blobs.save();
    this.#segments.save();
    if (this.#accounts.size > MAX_REMEMBERED) this.#accounts.clear();
  }

  /** Reads everything anew from now on. */
  forget(): void {
    this.#accounts.clear();
    this.#changed.length = 0;
    this.#changeSeqs.forget();
    this.#letters.forget();
    this.#blobs.forget();
    this.#segments.forget();
  }

  /** Reads the account anew from now on; what it moved so far is written back. */
  reload(account: AccountId): void {
    this.save();
    this.drop(account);
  }

  /** The account is no more. */
  drop(account: AccountId): void {
    this.#accounts.delete(account);
  }

  /** Other processes find what was written by the order of `change_seq` (`foreign-changes.ts`). */
  #saveAccounts(): void {
    for (const numbers of this.#changed) {
      const { account, modSeq, nextMailbox, lastUidValidity, usedBytes, usedLetters } = numbers;
      this.#changeSeq = this.#changeSeqs.take(1) + 1;
      const own = [modSeq, nextMailbox, lastUidValidity, usedBytes, usedLetters] as const;
      this.#saveAccount.run(...own, this.#changeSeq, account);
      for (const mailbox of numbers.mailboxes.values())
        if (mailbox.changed) this.#saveNumbers(account, mailbox);
      numbers.changed = false;
    }
    this.#changed.length = 0;
    this.#changeSeqs.save();
  }

  #saveNumbers(account: AccountId, mailbox: MailboxNumbers): void {
    const { uidNext, highestModSeq, modSeq, latestReceivedAt, letters, unseen, deleted, sizeBytes } = mailbox;
    const moved = [
      uidNext,
      highestModSeq,
      modSeq,
      latestReceivedAt,
      letters,
      unseen,
      deleted,
      sizeBytes,
    ] as const;
    this.#saveMailbox.run(...moved, account, mailbox.id);
    mailbox.changed = false;
  }
}

/** A row of `counter`, read once and written back once a transaction. */
class Counter {
  readonly #name: string;
  readonly #load: StatementSync;
  readonly #save: StatementSync;
  #value: number | null = null;
  #moved = false;

  constructor(db: DatabaseSync, name: string) {
    this.#name = name;
    this.#load = db.prepare(LOAD_COUNTER, { returnArrays: true });
    this.#save = db.prepare(SAVE_COUNTER);
  }

  /** The value, which is `count` higher from now on. */
  take(count: number): number {
    this.#value ??= integer(firstRow(this.#load, this.#name)?.[0]);
    const taken = this.#value;
    this.#value += count;
    this.#moved = true;
    return taken;
  }

  save(): void {
    if (this.#moved && this.#value !== null) this.#save.run(this.#value, this.#name);
    this.#moved = false;
  }

  forget(): void {
    this.#value = null;
    this.#moved = false;
  }
}

const mailboxNumbers = (row: ReturnType<typeof allRows>[number]): MailboxNumbers => ({
  id: integer(row[0]) as MailboxId,
  uidNext: integer(row[1]),
  highestModSeq: bigInteger(row[2]),
  modSeq: bigInteger(row[3]),
  latestReceivedAt: integer(row[4]),
  letters: integer(row[5]),
  unseen: integer(row[6]),
  deleted: integer(row[7]),
  sizeBytes: integer(row[8]),
  changed: false,
});

/** The mailbox's next unique identifier. Throws where no number is left. */
export const nextUid = (account: AccountId, mailbox: MailboxNumbers): Uid => {
  if (mailbox.uidNext > MAX_UID)
    throw new StoreFault(`no unique identifier is left in mailbox ${mailbox.id} of account ${account}`);
  return mailbox.uidNext++ as Uid;
};

/** What one verb changed, an account at a time, in the order in which the accounts appear in it. */
export class ChangeNotes {
  readonly #mailboxes = new Map<AccountNumbers, Set<MailboxId>>();

  /** Something of the account changed, and perhaps the letters of a mailbox. */
  note(numbers: AccountNumbers, mailbox?: MailboxId): void {
    const noted = this.#mailboxes.get(numbers);
    const mailboxes = noted ?? new Set();
    if (noted === undefined) this.#mailboxes.set(numbers, mailboxes);
    if (mailbox !== undefined) mailboxes.add(mailbox);
  }

  /** As they are told. */
  changes(): readonly Change[] {
    return [...this.#mailboxes].map(([{ account, modSeq }, mailboxes]) => ({
      account,
      modSeq: modSeq as ModSeq,
      mailboxes: [...mailboxes].sort((one, other) => one - other),
    }));
  }
}
