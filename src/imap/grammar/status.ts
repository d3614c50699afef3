import type { Scanner } from '../scanner.ts';
import { mailbox } from './mailbox.ts';

const statusItems = [
  'MESSAGES',
  'UIDNEXT',
  'UIDVALIDITY',
  'UNSEEN',
  'DELETED',
  'SIZE',
  'HIGHESTMODSEQ',
  'RECENT',
  'MAILBOXID',
  'DELETED-STORAGE',
  'APPENDLIMIT',
] as const;

/** What STATUS tells of a mailbox; RECENT is RFC 3501's. */
export type StatusItem = (typeof statusItems)[number];

export type StatusCommand = {
  readonly name: 'STATUS';
  readonly mailbox: string;
  readonly items: readonly StatusItem[];
};

// status     = "STATUS" SP mailbox SP "(" status-att *(SP status-att) ")"        (RFC 9051 section 9)
/** RFC 9051 section 6.3.11. */
export function status(scan: Scanner): StatusCommand {
  const name = mailbox(scan);
  scan.space();
  return { name: 'STATUS', mailbox: name, items: statusAtts(scan) };
}

// status-att = "MESSAGES" / "UIDNEXT" / "UIDVALIDITY" / "UNSEEN" / "DELETED" / "SIZE"
export function statusAtts(scan: Scanner): readonly StatusItem[] {
  const items = scan.list(() => {
    const name = scan.keyword('what to tell of a mailbox');
    const item = statusItems.find((one) => one === name);
    if (item === undefined) scan.fail('what to tell of a mailbox');
    return item ?? 'MESSAGES';
  });
  if (items.length === 0) scan.fail('what to tell of a mailbox');
  return [...new Set(items)];
}
