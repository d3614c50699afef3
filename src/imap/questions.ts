import type { Mechanism, SaslQuestion, SaslVerdict } from '../sasl/exchange.ts';
import type { Annotation, AnnotationChange } from './annotation.ts';
import type { AppendedLetter } from './grammar/append.ts';
import type { FetchedLetter, LetterNeed } from './letters.ts';
import type { Mailboxes, MailboxId, MailboxRole, OpenedMailbox } from './mailboxes.ts';
import type { NumberRange } from './number-set.ts';
import type { AccountQuota } from './quota.ts';
import type { ResolvedKey } from './search-key.ts';
import type { SortKey, ThreadAlgorithm } from './sort-key.ts';
import type { Thread } from './threading.ts';
import type { MailboxChanges } from './view.ts';

/** What the engine cannot know. `Answers` has the answer to each. */
export type Question =
  | { readonly ask: 'login'; readonly mechanism: Mechanism; readonly question: SaslQuestion }
  | { readonly ask: 'mailboxes' }
  /** How many octets the deleted letters of these mailboxes have. */
  | { readonly ask: 'deleted-octets'; readonly mailboxes: readonly MailboxId[] }
  | { readonly ask: 'quota' }
  /** The annotations of these mailboxes, and of the server for null. */
  | { readonly ask: 'metadata'; readonly of: readonly (MailboxId | null)[] }
  | {
      readonly ask: 'set-metadata';
      readonly of: MailboxId | null;
      readonly changes: readonly AnnotationChange[];
    }
  /** The mailbox as it is now, with all its uids. */
  | { readonly ask: 'open'; readonly mailbox: MailboxId }
  /** What happened in the mailbox since a modification sequence. */
  | { readonly ask: 'changes'; readonly mailbox: MailboxId; readonly since: bigint }
  /** The letters with these uids, as far as they are there: a page of them. */
  | {
      readonly ask: 'letters';
      readonly mailbox: MailboxId;
      /** In order and apart. */
      readonly uids: readonly NumberRange[];
      readonly need: LetterNeed;
      /** How often what is in a letter is written at the most, 1 if it is not said: it makes the page smaller. */
      readonly copies?: number;
    }
  /** Octets of a letter as it is served that is too large for a page, from `start` up to `end`: some of them. */
  | {
      readonly ask: 'octets';
      readonly mailbox: MailboxId;
      readonly letter: FetchedLetter;
      readonly start: number;
      readonly end: number;
    }
  | {
      readonly ask: 'set-keywords';
      readonly mailbox: MailboxId;
      /** They rise. */
      readonly uids: readonly number[];
      readonly how: 'add' | 'remove' | 'replace';
      readonly keywords: readonly string[];
      /** Letters that changed after it are left alone. */
      readonly unchangedSince?: bigint;
      /** Up to where the session has learned what changed. */
      readonly since: bigint;
      /** Of which letters the answer tells. */
      readonly tell: 'all' | 'changed';
    }
  /** Removes those of the uids that are deleted. */
  | { readonly ask: 'expunge'; readonly mailbox: MailboxId; readonly uids: readonly NumberRange[] }
  /** The letters of the mailbox up to a uid that a search finds. */
  | { readonly ask: 'search'; readonly mailbox: MailboxId; readonly upTo: number; readonly key: ResolvedKey }
  /** The same, sorted. */
  | {
      readonly ask: 'sort';
      readonly mailbox: MailboxId;
      readonly upTo: number;
      readonly key: ResolvedKey;
      readonly sort: readonly SortKey[];
    }
  /** The same, in their threads. */
  | {
      readonly ask: 'thread';
      readonly mailbox: MailboxId;
      readonly upTo: number;
      readonly key: ResolvedKey;
      readonly algorithm: ThreadAlgorithm;
    }
  /** Puts the letters with these uids, which rise, into another mailbox. */
  | {
      readonly ask: 'copy';
      readonly mailbox: MailboxId;
      readonly uids: readonly number[];
      readonly to: MailboxId;
      /** Whether they stay where they are. */
      readonly how: 'copy' | 'move';
    }
  /** Makes a mailbox, and what has to be above it. */
  | { readonly ask: 'create'; readonly path: string; readonly role: MailboxRole | null }
  | { readonly ask: 'delete'; readonly mailbox: MailboxId }
  /** Gives the mailbox another path, and makes what has to be above it. INBOX gives its letters away and stays. */
  | { readonly ask: 'rename'; readonly mailbox: MailboxId; readonly path: string }
  | { readonly ask: 'subscribe'; readonly path: string; readonly subscribed: boolean }
  /** May a letter of this size come for this mailbox? After that `body` actions follow. */
  | { readonly ask: 'room'; readonly mailbox: MailboxId; readonly sizeBytes: number }
  /** All letters of an APPEND are there: keep them, or none of them. */
  | { readonly ask: 'append'; readonly mailbox: MailboxId; readonly letters: readonly AppendedLetter[] };

