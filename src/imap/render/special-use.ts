import type { MailboxRole } from '../mailboxes.ts';

/** The attributes of RFC 6154 section 2 and RFC 8457 section 4. */
const attributes: { readonly [Role in MailboxRole]: string | null } = {
  inbox: null,
  archive: '\\Archive',
  drafts: '\\Drafts',
  flagged: '\\Flagged',
  important: '\\Important',
  junk: '\\Junk',
  sent: '\\Sent',
  trash: '\\Trash',
  all: '\\All',
};

/** What LIST calls the use of a mailbox; null for one that has none. */
export const specialUse = (role: MailboxRole | null): string | null =>
  role === null ? null : attributes[role];
