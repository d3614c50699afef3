import type { OmittedRange } from '../../mail/omitted-ranges.ts';
import type { LetterSummary } from '../../mail/summary.ts';
import type { TransportRecord } from '../../passport/record.ts';
import type { Eventually, Result } from '../../result.ts';
import type { AccountId, BlobHash, LetterId, MailboxId, ModSeq, SpoolId, ThreadId, Uid } from './ids.ts';

export type { LetterSummary };

/**
 * What is said of a letter in a mailbox: JMAP's keywords (RFC 8621 section 4.1.1), lower-case, none twice, in the order of
 * their code units. IMAP's system flags are `$seen`, `$answered`, `$flagged`, `$draft`, and `\deleted`, which JMAP does not have.
 */
export type Keywords = readonly string[];

/** A letter that is to be kept. The store takes the chunks over: their buffers are moved and must not be used again. */
export type NewLetter = {
  readonly hash: BlobHash;
  readonly sizeBytes: number;
  /** The letter as it came, in order; their lengths add up to `sizeBytes`. Empty where it was spooled. */
  readonly chunks: readonly Uint8Array<ArrayBuffer>[];
  /** The file that it lies in, instead of `chunks`; given up to the store. */
  readonly spool?: SpoolId;
  readonly summary: LetterSummary;
  /** What `mail/` computed of it, in the form that it encodes; the store only keeps it. Absent: not computed. */
  readonly parsed?: Uint8Array;
  /** What puts it into a thread; absent: it is one of its own. */
  readonly threading?: Threading;
  /** null for a letter that came over no connection: a report that this server wrote, or one from a file. */
  readonly transport: TransportRecord | null;
  /** Milliseconds since 1970: IMAP's internal date, JMAP's receivedAt. */
  readonly receivedAt: number;
  /** What of the letter is kept and not served: in order, apart from each other, within the letter, at most 1,000. */
  readonly omitted?: readonly OmittedRange[];
};

/**
 * Letters are in one thread where they have a message identifier in common and the same base subject (RFC 8621
 * section 3, RFC 5256 section 2.1).
 */
export type Threading = {
  /** Of Message-ID, In-Reply-To and References, without angle brackets, at most 100 of them. */
  readonly messageIds: readonly string[];
  readonly baseSubject: string;
};

/** A letter on its way in. */
export type Delivery = NewLetter & {
  /** When it was put where it is (RFC 8514), milliseconds since 1970; absent: when it was received. */
  readonly savedAt?: number;
  /** At least one; each gets its own letter, all share the blob. */
  readonly recipients: readonly DeliveryRecipient[];
};

export type DeliveryRecipient = {
  readonly account: AccountId;
  /** The forward path that led here, as the client gave it, without angle brackets; empty where none did. */
  readonly forwardPath: string;
  /** Header fields that this server puts before the letter for this recipient (`Received:`, …), CRLF included. */
  readonly prefix: Uint8Array;
  /** Where it is put, at least one mailbox, none twice; absent: INBOX. */
  readonly mailboxes?: readonly MailboxId[];
  readonly keywords?: Keywords;
};

/** Where a letter came to lie. */
export type Placement = {
  readonly account: AccountId;
  readonly mailbox: MailboxId;
  readonly letter: LetterId;
  readonly uid: Uid;
  readonly modSeq: ModSeq;
};

/** A letter in a mailbox, as lists and flags want it. */
export type PlacedLetter = {
  readonly mailbox: MailboxId;
  readonly uid: Uid;
  readonly letter: LetterId;
  readonly thread: ThreadId;
  readonly modSeq: ModSeq;
  readonly keywords: Keywords;
  /** When it was put here (RFC 8514), milliseconds since 1970. */
  readonly savedAt: number;
  readonly receivedAt: number;
  /** As served: the prefix and the letter without what is omitted. */
  readonly servedBytes: number;
};

/** The same with what is read of many letters at once: what was computed, and what stands before it. */
export type ParsedPlacedLetter = PlacedLetter & Pick<Letter, 'parsed' | 'prefix' | 'omitted'>;

