import type { Eventually } from '../../result.ts';
import type { AccountId, LetterId, MailboxId, ModSeq, ThreadId, Uid } from './ids.ts';

/** Where words are looked for. */
export type SearchField = 'anywhere' | 'subject' | 'from' | 'to' | 'cc' | 'bcc' | 'body' | 'attachment';

/** What letters are looked for. Times are milliseconds since 1970; `from` is included and `before` is not. */
export type LetterFilter =
  | { readonly where: 'every' | 'any' | 'none'; readonly of: readonly LetterFilter[] }
  /**
   * Every word of it, in this order and next to each other, the last one perhaps only begun, without regard to case and accents
   * (`words.ts`); of scripts without spaces any part. Text without a word in it is everywhere.
   */
  | { readonly where: 'words'; readonly field: SearchField; readonly words: string }
  | { readonly where: 'mailbox'; readonly mailbox: MailboxId }
  /** Those of `SearchQuery.mailbox`; none where the whole account is searched. */
  | { readonly where: 'uids'; readonly uids: readonly Uid[] }
  | { readonly where: 'letters'; readonly letters: readonly LetterId[] }
  | { readonly where: 'thread'; readonly thread: ThreadId }
  /** In the mailbox that is searched; in any one where none is named. */
  | { readonly where: 'keyword'; readonly keyword: string }
  /** `sent` is `received` where the letter does not say it; `saved` is the first time where the whole account is searched. */
  | { readonly where: 'received' | 'saved' | 'sent'; readonly from?: number; readonly before?: number }
  /** Bytes as served; inclusive. */
  | { readonly where: 'size'; readonly least?: number; readonly most?: number }
  /** As `keyword`: where it is searched. */
  | { readonly where: 'changed-since'; readonly modSeq: ModSeq };

/** `subject` is the base subject (RFC 5256 section 2.1); both texts are compared without regard to case and accents. */
export type SearchSort = {
  readonly by: 'received' | 'sent' | 'saved' | 'size' | 'subject' | 'from' | 'uid';
  readonly order: 'ascending' | 'descending';
};

export type SearchQuery = {
  readonly account: AccountId;
  /** null: the whole account, each letter once. */
  readonly mailbox: MailboxId | null;
  /** At most 1,000 conditions, at most 50 deep in others; more is a fault. */
  readonly filter: LetterFilter | null;
  /** The first decides, then the next; what is left equal is by uid, or by letter where the whole account is searched. */
  readonly sort: readonly SearchSort[];
  /** Of each thread only the letter that comes first (RFC 8621 section 4.4.3). */
  readonly threads: 'whole' | 'first-letter';
  readonly offset: number;
  readonly count: number;
};

export type Found = {
  /** `uid` is 0 where the whole account was searched. */
  readonly hits: readonly { readonly letter: LetterId; readonly uid: Uid; readonly thread: ThreadId }[];
  /** How many there are in all. */
  readonly total: number;
};

export interface SearchStore {
  /** The index first catches up with what was delivered, so that nothing that was acknowledged is missed. `close` gives up what is under way. */
  search(query: SearchQuery): Eventually<Found>;
  /** Drops the account's index; the next search builds it anew, while everything else goes on. */
  dropIndex(account: AccountId): Promise<void>;
}