export type Ask = Question['ask'];
export type Asked<Kind extends Ask> = Extract<Question, { readonly ask: Kind }>;

/** What answers each question. */
export type Answers = {
  readonly login: SaslVerdict;
  readonly mailboxes: Mailboxes;
  readonly 'deleted-octets': ReadonlyMap<MailboxId, number>;
  readonly quota: AccountQuota;
  readonly metadata: ReadonlyMap<MailboxId | null, readonly Annotation[]>;
  readonly 'set-metadata': null;
  readonly open: OpenedMailbox;
  readonly changes: MailboxChanges;
  /** `upTo`: the uids up to this one are all answered. */
  readonly letters: { readonly letters: readonly FetchedLetter[]; readonly upTo: number };
  /** At least one octet. */
  readonly octets: Uint8Array;
  /** What they are afterwards, lowest uid first. */
  readonly 'set-keywords': KeywordsSet;
  /** The uids that are gone now, lowest first, and the mailbox's highest modification sequence afterwards. */
  readonly expunge: { readonly uids: readonly number[]; readonly modSeq: bigint };
  /** Lowest uid first. */
  readonly search: readonly { readonly uid: number; readonly modSeq: bigint }[];
  readonly sort: readonly { readonly uid: number; readonly modSeq: bigint }[];
  readonly thread: readonly Thread[];
  /** Where letters came to lie, in the order of the uids that they had. */
  readonly copy: {
    readonly uidValidity: number;
    readonly from: readonly number[];
    readonly to: readonly number[];
  };
  /** The mailbox that was made. */
  readonly create: MailboxId;
  readonly delete: null;
  readonly rename: null;
  readonly subscribe: null;
  readonly room: null;
  readonly append: { readonly uidValidity: number; readonly uids: readonly number[] };
};

/** What became of keywords that were set. */
export type KeywordsSet = {
  readonly letters: readonly {
    readonly uid: number;
    readonly modSeq: bigint;
    readonly keywords: readonly string[];
  }[];
  /** The uids that were left alone, lowest first. */
  readonly modified: readonly number[];
  /** Whether nothing else had changed in the account since the session looked last, so that these are all the changes. */
  readonly alone: boolean;
};

/** Why policy says no. */
export type Refusal =
  | { readonly why: 'no-mailbox' | 'over-quota' | 'too-many-keywords' | 'overloaded' | 'too-big' }
  /** A mailbox cannot be made, or be called so; or it cannot go. */
  | { readonly why: 'exists' | 'bad-name' | 'role-taken' | 'too-many-mailboxes' | 'inbox' | 'has-children' }
  | { readonly why: 'not-allowed' | 'too-many-annotations' | 'no-such-use' }
  /** The account of the session is no more. */
  | { readonly why: 'no-account' };

export type Verdict =
  | { readonly verdict: 'answer'; readonly answer: Answers[Ask] }
  | { readonly verdict: 'refused'; readonly why: Refusal }
  /** The answer could not be found; `id` is also in the log. */
  | { readonly verdict: 'fault'; readonly id: string };
