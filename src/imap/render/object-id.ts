import type { MailboxId } from '../mailboxes.ts';

// objectid = 1*255(ALPHA / DIGIT / "_" / "-")                                     (RFC 8474 section 7)
/** What a mailbox is called that keeps its name for good (RFC 8474 section 4). */
export const mailboxObjectId = (mailbox: MailboxId): string => `F${mailbox}`;

/** The same of a letter (RFC 8474 section 5.1). */
export const letterObjectId = (letter: number): string => `M${letter}`;

/** The same of a thread (RFC 8474 section 5.2). */
export const threadObjectId = (thread: number): string => `T${thread}`;

/** The response code that names a mailbox (RFC 8474 section 7). */
export const formatMailboxId = (mailbox: MailboxId): string => `MAILBOXID (${mailboxObjectId(mailbox)})`;
