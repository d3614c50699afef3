declare const brand: unique symbol;
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

/** An account's number; never reused. */
export type AccountId = Branded<number, 'AccountId'>;
/** A mailbox's number within its account; never reused, survives renames (RFC 8474 section 4, MAILBOXID). */
export type MailboxId = Branded<number, 'MailboxId'>;
/** A letter's number; never reused, within an account higher for each that comes, the same in every mailbox that it is in (RFC 8474 section 5.1, EMAILID). */
export type LetterId = Branded<number, 'LetterId'>;
/** A thread's number within its account: that of its first letter (RFC 8474 section 5.2, THREADID). */
export type ThreadId = Branded<number, 'ThreadId'>;
/** IMAP's unique identifier of a letter in one mailbox (RFC 9051 section 2.3.1.1). No sequence number. */
export type Uid = Branded<number, 'Uid'>;
/** The account's modification sequence (RFC 7162), higher after each change; also what JMAP calls a state. */
export type ModSeq = Branded<bigint, 'ModSeq'>;
/** SHA-256 of a blob's bytes, 64 lower-case hex digits. */
export type BlobHash = Branded<string, 'BlobHash'>;
/** An address in its canonical form (`canonicalAddress` of `mail/address.ts`): the key of an account. */
export type AccountName = Branded<string, 'AccountName'>;
/** A number of an entry of the queue; never reused. */
export type QueueId = Branded<number, 'QueueId'>;
/** A letter on its way in that lies in a file already. */
export type SpoolId = Branded<string, 'SpoolId'>;
