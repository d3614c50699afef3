import type { MailboxRole } from '../mailboxes.ts';
import type { Scanner } from '../scanner.ts';
import { mailbox } from './mailbox.ts';

export type MailboxCommand =
  | { readonly name: 'CREATE'; readonly mailbox: string; readonly uses: readonly MailboxRole[] }
  | OfMailbox<'DELETE' | 'SUBSCRIBE' | 'UNSUBSCRIBE'>
  | { readonly name: 'RENAME'; readonly from: string; readonly to: string };

type OfMailbox<Name> = Name extends string ? { readonly name: Name; readonly mailbox: string } : never;

/** The special uses by their attributes without the backslash (RFC 6154 section 2, RFC 8457 section 4). */
const uses: ReadonlyMap<string, MailboxRole> = new Map([
  ['ALL', 'all'],
  ['ARCHIVE', 'archive'],
  ['DRAFTS', 'drafts'],
  ['FLAGGED', 'flagged'],
  ['IMPORTANT', 'important'],
  ['JUNK', 'junk'],
  ['SENT', 'sent'],
  ['TRASH', 'trash'],
]);

// create       = "CREATE" SP mailbox [create-params]                              (RFC 4466 section 2.2)
// create-param = "USE" SP "(" [use-attr *(SP use-attr)] ")"                       (RFC 6154 section 6)
/** RFC 9051 section 6.3.4. */
export function create(scan: Scanner): Extract<MailboxCommand, { name: 'CREATE' }> {
  const name = mailbox(scan);
  let wanted: readonly MailboxRole[] = [];
  if (scan.take(' ')) {
    scan.expect('(USE ');
    wanted = scan.list(() => use(scan));
    scan.expect(')');
  }
  return { name: 'CREATE', mailbox: name, uses: wanted };
}

// use-attr = "\All" / "\Archive" / "\Drafts" / "\Flagged" / "\Junk" / "\Sent" / "\Trash" / use-attr-ext
function use(scan: Scanner): MailboxRole {
  scan.expect('\\');
  const role = uses.get(scan.keyword('a special use'));
  if (role === undefined) scan.fail('a special use');
  return role ?? 'archive';
}

// delete      = "DELETE" SP mailbox       ; RFC 9051 section 6.3.5
// subscribe   = "SUBSCRIBE" SP mailbox    ; RFC 9051 section 6.3.7
// unsubscribe = "UNSUBSCRIBE" SP mailbox  ; RFC 9051 section 6.3.8
export const ofMailbox =
  <Name extends 'DELETE' | 'SUBSCRIBE' | 'UNSUBSCRIBE'>(name: Name) =>
  (scan: Scanner): { readonly name: Name; readonly mailbox: string } => ({ name, mailbox: mailbox(scan) });

// rename = "RENAME" SP mailbox SP mailbox
/** RFC 9051 section 6.3.6. */
export function rename(scan: Scanner): Extract<MailboxCommand, { name: 'RENAME' }> {
  const from = mailbox(scan);
  scan.space();
  return { name: 'RENAME', from, to: mailbox(scan) };
}
