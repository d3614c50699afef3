import { formatAddress, needsSmtpUtf8, type Address } from './address.ts';
import type { Mailbox } from './address-list.ts';
import { composeMultipart } from './compose-multipart.ts';
import { deliveryStatusPart, type ReportedRecipient, type ReportedTransfer } from './delivery-status.ts';
import { cutText, oneLine } from './one-line.ts';
import { returnedPart } from './returned-letter.ts';

/** A delivery status notification: what became of one letter for some of its recipients (RFC 3464 section 2). */
export type DeliveryReport = {
  /** Somebody who looks after the server that reports. */
  readonly from: Mailbox;
  /** The reverse path of the letter; one whose reverse path is null is never reported on (RFC 3461 section 5.2). */
  readonly to: Address;
  /** Milliseconds since 1970. */
  readonly date: number;
  /** Without angle brackets. */
  readonly messageId: string;
  /** A word of letters and digits that nobody can foresee. */
  readonly boundary: string;
  readonly transfer: ReportedTransfer;
  /** At least one. */
  readonly recipients: readonly ReportedRecipient[];
  readonly original: ReportedLetter;
};

/** The letter that is reported on. */
export type ReportedLetter = {
  /** As much of it as may be brought back, its whole header at least, without what its recipients must not see. */
  readonly bytes: Uint8Array;
  /** For people. */
  readonly subject: string;
  /** Without angle brackets; null where it has none. */
  readonly messageId: string | null;
  /** RET: how much of it the sender wants back (RFC 3461 section 4.3). */
  readonly ret: 'FULL' | 'HDRS' | null;
  /** REQUIRETLS: then no more than its header travels back (RFC 8689 section 5). */
  readonly requireTls: boolean;
};

/**
 * Writes the report: a text for people, a part for programs, and the letter or its header (RFC 6522 section 3, RFC 3461
 * section 6.2). In its envelope the reverse path is null, and the forward path is `to` (RFC 3461 section 6.1). It is
 * ASCII where addresses and header are, and else takes the forms of RFC 6533 section 4.
 */
export const composeDeliveryReport = (report: DeliveryReport): Uint8Array<ArrayBuffer> => {
  const { from, to, date, messageId, boundary, transfer, recipients, original } = report;
  const worst = worstAction(recipients);
  const draft = {
    from,
    to: [{ name: null, address: to }],
    subject: `${subjects[worst]}${original.subject === '' ? '' : `: ${shortSubject(original)}`}`,
    text: reportText(report),
    date,
    messageId,
    ...(original.messageId === null ? {} : { inReplyTo: original.messageId }),
    autoSubmitted: 'auto-replied',
    smtpUtf8: needsSmtpUtf8(to),
    transfer: '8bit',
  } as const;
  return composeMultipart(draft, 'report; report-type=delivery-status', boundary, [
    deliveryStatusPart(transfer, recipients),
    returnedPart(broughtBack(original, worst), original.bytes),
  ]);
};

const longestSubject = 200;

const shortSubject = ({ subject }: ReportedLetter): string => cutText(oneLine(subject), longestSubject);

type Action = ReportedRecipient['action'];

/** What a letter came to, the worst first: that one the subject tells. */
const actions: readonly Action[] = ['failed', 'delayed', 'relayed', 'expanded', 'delivered'];

const subjects: Readonly<Record<Action, string>> = {
  failed: 'Not delivered',
  delayed: 'Delayed',
  relayed: 'Handed on',
  expanded: 'Delivered',
  delivered: 'Delivered',
};

const sentences: Readonly<Record<Action, string>> = {
  failed: 'Your letter could not be delivered to',
  delayed: 'Your letter could not be delivered yet, and is tried again, to',
  relayed: 'Your letter was handed on to a server that may send no more reports, for',
  expanded: 'Your letter was delivered to everybody who gets the mail of',
  delivered: 'Your letter was delivered to the mailbox of',
};

const worstAction = (recipients: readonly ReportedRecipient[]): Action =>
  actions.find((action) => recipients.some((recipient) => recipient.action === action)) ?? 'delivered';

/** The letter itself comes back only where it failed, where its sender did not say otherwise. */
const broughtBack = ({ ret, requireTls }: ReportedLetter, worst: Action): 'letter' | 'header' =>
  worst === 'failed' && ret !== 'HDRS' && !requireTls ? 'letter' : 'header';

function reportText({ transfer, recipients, original, from }: DeliveryReport): string {
  const lines = [`This is the mail server ${transfer.reportingMta}.`];
  for (const action of actions) {
    const those = recipients.filter((recipient) => recipient.action === action);
    if (those.length === 0) continue;
    lines.push('', `${sentences[action]}:`, '');
    for (const { final, diagnostic } of those) {
      lines.push(`  ${oneLine(final)}`);
      if (diagnostic !== undefined) lines.push(`    ${oneLine(diagnostic)}`);
    }
  }
  if (original.subject !== '') lines.push('', `Its subject: ${shortSubject(original)}`);
  if (recipients.every(({ action }) => action === 'delivered' || action === 'expanded'))
    lines.push('', 'Whether anybody has read it is not known here.');
  lines.push('', `Questions about this server reach ${formatAddress(from.address)}.`, '');
  return lines.join('\n');
}