export type Letter = {
  readonly id: LetterId;
  readonly thread: ThreadId;
  /** When it was made, or put back by `undelete`. */
  readonly createdModSeq: ModSeq;
  readonly hash: BlobHash;
  /** Bytes as they came; the letter as served is `prefix` and then these, without what is `omitted`. */
  readonly sizeBytes: number;
  readonly prefix: Uint8Array;
  readonly omitted: readonly OmittedRange[];
  readonly forwardPath: string;
  readonly summary: LetterSummary;
  /** null where it was not computed. */
  readonly parsed: Uint8Array | null;
  readonly transport: TransportRecord | null;
  readonly receivedAt: number;
};

/** What a letter is served from: `prefix` and then its bytes, without what is `omitted` of them. */
export type ServedLetter = {
  readonly prefix: Uint8Array;
  readonly omitted: readonly OmittedRange[];
  /** As they came; null where they are more than 256 KiB: then by `blobPieces`. */
  readonly bytes: Uint8Array | null;
};

/** By number, highest first. `before` continues after the last letter of the page before. */
export type LetterQuery = {
  readonly account: AccountId;
  readonly count: number;
  readonly before: LetterId | null;
};

/** Letters of one mailbox by their uids. */
export type PlacedQuery = {
  readonly account: AccountId;
  readonly mailbox: MailboxId;
  /** Inclusive bounds. */
  readonly from?: Uid;
  readonly to?: Uid;
  /** Only those that changed after it. */
  readonly changedSince?: ModSeq;
  /** At most so many. */
  readonly count?: number;
  /** Absent: lowest uid first. */
  readonly order?: 'ascending' | 'descending';
};

/** Letters of one mailbox, whenever they changed. */
export type RangeQuery = Omit<PlacedQuery, 'changedSince' | 'order'>;

/** `replace` by `arrange` leaves `\deleted` as it is, which those who arrange do not know. */
export type KeywordChange = { readonly how: 'add' | 'remove' | 'replace'; readonly keywords: Keywords };

export type KeywordsSet = {
  /** The letters of which something changed, in the order of their uids. */
  readonly changed: readonly { readonly uid: Uid; readonly modSeq: ModSeq; readonly keywords: Keywords }[];
  /** Those that had changed after `unchangedSince`, and were left alone (RFC 7162 section 3.1.3). */
  readonly modified: readonly Uid[];
};

/** Where a letter of one mailbox came to lie in another. */
export type Copied = { readonly from: Uid; readonly to: Uid; readonly letter: LetterId };

/** What `arrange` is to make of a letter. What is not named stays as it is. */
export type Arrangement = {
  readonly letter: LetterId;
  /** All that it shall be in, at least one. A new place has the keywords that it has in the mailbox with the lowest number. */
  readonly mailboxes?: readonly MailboxId[];
  /** In all its mailboxes, the new ones included. */
  readonly keywords?: KeywordChange;
};

/** A letter that is in no mailbox any more, and is kept for a while. */
export type RemovedLetter = {
  readonly letter: LetterId;
  /** The one that it left last; of several that it left at once the one with the highest number. */
  readonly mailbox: MailboxId;
  readonly keywords: Keywords;
  readonly removedAt: number;
  readonly summary: LetterSummary;
  readonly sizeBytes: number;
};

export type DeliveryRefusal = 'no-account' | 'no-mailbox' | 'over-quota';

/**
 * The letters: what comes in, what is said of them, where they lie, and how they leave. `at` is milliseconds since 1970.
 * What is given twice in a list counts once, and what is not there is passed over. Letters of a mailbox are dealt with by
 * uid, lowest first, others in the order asked for. A letter that is in no mailbox is only among `removedLetters`, and its
 * bytes can be read, until `tidy` lets go of it.
 */
