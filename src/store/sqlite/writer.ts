import path from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { StoreFull } from '../fault.ts';
import type { Change } from '../port.ts';
import { refused } from '../../result.ts';
import { AccountRows } from './account-rows.ts';
import { ArrangementRows } from './arrangement-rows.ts';
import type { BlobFiles } from './blob-files.ts';
import { BlobRows } from './blob-rows.ts';
import { CredentialRows } from './credential-rows.ts';
import { diskFault } from './disk-fault.ts';
import { ForeignChanges } from './foreign-changes.ts';
import { InPlace } from './in-place.ts';
import { ChangeNotes, Ledger } from './ledger.ts';
import { LetterRows } from './letter-rows.ts';
import { MailboxRows } from './mailbox-rows.ts';
import { ObjectRows } from './object-rows.ts';
import { PlacementRows } from './placement-rows.ts';
import { QueueRows } from './queue-rows.ts';
import { RemovalRows } from './removal-rows.ts';
import { TallyRows } from './tally-rows.ts';
import { ThreadRows } from './thread-rows.ts';
import { TidyRows } from './tidy-rows.ts';
import { bytesOf, type Outcome, type Write, type Written } from './write.ts';

const BEGIN = 'BEGIN IMMEDIATE';
const COMMIT = 'COMMIT';

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

