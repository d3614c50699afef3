/** Names a mailbox between the engine and whoever answers its questions; nothing is read out of it. */
export type MailboxId = number;

/** What a mailbox is for, as RFC 6154 section 2 has it; `inbox` is none of its attributes. */
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

/** A mailbox of the account, as lists tell it. */
export type MailboxEntry = {
  readonly id: MailboxId;
  /** With `/` between the levels; `INBOX` for the inbox. */
  readonly path: string;
  readonly role: MailboxRole | null;
  readonly subscribed: boolean;
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly highestModSeq: bigint;
  readonly letters: number;
  readonly unseen: number;
  readonly deleted: number;
  readonly sizeBytes: number;
};

/** Everything that LIST and STATUS tell of. */
export type Mailboxes = {
  /** By path, parents before what is in them. */
  readonly mailboxes: readonly MailboxEntry[];
  /** Paths that are subscribed to and have no mailbox. */
  readonly lost: readonly string[];
};

/** A mailbox as SELECT finds it. */
export type OpenedMailbox = MailboxEntry & {
  /** Of all its letters, lowest first; the session's own from now on. */
  readonly uids: Uint32Array;
  /** All changes up to here are in it. */
  readonly upTo: bigint;
};

/** What stands between the levels of a path. */
export const delimiter = '/';
