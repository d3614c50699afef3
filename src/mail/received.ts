import { formatAddress, type Address } from './address.ts';
import { asciiDomain, domainProblem } from './domain.ts';
import { formatDate } from './date.ts';
import { beginField, endField, foldedField, type BegunField } from './field.ts';
import { addressLiteralOf, canonicalAddressLiteral } from './ip-address.ts';
import { cutText, oneLine } from './one-line.ts';
import { unixAddress, type TlsFacts } from './transport.ts';

/** What a `Received:` field tells of one hop. */
export type Hop = {
  /** The name that the client gave with EHLO, HELO or LHLO, as it came. */
  readonly clientName: string;
  /** The client's IPv4 or IPv6 address as the socket prints it, or `unixAddress`. */
  readonly clientAddress: string;
  /** This server's host name. */
  readonly by: string;
  /** `protocolName` of the session. */
  readonly protocol: string;
  /** The id under which this server logs the letter. */
  readonly id: string;
  /** The only recipient; left out where there are several, who need not know of each other (RFC 5321 section 7.6). */
  readonly recipient?: Address;
  /** MT-PRIORITY; left out where the client gave none. */
  readonly priority?: number;
  /** When the last byte had arrived, milliseconds since 1970. */
  readonly receivedAt: number;
  readonly tls: TlsFacts | null;
};

// Time-stamp-line = "Received:" FWS Stamp <CRLF>
// Stamp           = From-domain By-domain Opt-info [CFWS] ";" FWS date-time
// From-domain     = "FROM" FWS Extended-Domain
// Extended-Domain = Domain / ( Domain FWS "(" TCP-info ")" ) / ( address-literal FWS "(" TCP-info ")" )
// Opt-info        = [Via] [With] [ID] [For] [Additional-Registered-Clauses]
/**
 * Writes the `Received:` field of a hop, folded, CRLF included (RFC 5321 section 4.4). What protected the connection
 * stands in a comment after the protocol. A client's name that is no domain goes into a comment, defused.
 */
export const formatReceived = (hop: Hop): string => {
  const clauses = [`id ${atomText(hop.id)}`];
  if (hop.recipient !== undefined) clauses.push(`for <${forText(hop.recipient)}>`);
  // RFC 6710 section 8 registers the clause.
  if (hop.priority !== undefined) clauses.push(`PRIORITY ${hop.priority}`);
  return endField(foldedField(beginningOf(hop), `${clauses.join(' ')}; ${formatDate(hop.receivedAt)}`));
};

type Connection = Pick<Hop, 'clientName' | 'clientAddress' | 'by' | 'protocol'>;

/** What was written of connections that are still there: it is the same for nearly all letters of one. */
const beginnings = new WeakMap<TlsFacts, { readonly of: Connection; readonly field: BegunField }>();

/** The clauses that say who handed the letter to whom, and how. */
const beginningOf = (hop: Hop): BegunField => {
  const { clientName, clientAddress, by, protocol, tls } = hop;
  const known = tls === null ? undefined : beginnings.get(tls);
  const isKnown =
    known?.of.clientName === clientName &&
    known.of.clientAddress === clientAddress &&
    known.of.by === by &&
    known.of.protocol === protocol;
  if (isKnown) return known.field;
  const literal = addressLiteralOf(clientAddress);
  const from = literal ?? (clientAddress === unixAddress ? 'unix socket' : 'unknown');
  const clauses = [
    `from ${formatClient(clientName, literal ?? 'unknown', from)}`,
    `by ${domainText(by)}`,
    `with ${atomText(protocol)} ${formatTls(tls)}`,
  ];
  const field = foldedField(beginField('Received'), clauses.join(' '));
  if (tls !== null) beginnings.set(tls, { of: { clientName, clientAddress, by, protocol }, field });
  return field;
};

/** Long enough for any domain; what is longer was none. */
const LONGEST_NAME = 255;

/** A name that is a domain or an address, or the literal; then in parentheses where the connection came from. */
const formatClient = (name: string, literal: string, from: string): string => {
  // Without SMTPUTF8 a trace field is ASCII, and EHLO names are A-labels (RFC 6531 section 3.7.1).
  if (domainProblem(name) === null) return `${asciiDomain(name)} (${from})`;
  if (canonicalAddressLiteral(name) !== null) return `${name} (${from})`;
  const claimed = commentText(cutText(name, LONGEST_NAME));
  return `${literal} (${from}) (helo=${claimed})`;
};

/** The name of an own host; a made-up one that is no domain cannot break the field either. */
const domainText = (name: string): string => (domainProblem(name) === null ? asciiDomain(name) : 'unknown');

const formatTls = (tls: TlsFacts | null): string => {
  if (tls === null) return '(no TLS)';
  const facts = [`version=${tls.version}`, `cipher=${tls.cipher}`];
  if (tls.group !== null) facts.push(`group=${tls.group}`);
  facts.push(`verify=${formatVerify(tls)}`);
  return `(${facts.map(commentText).join(' ')})`;
};

const formatVerify = ({ peerCertificate }: TlsFacts): string => {
  if (peerCertificate === null) return 'none';
  return peerCertificate.trusted ? 'ok' : 'failed';
};

/** Text that neither ends the comment it stands in nor opens another (RFC 5322 section 3.2.2). */
const commentText = (text: string): string =>
  oneLine(text)
    .replaceAll(/[^ -~]/g, '?')
    .replaceAll(/[()\\]/g, '\\$&');

const atomText = (text: string): string =>
  text.replaceAll(/[^A-Za-z0-9!#$%&'*+/=?^_`{|}~-]/g, '') || 'unknown';

const forText = (recipient: Address): string => oneLine(formatAddress(recipient));

/** What of a session its protocol's name tells. */
export type ProtocolFacts = {
  /** EHLO, not HELO. */
  readonly esmtp: boolean;
  readonly lmtp?: boolean;
  readonly tls: boolean;
  readonly authenticated: boolean;
  /** Whether this letter came with the SMTPUTF8 parameter. */
  readonly smtpUtf8?: boolean;
};

/** The name for `with` (RFC 3848 section 1, RFC 6531 section 4.3): `SMTP`, `ESMTPSA`, `UTF8SMTPS`, `LMTPA`, … */
export const protocolName = (facts: ProtocolFacts): string => {
  const lmtp = facts.lmtp === true;
  // The registered names have no S or A without EHLO.
  if (!facts.esmtp && !lmtp) return 'SMTP';
  const base = facts.smtpUtf8 === true ? `UTF8${lmtp ? 'LMTP' : 'SMTP'}` : lmtp ? 'LMTP' : 'ESMTP';
  return `${base}${facts.tls ? 'S' : ''}${facts.authenticated ? 'A' : ''}`;
};
