import { formatAddress, type Address } from './address.ts';
import { asciiDomain } from './domain.ts';
import { formatField } from './field.ts';
import { oneLine } from './one-line.ts';

// Return-path-line = "Return-Path:" FWS Reverse-path <CRLF>
/** The field that keeps the reverse path at delivery, CRLF included (RFC 5321 section 4.4); null is the null sender. */
export const formatReturnPath = (sender: Address | null): string =>
  formatField('Return-Path', `<${sender === null ? '' : traced(sender)}>`);

/** The field that says whose mailbox a letter was put into, CRLF included (RFC 9228 section 4). */
export const formatDeliveredTo = (recipient: Address): string =>
  formatField('Delivered-To', traced(recipient));

/** An address in a trace field: ASCII where its local part is. */
const traced = ({ localPart, domain }: Address): string =>
  oneLine(formatAddress({ localPart, domain: asciiDomain(domain) }));
