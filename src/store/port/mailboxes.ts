import type { Eventually, Result } from '../../result.ts';
import type { AccountId, MailboxId, ModSeq, Uid } from './ids.ts';

/** An account has at most so many. */
export const MAX_MAILBOXES = 10_000;

/** What a mailbox is for: the names of the IANA registry, as JMAP writes them (RFC 8621 section 2, RFC 6154 section 2). */
export type MailboxRole =
  | 'inbox'
  | 'archive'
  | 'drafts'
  | 'flagged'
  | 'important'
  | 'junk'
  | 'sent'
  | 'trash'
  | 'all';

export type Mailbox = {
  readonly id: MailboxId;
  /** Of this level alone. `INBOX` at the top means the inbox in any case (RFC 9051 section 5.1). */
  readonly name: string;
  /** null at the top. */
  readonly parent: MailboxId | null;
  /** No two of an account have the same. */
  readonly role: MailboxRole | null;
  readonly subscribed: boolean;
  /** RFC 8621 section 2: lower comes first. */
  readonly sortOrder: number;
  /** RFC 9051 section 2.3.1.1; of a later mailbox of the account always higher, whatever the clock says. */
  readonly uidValidity: number;
  readonly uidNext: Uid;
  /** The highest of its letters, of those that left it, and of its making (RFC 7162 section 3.1.2.1); at least 1. */
  readonly highestModSeq: ModSeq;
  /** When anything of the above, or a count below, last changed. */
  readonly modSeq: ModSeq;
  readonly letters: number;
  /** Letters without `$seen`. */
  readonly unseen: number;
  /** Letters with `\deleted`. */
  readonly deleted: number;
  /** The bytes of its letters (RFC 8438, STATUS=SIZE), as they are served. */
  readonly sizeBytes: number;
};

export type NewMailbox = {
  readonly name: string;
  readonly parent: MailboxId | null;
  readonly role?: MailboxRole;
  readonly subscribed?: boolean;
  readonly sortOrder?: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
};

/** What is not named stays as it is. */
export type MailboxUpdate = {
  readonly name?: string;
  readonly parent?: MailboxId | null;
  readonly role?: MailboxRole | null;
  readonly subscribed?: boolean;
  readonly sortOrder?: number;
};

/**
 * `exists`: one beside it has the name, compared as RFC 9051 section 5.1 does. `bad-name`: empty, longer than 255 bytes, not
 * in NFC, with a control character or `/`, or INBOX below the top. `role-taken`: another mailbox has the role.
 * `too-many`: the account has 10,000. `too-deep`: it, or one below it, would have more than 32 above it. Of several the first is
 * given in the order `no-account`, `no-parent`, `bad-name`, `exists`, `role-taken`, `too-deep`, `too-many`.
 */
export type MailboxRefusal =
  | 'no-account'
  | 'no-parent'
  | 'exists'
  | 'bad-name'
  | 'role-taken'
  | 'too-many'
  | 'too-deep';

/** A maildrop that somebody has for himself. */
export interface MaildropLock {
  /** Lets go of it; a second time does nothing. */
  release(): void;
}

/** The mailboxes of an account: a tree, with `/` between the levels where a path is written. */
export interface MailboxStore {
  /** In the order of their numbers; empty where there is no such account. */
  mailboxes(account: AccountId): Eventually<readonly Mailbox[]>;
  mailbox(account: AccountId, mailbox: MailboxId): Eventually<Mailbox | null>;
  /**
   * Paths that are subscribed to and have no mailbox (RFC 9051 section 6.3.9 forbids to forget them), in order. A mailbox that
   * comes to lie at one, made or moved there itself or with one above it, is subscribed then.
   */
  lostSubscriptions(account: AccountId): Eventually<readonly string[]>;
  /**
   * Takes the account's maildrop, which is its INBOX to POP3 (RFC 1939 section 4), for one session among all threads and
   * processes: `locked` where somebody has it. It keeps nobody from the letters who does not ask for it. `close` lets go, and so
   * does the end of a process, whatever ends it.
   */
  lockMaildrop(account: AccountId): Eventually<Result<MaildropLock, 'no-account' | 'locked'>>;

  createMailbox(account: AccountId, mailbox: NewMailbox): Promise<Result<Mailbox, MailboxRefusal>>;
  /** Refused as `createMailbox`, and before that: `inbox`: it can neither be renamed nor moved nor lose its role. `inside-itself`: the new parent is the mailbox or below it. */
  updateMailbox(
    account: AccountId,
    mailbox: MailboxId,
    update: MailboxUpdate,
  ): Promise<Result<Mailbox, MailboxRefusal | 'no-mailbox' | 'inbox' | 'inside-itself'>>;
  /**
   * Removes the mailbox. Its letters go with it, as by `expunge`, where `letters` says so; else `has-letters` refuses. A
   * subscription stays as a lost one.
   */
  removeMailbox(
    account: AccountId,
    mailbox: MailboxId,
    how: { readonly letters: 'refuse' | 'remove'; readonly at: number },
  ): Promise<Result<null, 'no-mailbox' | 'inbox' | 'has-children' | 'has-letters'>>;
  /** Ends the subscription to a path that has no mailbox. */
  forgetSubscription(account: AccountId, path: string): Promise<Result<null, 'not-subscribed'>>;
}
