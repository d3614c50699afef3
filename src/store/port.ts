import type { OmittedRange } from '../mail/omitted-ranges.ts';
import type { LetterSummary } from '../mail/summary.ts';
import type { TransportRecord } from '../passport/record.ts';
import type { Eventually, Result } from '../result.ts';
import type { ScramKeys } from '../sasl/exchange.ts';

export type { LetterSummary };

declare const brand: unique symbol;
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

/** An account's number; never reused. */
export type AccountId = Branded<number, 'AccountId'>;
/** A mailbox's number within its account; never reused, survives renames. */
export type MailboxId = Branded<number, 'MailboxId'>;
/** A letter's number within its account; never reused, the same in every mailbox that the letter is in. */
export type LetterId = Branded<number, 'LetterId'>;
/** IMAP's unique identifier of a letter in one mailbox (RFC 9051 section 2.3.1.1). No sequence number. */
export type Uid = Branded<number, 'Uid'>;
/** The account's modification sequence (RFC 7162), one higher for each change. */
export type ModSeq = Branded<bigint, 'ModSeq'>;
/** SHA-256 of a blob's bytes, 64 lower-case hex digits. */
export type BlobHash = Branded<string, 'BlobHash'>;
/** An address in its canonical form (`canonicalAddress` of `mail/address.ts`): the key of an account. */
export type AccountName = Branded<string, 'AccountName'>;

export type Account = {
  readonly id: AccountId;
  readonly name: AccountName;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
};

/** What an account's password is checked against. Nothing here can be read back into a password. */
export type Verifiers = {
  readonly scram: ScramKeys;
  /** PHC string: `$argon2id$v=19$m=…,t=…,p=…$salt$hash`. */
  readonly argon2id: string;
};

/** What a person's programs log in to. */
export type Service = 'smtp' | 'imap' | 'pop3' | 'https';

/** Every service, in the order in which a scope is written down. */
export const services: readonly Service[] = ['smtp', 'imap', 'pop3', 'https'];

/** A password that was made for one program: it opens what its scope says, as long as it lasts. */
export type AppPassword = {
  /** What the person calls it; no two of an account are the same. */
  readonly label: string;
  /** SHA-256 of the password as `accounts/app-passwords.ts` derives it, 64 lower-case hex digits. */
  readonly sha256: string;
  /** At least one, none twice, in the order of `services`. */
  readonly scope: readonly Service[];
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** The beginning of the day (UTC) on which it was last used, milliseconds since 1970; null for never. */
  readonly lastUsedOn: number | null;
  /** From then on it opens nothing, milliseconds since 1970; null for never. */
  readonly expiresAt: number | null;
};

/** A client certificate that may log in to an account, whatever names stand in it. */
export type BoundCertificate = {
  /** SHA-256 fingerprint, 64 lower-case hex digits. */
  readonly sha256: string;
  /** The subject's distinguished name on one line, for people. */
  readonly subject: string;
  /** Milliseconds since 1970. */
  readonly boundAt: number;
};

/** A letter on its way in. The store takes the chunks over: their buffers are moved and must not be used again. */
export type Delivery = {
  readonly hash: BlobHash;
  readonly sizeBytes: number;
  /** The letter as it came, in order; their lengths add up to `sizeBytes`. */
  readonly chunks: readonly Uint8Array<ArrayBuffer>[];
  readonly summary: LetterSummary;
  /** null for a letter that came over no connection: a report that this server wrote. */
  readonly transport: TransportRecord | null;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  /** At least one; each gets its own letter in INBOX, all share the blob. */
  readonly recipients: readonly DeliveryRecipient[];
  /** What of the letter is kept and not served: in order, apart from each other, within the letter, at most 1,000. */
  readonly omitted?: readonly OmittedRange[];
};

export type DeliveryRecipient = {
  readonly account: AccountId;
  /** The forward path that led here, as the client gave it, without angle brackets. */
  readonly forwardPath: string;
  /** Header fields that this server puts before the letter for this recipient (`Received:`, …), CRLF included. */
  readonly prefix: Uint8Array;
};

/** Where a letter came to lie. */
export type Placement = {
  readonly account: AccountId;
  readonly mailbox: MailboxId;
  readonly letter: LetterId;
  readonly uid: Uid;
  readonly modSeq: ModSeq;
};

export type Letter = {
  readonly id: LetterId;
  readonly mailbox: MailboxId;
  readonly uid: Uid;
  readonly modSeq: ModSeq;
  readonly hash: BlobHash;
  /** Bytes as they came; the letter as served is `prefix` and then these, without what is `omitted`. */
  readonly sizeBytes: number;
  readonly prefix: Uint8Array;
  readonly omitted: readonly OmittedRange[];
  readonly forwardPath: string;
  readonly summary: LetterSummary;
  /** null for a letter that came over no connection. */
  readonly transport: TransportRecord | null;
  readonly receivedAt: number;
};

