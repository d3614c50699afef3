import { createHash } from 'node:crypto';
import type { Address } from '../mail/address.ts';
import { composeDeliveryReport, type ReportedLetter } from '../mail/delivery-report.ts';
import type { ReportedRecipient } from '../mail/delivery-status.ts';
import type { Recipient } from '../smtp/session.ts';
import type { BlobHash, Delivery } from '../store/port.ts';
import { computedLetter } from './computed-letter.ts';
import { forwardPathOf, receptionId, recipientsOf, type Reception, type Route } from './reception.ts';

/** What a report on a delivered letter is made from. */
export type SuccessReport = {
  readonly reception: Reception;
  /** Where every recipient of the letter led. */
  readonly routes: readonly Route[];
  /** The letter's header as it is served. */
  readonly header: Uint8Array;
  readonly subject: string;
  readonly messageId: string | null;
  /** The domain of the postmaster who answers for this server. */
  readonly domain: string;
  /** Where the mail of the reverse path goes. */
  readonly back: Route['destinations'];
  /** So many random bytes. */
  readonly random: (bytes: number) => Uint8Array;
};

/** Whether the sender wants to be told that this recipient has the letter (RFC 3461 section 5.2.3). */
const wantsSuccess = ({ requests }: Recipient): boolean => requests?.notify?.includes('SUCCESS') ?? false;

/** Whether somebody must be told of the delivery; nobody can be for the null reverse path (RFC 3461 section 5.2). */
export const asksForReport = ({ envelope }: Reception): boolean =>
  envelope.sender !== null && envelope.recipients.some(wantsSuccess);

/**
 * The report that a letter was delivered, as a letter to its sender: for the recipients that this was asked for, and
 * silent about the others (RFC 3461 section 5.2.8). It goes into the store together with the letter, so that neither is
 * there without the other; as it is sent to nobody and has the null reverse path, no report follows it.
 */
export async function successReport(parts: SuccessReport, sender: Address): Promise<Delivery> {
  const { reception, routes, header, domain, back, random } = parts;
  const { envelope, host, receivedAt, hash } = reception;
  const requests = envelope.requests;
  const word = (): string => Buffer.from(random(18)).toString('hex');
  const original: ReportedLetter = {
    bytes: header,
    subject: parts.subject,
    messageId: parts.messageId,
    ret: requests?.ret ?? null,
    requireTls: requests?.requireTls ?? false,
  };
  const report = composeDeliveryReport({
    from: { name: 'Mail delivery', address: { localPart: 'postmaster', domain } },
    to: sender,
    date: receivedAt,
    messageId: `${word()}@${host}`,
    boundary: word(),
    transfer: { envelopeId: requests?.envelopeId ?? null, reportingMta: host, arrivedAt: receivedAt },
    recipients: routes
      .filter(({ recipient }) => wantsSuccess(recipient))
      .map((route) => reported(route, receptionId(hash))),
    original,
  });
  const recipient: Recipient = { is: 'address', address: sender };
  return {
    hash: createHash('sha256').update(report).digest('hex') as BlobHash,
    sizeBytes: report.length,
    chunks: [report],
    ...(await computedLetter([report], [])).stored,
    transport: null,
    receivedAt,
    recipients: recipientsOf([{ recipient, destinations: back }], null, ''),
  };
}

/** An address of several mailboxes is an alias of several recipients (RFC 3461 section 5.2.7.3), whose names are theirs. */
const reported = ({ recipient, destinations }: Route, logId: string): ReportedRecipient => ({
  original: recipient.requests?.originalRecipient ?? null,
  final: forwardPathOf(recipient),
  action: destinations.length > 1 ? 'expanded' : 'delivered',
  // RFC 3463 section 3.2: X.1.5 is for positive reports.
  status: '2.1.5',
  logId,
});
