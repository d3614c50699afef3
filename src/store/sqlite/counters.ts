import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { AccountId, LetterId, MailboxId, ModSeq, Placement, Uid } from '../port.ts';
import { StoreFault } from '../fault.ts';
import { INBOX_NAME, MAX_UID } from '../rules.ts';
import { bigInteger, firstRow, integer } from './column.ts';

const LOAD = `SELECT a.mod_seq, a.next_letter, m.id, m.uid_next, m.letters
  FROM account a JOIN mailbox m ON m.account = a.id AND m.name = '${INBOX_NAME}' WHERE a.id = ?`;
const SAVE_ACCOUNT = 'UPDATE account SET mod_seq = ?, next_letter = ? WHERE id = ?';
const SAVE_MAILBOX = 'UPDATE mailbox SET uid_next = ?, mod_seq = ?, letters = ? WHERE account = ? AND id = ?';
const LOAD_NEXT_BLOB = "SELECT value FROM counter WHERE name = 'next_blob'";
const SAVE_NEXT_BLOB = "UPDATE counter SET value = ? WHERE name = 'next_blob'";

/** How many accounts are remembered between transactions. */
const MAX_REMEMBERED = 10_000;

type AccountCounters = {
  readonly account: AccountId;
  readonly inbox: MailboxId;
  modSeq: bigint;
  nextLetter: number;
  uidNext: number;
  letters: number;
  changed: boolean;
};

/**
 * The counters that every delivery moves, read once and written back once a transaction, so that fifty letters for one
 * account cost two updates and not a hundred. They are forgotten after a rollback and when another process has written.
 */
export class Counters {
  readonly #load: StatementSync;
  readonly #saveAccount: StatementSync;
  readonly #saveMailbox: StatementSync;
  readonly #loadNextBlob: StatementSync;
  readonly #saveNextBlob: StatementSync;
  readonly #accounts = new Map<AccountId, AccountCounters>();
  readonly #changed: AccountCounters[] = [];
  #nextBlob: number | null = null;
  #nextBlobChanged = false;

  constructor(db: DatabaseSync) {
    this.#load = db.prepare(LOAD, { returnArrays: true, readBigInts: true });
    this.#saveAccount = db.prepare(SAVE_ACCOUNT);
    this.#saveMailbox = db.prepare(SAVE_MAILBOX);
    this.#loadNextBlob = db.prepare(LOAD_NEXT_BLOB, { returnArrays: true });
    this.#saveNextBlob = db.prepare(SAVE_NEXT_BLOB);
  }

  /** Whether there is such an account. */
  has(account: AccountId): boolean {
    return this.#of(account) !== null;
  }

  /** The next place in the account's INBOX. Throws where there is no such account or no number left. */
  place(account: AccountId): Placement {
    const counters = this.#of(account);
    if (counters === null) throw new StoreFault(`no account ${account}`);
    if (counters.uidNext > MAX_UID)
      throw new StoreFault(`no unique identifier is left in INBOX of account ${account}`);
    if (!counters.changed) this.#changed.push(counters);
    counters.changed = true;
    counters.modSeq += 1n;
    counters.letters += 1;
    return {
      account,
      mailbox: counters.inbox,
      letter: counters.nextLetter++ as LetterId,
      uid: counters.uidNext++ as Uid,
      modSeq: counters.modSeq as ModSeq,
    };
  }

  /** The number of a new blob with so many chunks, which take it and the numbers after it. */
  nextBlob(chunks: number): number {
    this.#nextBlob ??= integer(firstRow(this.#loadNextBlob)?.[0]);
    const id = this.#nextBlob;
    this.#nextBlob += Math.max(1, chunks);
    this.#nextBlobChanged = true;
    return id;
  }

  /** Writes back what has moved. The last thing before a commit. */
  save(): void {
    for (const counters of this.#changed) {
      const { account, modSeq, inbox } = counters;
      this.#saveAccount.run(modSeq, counters.nextLetter, account);
      this.#saveMailbox.run(counters.uidNext, modSeq, counters.letters, account, inbox);
      counters.changed = false;
    }
    this.#changed.length = 0;
    if (this.#nextBlobChanged && this.#nextBlob !== null) this.#saveNextBlob.run(this.#nextBlob);
    this.#nextBlobChanged = false;
    if (this.#accounts.size > MAX_REMEMBERED) this.#accounts.clear();
  }

  /** Reads everything anew from now on. */
  forget(): void {
    this.#accounts.clear();
    this.#changed.length = 0;
    this.#nextBlob = null;
    this.#nextBlobChanged = false;
  }

  #of(account: AccountId): AccountCounters | null {
    const known = this.#accounts.get(account);
    if (known !== undefined) return known;
    const row = firstRow(this.#load, account);
    if (row === undefined) return null;
    const counters: AccountCounters = {
      account,
      modSeq: bigInteger(row[0]),
      nextLetter: integer(row[1]),
      inbox: integer(row[2]) as MailboxId,
      uidNext: integer(row[3]),
      letters: integer(row[4]),
      changed: false,
    };
    this.#accounts.set(account, counters);
    return counters;
  }
}