/** SQLITE_FULL: the disk took less than the whole of what was to be written. */
const isFull = (cause: unknown): boolean =>
  cause instanceof Error && 'errcode' in cause && cause.errcode === 13;

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
  /** What an operator calls the place, for what is told of it. */
  readonly #folder: string;
  readonly #ledger: Ledger;
  readonly #blobs: BlobRows;
  readonly #rows: Rows;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #foreign: ForeignChanges;
  readonly #inPlace: InPlace;
  #isCommitting = false;

  /** Takes the opened database over; `close` lets go of it. */
  constructor(db: DatabaseSync, files: BlobFiles) {
    this.#db = db;
    this.#folder = path.dirname(db.location() ?? '');
    this.#ledger = new Ledger(db);
    this.#blobs = new BlobRows(db, files, this.#ledger);
    this.#rows = rowsOf(db, this.#ledger, this.#blobs);
    this.#begin = db.prepare(BEGIN);
    this.#commit = db.prepare(COMMIT);
    this.#foreign = new ForeignChanges(db);
    this.#inPlace = new InPlace(db);
  }

  /** Removes blob files that a crash left without a row. Nothing is locked where there are none. */
  sweep(): void {
    if (!this.#blobs.hasOrphans()) return;
    this.#begin.run();
    try {
      this.stats.swept += this.#blobs.sweep();
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
      this.#abandon(cause);
      if (!mayRetry) return this.#failed(writes, cause);
    }
    this.stats.reruns += 1;
    try {
      return this.#transaction(writes, (write, changes) => this.#applyGuarded(write, changes));
    } catch (cause) {
      this.#abandon(cause);
      return this.#failed(writes, cause);
    }
  }

  /** What other processes have changed since; asked from time to time where nothing is written here. */
  news(): readonly Change[] {
    if (this.#foreign.haveCome()) this.#forget();
    return this.#foreign.take();
  }

  /** Why nothing more can be written, whatever is tried; null where something can. */
  get lost(): string | null {
    return this.#inPlace.lost;
  }

  /** Removes the files whose rows are gone, as each group does for the ones before it; gives what others have changed. */
  clearUp(): readonly Change[] {
    return this.#blobs.hasDoomed ? this.run([]).changes : [];
  }

  /** Moves the log into the database and lets go of it. */
  close(): void {
    this.clearUp();
    this.#blobs.close();
    this.#db.close();
  }

  #transaction(writes: readonly Write[], apply: (write: Write, changes: Change[]) => Outcome): Group {
    const changes: Change[] = [];
    this.#begin.run();
    this.#inPlace.check();
    if (this.#foreign.haveCome()) this.#forget();
    this.#blobs.begin(writes.reduce((sum, write) => sum + bytesOf(write), 0));
    const outcomes = writes.map((write) => apply(write, changes));
    this.#save();
    this.#blobs.sync();
    // "Accepted" becomes true here: when COMMIT returns, the log is on disk.
    this.#isCommitting = true;
    this.#commit.run();
    this.#isCommitting = false;
    this.#blobs.keepWritten();
    this.#foreign.skipTo(this.#ledger.changeSeq);
    this.stats.commits += 1;
    this.stats.writes += writes.length;
    this.stats.letters += lettersOf(writes, outcomes);
    return { outcomes, changes: [...this.#foreign.take(), ...changes] };
  }

  #failed(writes: readonly Write[], cause: unknown): Group {
    const outcome = this.#fault(cause);
    return { outcomes: writes.map(() => outcome), changes: this.#foreign.take() };
  }

  #fault(cause: unknown): Outcome {
    const fault = diskFault(cause, this.#folder);
    return { fault: { why: fault instanceof StoreFull ? 'full' : 'other', message: fault.message } };
  }

  /** SQLite rolls back by itself where the disk is full; elsewhere it waits to be told. */
  #abandon(cause: unknown): void {
    if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
    this.#forget();
    // Of a commit that the disk did not confirm, a crash may still find the whole: then its rows need their files.
    if (this.#isCommitting && !isFull(cause)) this.#blobs.keepUnconfirmed();
    else this.#blobs.doomWritten(0);
    this.#isCommitting = false;
  }

  #save(): void {
    this.#blobs.save();
    this.#ledger.save();
  }

  #forget(): void {
    this.#ledger.forget();
    this.#blobs.forget();
    this.#rows.tallies.recount();
  }

  #applyGuarded(write: Write, changes: Change[]): Outcome {
    const before = changes.length;
    const { written } = this.#blobs;
    this.#db.exec('SAVEPOINT one_write');
    try {
      const value = this.#apply(write, changes);
      this.#save();
      this.#db.exec('RELEASE one_write');
      return { value };
    } catch (cause) {
      if (!this.#db.isTransaction) throw cause;
      this.#db.exec('ROLLBACK TO one_write; RELEASE one_write');
      this.#forget();
      this.#blobs.doomWritten(written);
      changes.length = before;
      return this.#fault(cause);
    }
  }

  #apply(write: Write, changes: Change[]): Written {
    const notes = new ChangeNotes();
    const value = applied(this.#rows, this.#ledger, write, notes);
    changes.push(...notes.changes());
    return value;
  }
}

/** How many letters the group has taken in. */
function lettersOf(writes: readonly Write[], outcomes: readonly Outcome[]): number {
  let letters = 0;
  for (const [index, write] of writes.entries()) {
    const outcome = outcomes[index];
    if (write.do !== 'deliver' || outcome === undefined || !('value' in outcome)) continue;
    const delivered = outcome.value as Written<'deliver'>;
    if (delivered.ok) letters += delivered.value.length;
  }
  return letters;
}

/** Those who know the tables. */
type Rows = ReturnType<typeof rowsOf>;

function rowsOf(db: DatabaseSync, ledger: Ledger, blobs: BlobRows) {
  const placements = new PlacementRows(db, ledger);
  const threads = new ThreadRows(db);
  const letters = new LetterRows(db, { ledger, blobs, placements, threads });
  const removals = new RemovalRows(db, { ledger, placements, letters });
  const mailboxes = new MailboxRows(db, { ledger, placements, removals });
  return {
    blobs,
    letters,
    removals,
    mailboxes,
    arrangements: new ArrangementRows({ ledger, placements, letters }),
    accounts: new AccountRows(db, { ledger, mailboxes }),
    credentials: new CredentialRows(db),
    objects: new ObjectRows(db, { ledger, removals }),
    queue: new QueueRows(db, blobs),
    tallies: new TallyRows(db),
    tidier: new TidyRows(db, { ledger, blobs, threads }),
  };
}

/** Each verb, by the rows that it concerns. A refusal comes before the first change. */
function applied(rows: Rows, ledger: Ledger, write: Write, notes: ChangeNotes): Written {
  switch (write.do) {
    case 'deliver':
      return rows.letters.deliver(write.deliveries, notes);
    case 'create-account':
      return rows.accounts.create(write, notes);
    case 'remove-account':
      return rows.accounts.remove(write, notes);
    case 'set-verifiers':
      return rows.accounts.setVerifiers(write);
    case 'set-quota':
      return rows.accounts.setQuota(write);
    case 'add-domain':
      return rows.accounts.addDomain(write);
    case 'remove-domain':
      return rows.accounts.removeDomain(write);
    case 'set-alias':
      return rows.accounts.setAlias(write);
    case 'remove-alias':
      return rows.accounts.removeAlias(write);
    case 'add-app-password':
      return ledger.account(write.account) === null
        ? refused('no-account')
        : rows.credentials.addAppPassword(write);
    case 'remove-app-password':
      return rows.credentials.removeAppPassword(write);
    case 'use-app-password':
      return rows.credentials.useAppPassword(write);
    case 'bind-certificate':
      return ledger.account(write.account) === null
        ? refused('no-account')
        : rows.credentials.bindCertificate(write);
    case 'unbind-certificate':
      return rows.credentials.unbindCertificate(write);
    case 'tally':
      return rows.tallies.count(write.events);
    case 'forget-tallies':
      return rows.tallies.forget(write.keys);
    case 'create-mailbox':
      return rows.mailboxes.create(write, notes);
    case 'update-mailbox':
      return rows.mailboxes.update(write, notes);
    case 'remove-mailbox':
      return rows.mailboxes.remove(write, notes);
    case 'forget-subscription':
      return rows.mailboxes.forgetSubscription(write);
    case 'set-keywords':
      return rows.arrangements.setKeywords(write, notes);
    case 'copy':
      return rows.arrangements.copy(write, notes);
    case 'move':
      return rows.arrangements.move(write, notes);
    case 'arrange':
      return rows.arrangements.arrange(write, notes);
    case 'expunge':
      return rows.removals.expunge(write, notes);
    case 'remove-letters':
      return rows.removals.removeLetters(write, notes);
    case 'undelete':
      return rows.removals.undelete(write, notes);
    case 'change-objects':
      return rows.objects.change(write, notes);
    case 'enqueue':
      return rows.queue.enqueue(write);
    case 'lease':
      return rows.queue.lease(write);
    case 'settle':
      return rows.queue.settle(write);
    case 'tidy':
      return rows.tidier.tidy(write);
    case 'compact':
      return rows.blobs.compact();
  }
}
