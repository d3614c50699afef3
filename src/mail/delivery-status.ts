import { formatUnitext } from '../bytes/xtext.ts';
import { formatDate } from './date.ts';
import { asciiDomain } from './domain.ts';
import { formatField, longestLine } from './field.ts';
import { oneLine } from './one-line.ts';

/** What a report says of the whole letter (RFC 3464 section 2.2). */
export type ReportedTransfer = {
  /** ENVID, decoded; null where the sender gave none (RFC 3461 section 6.3). */
  readonly envelopeId: string | null;
  /** The host name of the server that tried. */
  readonly reportingMta: string;
  /** When the letter had arrived there, milliseconds since 1970. */
  readonly arrivedAt: number;
};

/** What a report says of one recipient (RFC 3464 section 2.3). */
export type ReportedRecipient = {
  /** ORCPT, decoded; null where the sender gave none (RFC 3461 section 6.3). */
  readonly original: { readonly type: string; readonly address: string } | null;
  /** The forward path, without angle brackets. */
  readonly final: string;
  readonly action: 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded';
  /** RFC 3463 section 2: `2.1.5`. */
  readonly status: string;
  /** The host name of the server that was tried, where it was another one. */
  readonly remoteMta?: string;
  /** What that one replied, its lines joined. */
  readonly diagnostic?: string;
  /** Milliseconds since 1970. */
  readonly lastAttemptAt?: number;
  /** The id of the delivery in the log. */
  readonly logId?: string;
  /** Until when it is tried again, milliseconds since 1970. */
  readonly retryUntil?: number;
};

// delivery-status-content = per-message-fields 1*( CRLF per-recipient-fields )      (RFC 3464 section 2.1)
/**
 * Writes the part of a report that programs read, its own header included: `message/delivery-status` where all of it is
 * ASCII, else `message/global-delivery-status` (RFC 6533 section 4.1).
 */
export const deliveryStatusPart = (
  transfer: ReportedTransfer,
  recipients: readonly ReportedRecipient[],
): Uint8Array => {
  const form: Form = recipients.every(isAscii) ? 'ascii' : 'utf-8';
  const type = form === 'ascii' ? 'delivery-status' : 'global-delivery-status';
  const header =
    formatField('Content-Type', `message/${type}`) +
    formatField('Content-Transfer-Encoding', form === 'ascii' ? '7bit' : '8bit');
  const groups = recipients.map((recipient) => `\r\n${recipientFields(recipient, form)}`);
  return Buffer.from(`${header}\r\n${transferFields(transfer)}${groups.join('')}`);
};

type Form = 'ascii' | 'utf-8';

const ASCII = /^[ -~]*$/;

/** The type `utf-8` has a form in ASCII for what was given in ORCPT, and none for a forward path, whose bytes stay. */
const isAscii = ({ original, final }: ReportedRecipient): boolean =>
  ASCII.test(final) && (original === null || original.type === 'utf-8' || ASCII.test(original.address));

// per-message-fields = [ original-envelope-id-field CRLF ] reporting-mta-field CRLF [ dsn-gateway-field CRLF ]
//                      [ received-from-mta-field CRLF ] [ arrival-date-field CRLF ] *( extension-field CRLF )
function transferFields({ envelopeId, reportingMta, arrivedAt }: ReportedTransfer): string {
  return [
    envelopeId === null ? '' : exactField('Original-Envelope-Id', envelopeId),
    exactField('Reporting-MTA', `dns; ${asciiDomain(reportingMta)}`),
    exactField('Arrival-Date', formatDate(arrivedAt)),
  ].join('');
}

// per-recipient-fields = [ original-recipient-field CRLF ] final-recipient-field CRLF action-field CRLF
//                        status-field CRLF [ remote-mta-field CRLF ] [ diagnostic-code-field CRLF ]
//                        [ last-attempt-date-field CRLF ] [ final-log-id-field CRLF ] [ will-retry-until-field CRLF ]
//                        *( extension-field CRLF )
function recipientFields(recipient: ReportedRecipient, form: Form): string {
  const { original, final, action, status, remoteMta, diagnostic, lastAttemptAt, logId, retryUntil } =
    recipient;
  const fields: [name: string, value: string | null][] = [
    ['Original-Recipient', original === null ? null : originalRecipient(original, form)],
    ['Final-Recipient', `${ASCII.test(final) ? 'rfc822' : 'utf-8'}; ${final}`],
    ['Action', action],
    ['Status', status],
    ['Remote-MTA', remoteMta === undefined ? null : `dns; ${asciiDomain(remoteMta)}`],
    ['Diagnostic-Code', diagnostic === undefined ? null : `smtp; ${diagnostic.replaceAll(/[^ -~]/g, '?')}`],
    ['Last-Attempt-Date', lastAttemptAt === undefined ? null : formatDate(lastAttemptAt)],
    ['Final-Log-ID', logId ?? null],
    ['Will-Retry-Until', retryUntil === undefined ? null : formatDate(retryUntil)],
  ];
  return fields.map(([name, value]) => (value === null ? '' : exactField(name, value))).join('');
}

/** In ASCII, an address of the type `utf-8` is written with its escapes (RFC 6533 section 3). */
const originalRecipient = (
  { type, address }: NonNullable<ReportedRecipient['original']>,
  form: Form,
): string => `${type}; ${type === 'utf-8' && form === 'ascii' ? formatUnitext(address) : address}`;

/** A field whose value stands as it is, on one line where a line can hold it: spaces are part of an ENVID. */
function exactField(name: string, value: string): string {
  const line = `${name}: ${oneLine(value)}`;
  return Buffer.byteLength(line) <= longestLine ? `${line}\r\n` : formatField(name, value);
}