export type Mailbox = {
  readonly id: MailboxId;
  readonly name: string;
  readonly uidValidity: number;
  readonly uidNext: Uid;
  readonly highestModSeq: ModSeq;
  readonly letters: number;
};

/** One thing that happened, told to everybody who listens, after its commit and in commit order. */
export type Change =
  | { readonly change: 'delivered'; readonly placement: Placement }
  | { readonly change: 'account-created'; readonly account: Account };

/** How often something happened under a key (`failed:account:…`, `known:…`), and when last. Counts never block by themselves. */
export type Tally = {
  readonly key: string;
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly lastAt: number;
};

/** Adds to the count of `key`; a count whose last event is more than `quietMs` before `at` starts again from nothing. */
export type TallyEvent = {
  readonly key: string;
  readonly at: number;
  readonly quietMs: number;
  /** How often it happened, at least once; once where it is left out. */
  readonly times?: number;
};

/** Newest first. `before` continues after the last letter of the page before. */
export type LetterQuery = {
  readonly account: AccountId;
  readonly count: number;
  readonly before: LetterId | null;
};

/**
 * The store, in coarse verbs. A read answers from the state after some commit, and always sees every write whose promise
 * this process has seen resolve. A write is one transaction: when its promise resolves it is on disk, when it
 * rejects (a fault) nothing of it is. A refusal is part of the value. No transaction ever leaves the store.
 * Faults are `StoreFault`s of `fault.ts`; `StoreOverloaded` asks to come again later, `StoreClosed` tells of the end.
 * Reads may throw as well as reject: await them inside a `try`.
 */
export interface Store {
  account(name: AccountName): Eventually<Account | null>;
  accounts(): Eventually<readonly Account[]>;
  verifiers(account: AccountId): Eventually<Verifiers | null>;
  /** Those of the account, oldest first. */
  appPasswords(account: AccountId): Eventually<readonly AppPassword[]>;
  /** The one of the account with this SHA-256; null for none. */
  appPassword(account: AccountId, sha256: string): Eventually<AppPassword | null>;
  /** Those of the account, oldest first. */
  boundCertificates(account: AccountId): Eventually<readonly BoundCertificate[]>;
  /** The accounts that the certificate with this fingerprint is bound to, oldest account first. */
  accountsOfCertificate(sha256: string): Eventually<readonly Account[]>;
  mailboxes(account: AccountId): Eventually<readonly Mailbox[]>;
  letters(query: LetterQuery): Eventually<readonly Letter[]>;
  letter(account: AccountId, letter: LetterId): Eventually<Letter | null>;
  /** The blob's bytes; null where no letter of this account has it. */
  blob(account: AccountId, hash: BlobHash): Eventually<Uint8Array | null>;
  /** The tallies of those keys that have one, in no order. */
  tallies(keys: readonly string[]): Eventually<readonly Tally[]>;

  /** Makes the account with its INBOX and verifiers. */
  createAccount(account: NewAccount): Promise<Result<Account, 'exists'>>;
  setVerifiers(account: AccountId, verifiers: Verifiers): Promise<Result<null, 'no-account'>>;
  /** `exists` where the account has one of that label or SHA-256, `too-many` where it has 100. */
  addAppPassword(
    account: AccountId,
    password: Omit<AppPassword, 'lastUsedOn'>,
  ): Promise<Result<null, 'no-account' | 'exists' | 'too-many'>>;
  removeAppPassword(account: AccountId, label: string): Promise<Result<null, 'no-app-password'>>;
  /** Remembers the day of a use; an earlier day than the last, and a password that is gone, change nothing. */
  noteAppPasswordUse(account: AccountId, sha256: string, usedOn: number): Promise<void>;
  /** `exists` where it is bound to this account already, `too-many` where the account has 100. */
  bindCertificate(
    account: AccountId,
    certificate: BoundCertificate,
  ): Promise<Result<null, 'no-account' | 'exists' | 'too-many'>>;
  unbindCertificate(account: AccountId, sha256: string): Promise<Result<null, 'not-bound'>>;
  /**
   * All of the letters or none: one transaction, refused as a whole when one recipient's account is gone. The placements
   * are those of all recipients, in order.
   */
  deliver(...deliveries: readonly Delivery[]): Promise<Result<readonly Placement[], 'no-account'>>;
  /** Counts these events; the store keeps at most 100,000 tallies and forgets the ones that were quiet longest. */
  tally(events: readonly TallyEvent[]): Promise<void>;
  forgetTallies(keys: readonly string[]): Promise<void>;

  /**
   * Calls `listener` for each change that this process makes from now on, after its commit; returns the function that
   * ends it. A state read after this call is missing no change that is not told.
   */
  onChange(listener: (change: Change) => void): () => void;
  /** Waits for what is under way, then lets go of everything. Later calls are faults. */
  close(): Promise<void>;
}

export type NewAccount = {
  readonly name: AccountName;
  readonly verifiers: Verifiers;
  readonly createdAt: number;
};