export interface LetterStore {
  letter(account: AccountId, letter: LetterId): Eventually<Letter | null>;
  /** In the order asked for. */
  lettersById(account: AccountId, letters: readonly LetterId[]): Eventually<readonly Letter[]>;
  /** Every uid of the mailbox, lowest first. */
  uids(account: AccountId, mailbox: MailboxId): Eventually<Uint32Array>;
  placed(query: PlacedQuery): Eventually<readonly PlacedLetter[]>;
  /** As `placed`, lowest uid first, in one reading. */
  placedParsed(query: RangeQuery): Eventually<readonly ParsedPlacedLetter[]>;
  /** Every place of these letters, by letter and then by mailbox. */
  placesOf(account: AccountId, letters: readonly LetterId[]): Eventually<readonly PlacedLetter[]>;
  /** The letters of the thread, oldest first (RFC 8621 section 3): by `receivedAt`, and then by number. */
  thread(account: AccountId, thread: ThreadId): Eventually<readonly LetterId[]>;
  removedLetters(query: LetterQuery): Eventually<readonly RemovedLetter[]>;
  /** The letter's bytes as they came; null where the account has no such letter. For letters that fit into memory. */
  blob(account: AccountId, letter: LetterId): Eventually<Uint8Array | null>;
  /** Its bytes from `start` up to `end`, as far as there are any, in pieces of at most 256 KiB; null as `blob`. */
  blobPieces(
    account: AccountId,
    letter: LetterId,
    range?: { readonly start: number; readonly end: number },
  ): Eventually<AsyncIterable<Uint8Array> | null>;
  /** All that it takes to serve the letter, in one look; null as `blob`. */
  served(account: AccountId, letter: LetterId): Eventually<ServedLetter | null>;

  /** Begins a letter that is too large to hold in memory. */
  spool(): Promise<Spool>;
  /**
   * All of them or none: one transaction. The placements are those of all recipients, in order. A spool that it takes is gone
   * then. `over-quota`: what an account is to get in all does not fit.
   */
  deliver(...deliveries: readonly Delivery[]): Promise<Result<readonly Placement[], DeliveryRefusal>>;
  /** `too-many`: a letter would have more than 100 keywords; then nothing changes. */
  setKeywords(
    account: AccountId,
    mailbox: MailboxId,
    uids: readonly Uid[],
    change: KeywordChange,
    unchangedSince?: ModSeq,
  ): Promise<Result<KeywordsSet, 'no-mailbox' | 'too-many'>>;
  /**
   * Puts the letters into another mailbox of the account as well, with their keywords, without `\deleted`. Where one is in
   * it already, the copy is a letter of its own with the same bytes, in the same thread, and only such a one counts for the quota.
   */
  copy(
    account: AccountId,
    from: MailboxId,
    uids: readonly Uid[],
    to: MailboxId,
    at: number,
  ): Promise<Result<readonly Copied[], 'no-mailbox' | 'over-quota'>>;
  /** As `copy`, and they leave `from` (RFC 6851); into the same mailbox they get new uids. No quota keeps them from it. */
  move(
    account: AccountId,
    from: MailboxId,
    uids: readonly Uid[],
    to: MailboxId,
    at: number,
  ): Promise<Result<readonly Copied[], 'no-mailbox'>>;
  /** Removes those of the uids that are there, or that are there with `\deleted`; gives them, lowest first. */
  expunge(
    account: AccountId,
    mailbox: MailboxId,
    uids: readonly Uid[],
    which: 'deleted' | 'any',
    at: number,
  ): Promise<Result<{ readonly uids: readonly Uid[]; readonly modSeq: ModSeq }, 'no-mailbox'>>;
  /** Each for itself: the refusals stand in the order of the arrangements. */
  arrange(
    account: AccountId,
    arrangements: readonly Arrangement[],
    at: number,
  ): Promise<readonly Result<null, 'no-letter' | 'no-mailbox' | 'too-many'>[]>;
  /** Removes the letters from every mailbox; gives those that there were. */
  removeLetters(account: AccountId, letters: readonly LetterId[], at: number): Promise<readonly LetterId[]>;
  /** Puts removed letters back where they were, or into INBOX where that is gone; gives their places. */
  undelete(
    account: AccountId,
    letters: readonly LetterId[],
    at: number,
  ): Promise<Result<readonly Placement[], 'over-quota'>>;
}

/** A letter on its way into a file. Nothing of it outlasts a crash before `deliver` has taken it. */
export interface Spool {
  readonly id: SpoolId;
  /** Resolves when more may come. The chunk must not change until then. */
  write(chunk: Uint8Array): Promise<void>;
  /** Resolves when the bytes are on disk. */
  finish(): Promise<void>;
  /** Gives the file up; also after `deliver` refused it. */
  discard(): Promise<void>;
  /** What was written, to be read before it is delivered. */
  pieces(): AsyncIterable<Uint8Array>;
}
