import type { MailboxRole } from './port.ts';

/** A mailbox has at most this many above it. */
export const MAX_MAILBOX_DEPTH = 32;
const LONGEST_NAME_BYTES = 255;

/** The mailbox that every account begins with, and keeps (RFC 9051 section 5.1). */
const INBOX_NAME = 'INBOX';

/** What an account begins with, in the order of the numbers from 1 on: INBOX, and what mail programs look for (RFC 6154). */
export const FIRST_MAILBOXES: readonly { readonly name: string; readonly role: MailboxRole }[] = [
  { name: INBOX_NAME, role: 'inbox' },
  { name: 'Drafts', role: 'drafts' },
  { name: 'Sent', role: 'sent' },
  { name: 'Junk', role: 'junk' },
  { name: 'Trash', role: 'trash' },
  { name: 'Archive', role: 'archive' },
];

/** Whether the name, at the top, means INBOX: in any case, as ASCII has it. */
export const isInbox = (name: string): boolean => /^inbox$/i.test(name);

/** Whether a mailbox at that level may have the name (RFC 5198 section 2, RFC 9051 section 5.1). */
export const isMailboxName = (name: string, level: 'top' | 'below'): boolean => {
  if (name === '' || Buffer.byteLength(name) > LONGEST_NAME_BYTES || !name.isWellFormed()) return false;
  if (name.includes('/') || name.normalize('NFC') !== name || /[\p{Cc}\u2028\u2029]/u.test(name))
    return false;
  return level === 'top' || !isInbox(name);
};
