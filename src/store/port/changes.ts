import type { Eventually, Result } from '../../result.ts';
import type { AccountId, LetterId, MailboxId, ModSeq, ThreadId, Uid } from './ids.ts';
import type { ObjectKind } from './objects.ts';

/**
 * Something of an account changed: told to everybody who listens, after the commit, in commit order. What it was is in the
 * store, under `modSeq` and those before it, so that nobody who was told late or of several at once misses anything.
 */
export type Change = {
  readonly account: AccountId;
  /** The account's after the change. */
  readonly modSeq: ModSeq;
  /** Those whose letters changed; null where it is not known which (another process wrote). */
  readonly mailboxes: readonly MailboxId[] | null;
};

/** What `changesSince` is asked about. */
export type ChangedKind = 'letter' | 'thread' | 'mailbox' | ObjectKind;

/** RFC 8620 section 5.2. None is in two of the lists. */
export type Changes<Id> = {
  readonly created: readonly Id[];
  readonly updated: readonly Id[];
  readonly removed: readonly Id[];
  /** What is told here is all up to this; ask again from here where `more`. */
  readonly upTo: ModSeq;
  readonly more: boolean;
};

type IdOf<Kind extends ChangedKind> = Kind extends 'letter'
  ? LetterId
  : Kind extends 'thread'
    ? ThreadId
    : Kind extends 'mailbox'
      ? MailboxId
      : string;

/** What changed, for those who were here before. */
export interface ChangeStore {
  /** The account's modification sequence; null where there is no such account. */
  modSeq(account: AccountId): Eventually<ModSeq | null>;
  /**
   * What was made, changed and removed after `since`. `cannot-calculate`: the store has forgotten what was removed that
   * long ago (RFC 8620 section 5.2, cannotCalculateChanges), or `since` is in the future, or more than `most` (at least 1) ids
   * changed at once.
   *
   * Ids come in the order of modification sequences: what was made at its `createdModSeq`, what else changed or is gone at its last
   * change. What has one of them is on one page, by number. A letter is changed with any of its places, also one that it
   * left; a thread is made with its first letter, changed with any that is or was of it, and gone where none is in a mailbox. Of
   * objects the ids are their names.
   */
  changesSince<Kind extends ChangedKind>(
    account: AccountId,
    kind: Kind,
    since: ModSeq,
    most: number,
  ): Eventually<Result<Changes<IdOf<Kind>>, 'cannot-calculate'>>;
  /**
   * The uids that left the mailbox after `since`, lowest first (RFC 7162 section 3.2.5). `cannot-calculate` as above: then every
   * uid below `uidNext` that is not there has to be told.
   */
  vanishedSince(
    account: AccountId,
    mailbox: MailboxId,
    since: ModSeq,
  ): Eventually<Result<readonly Uid[], 'cannot-calculate'>>;

  /**
   * Calls `listener` for each change that any process makes from now on, after its commit; returns the function that
   * ends it. A state read after this call is missing no change that is not told.
   */
  onChange(listener: (change: Change) => void): () => void;
}

/*
 * How modification sequences rise, in every store alike. A new account, its first mailboxes included, is at 1. After that the
 * account's rises by one
 * - for each letter that a verb adds, changes, moves or removes, in the order of the verb's answer, whatever the number of its mailboxes;
 * - for each mailbox that is made, changed or removed, after its letters;
 * - for each object that is put or removed.
 * What changed has that number, and so have the mailboxes whose letters or counts changed. What changes nothing raises
 * nothing and is not told. Each verb tells one `Change` an account, in the order in which the accounts appear in it; `mailboxes` are in
 * the order of their numbers. A new account is told at 1, and the end of one under a last number. What opens an account,
 * its quota, names that lead to it, tallies and the queue raise nothing.
 */
