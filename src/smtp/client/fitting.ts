import { needsSmtpUtf8, type Address } from '../../mail/address.ts';
import { asciiDomain } from '../../mail/domain.ts';
import { ok, refused, type Result } from '../../result.ts';
import type { MailRequests } from '../requests.ts';
import type { ClientCommand } from './command.ts';

/** What the server announced with EHLO or LHLO: keywords in upper case, with their parameters as sent. */
export type Extensions = ReadonlyMap<string, readonly string[]>;

/** Why a command was not sent. */
export type Unsent =
  /** The server's greeting was a refusal: nothing but QUIT is for it. */
  | { readonly why: 'greeting' }
  /** The command needs an extension that the server did not announce, and what it says cannot be said without. */
  | { readonly why: 'extension'; readonly keyword: string }
  /** The letter is bigger than the server takes (RFC 1870 section 6.1). */
  | { readonly why: 'too-big'; readonly mostBytes: number }
  /** The server announced that it takes no more (RFC 9422 section 4). */
  | { readonly why: 'limit'; readonly limit: LimitName; readonly most: number }
  /** What the command belongs to was not sent. */
  | { readonly why: 'no-transaction' };

/** The limits of LIMITS: transactions, recipients of one, and domains of recipients in a session (RFC 9422 section 4). */
export type LimitName = 'MAILMAX' | 'RCPTMAX' | 'RCPTDOMAINMAX';

/** What was sent on this connection, as far as limits count it. */
export type Sent = {
  readonly mails: number;
  readonly recipients: number;
  readonly domains: ReadonlySet<string>;
  /** The transaction under way; null where there is none. */
  readonly transaction: { readonly smtpUtf8: boolean } | null;
};

export const nothingSent: Sent = { mails: 0, recipients: 0, domains: new Set(), transaction: null };

/** What was sent, with one command more. */
export function counted(sent: Sent, command: ClientCommand): Sent {
  switch (command.send) {
    case 'MAIL': {
      const transaction = { smtpUtf8: command.smtpUtf8 === true };
      return { mails: sent.mails + 1, recipients: 0, domains: sent.domains, transaction };
    }
    case 'RCPT': {
      const domain = command.recipient.domain.toLowerCase();
      const domains = sent.domains.has(domain) ? sent.domains : new Set([...sent.domains, domain]);
      return { ...sent, recipients: sent.recipients + 1, domains };
    }
    case 'BDAT':
      return command.isLast ? over(sent) : sent;
    case 'RSET':
    case 'EHLO':
    case 'HELO':
    case 'LHLO':
    case 'content':
      return over(sent);
    default:
      return sent;
  }
}

const over = (sent: Sent): Sent => ({ ...sent, recipients: 0, transaction: null });

type Mail = Extract<ClientCommand, { send: 'MAIL' }>;
type Rcpt = Extract<ClientCommand, { send: 'RCPT' }>;

const needs = (keyword: string): { readonly ok: false; readonly refusal: Unsent } =>
  refused({ why: 'extension', keyword });

/**
 * The command as this server can take it: what loses nothing is left out or said otherwise where an extension is missing,
 * and what would lose something is refused before anything is sent.
 */
export function fit(
  command: ClientCommand,
  extensions: Extensions,
  sent: Sent,
): Result<ClientCommand, Unsent> {
  switch (command.send) {
    case 'MAIL':
      return fitMail(command, extensions, sent);
    case 'RCPT':
      return fitRcpt(command, extensions, sent);
    case 'BDAT':
      return extensions.has('CHUNKING') ? ok(command) : needs('CHUNKING');
    default:
      return ok(command);
  }
}

function fitMail(command: Mail, extensions: Extensions, sent: Sent): Result<ClientCommand, Unsent> {
  const { sizeBytes, body = '7BIT', smtpUtf8 = false, requests } = command;
  const most = limitOf(extensions, 'MAILMAX');
  if (sent.mails >= most) return refused({ why: 'limit', limit: 'MAILMAX', most });
  if (body === '8BITMIME' && !extensions.has('8BITMIME')) return needs('8BITMIME');
  if (body === 'BINARYMIME' && !(extensions.has('BINARYMIME') && extensions.has('CHUNKING')))
    return needs('BINARYMIME');
  if (smtpUtf8 && !extensions.has('SMTPUTF8')) return needs('SMTPUTF8');
  const mostBytes = Number(extensions.get('SIZE')?.[0] ?? 0);
  // Zero is no limit (RFC 1870 section 4); neither is what is no number.
  if (mostBytes > 0 && sizeBytes !== undefined && sizeBytes > mostBytes)
    return refused({ why: 'too-big', mostBytes });
  const sender = command.sender === null || smtpUtf8 ? command.sender : asciiAddress(command.sender);
  if (sender === 'not-ascii') return needs('SMTPUTF8');
  const missing = requests === undefined ? null : missingFor(requests, extensions);
  if (missing !== null) return needs(missing);
  return ok({
    send: 'MAIL',
    sender,
    ...(sizeBytes !== undefined && extensions.has('SIZE') ? { sizeBytes } : {}),
    // 7BIT is what a server without the extension takes a letter for; BINARYMIME has one of its own.
    ...(command.body !== undefined && (body === 'BINARYMIME' || extensions.has('8BITMIME')) ? { body } : {}),
    ...(smtpUtf8 ? { smtpUtf8 } : {}),
    ...(requests === undefined ? {} : { requests: withoutClaim(requests, extensions) }),
  });
}

/** The keyword of the first request that the server has no extension for. */
function missingFor(requests: MailRequests, extensions: Extensions): string | null {
  const needed: readonly (readonly [boolean, string])[] = [
    [requests.ret !== null || requests.envelopeId !== null, 'DSN'],
    [requests.requireTls, 'REQUIRETLS'],
    [requests.hold !== null, 'FUTURERELEASE'],
    [requests.deliverBy !== null, 'DELIVERBY'],
    [requests.priority !== null, 'MT-PRIORITY'],
  ];
  return needed.find(([isAsked, keyword]) => isAsked && !extensions.has(keyword))?.[1] ?? null;
}

/** Who submitted a letter is told to servers that have AUTH, and to no other (RFC 4954 section 5). */
const withoutClaim = (requests: MailRequests, extensions: Extensions): MailRequests =>
  extensions.has('AUTH') ? requests : { ...requests, submitter: null };

function fitRcpt(command: Rcpt, extensions: Extensions, sent: Sent): Result<ClientCommand, Unsent> {
  const { requests } = command;
  const most = limitOf(extensions, 'RCPTMAX');
  if (sent.recipients >= most) return refused({ why: 'limit', limit: 'RCPTMAX', most });
  const mostDomains = limitOf(extensions, 'RCPTDOMAINMAX');
  if (sent.domains.size >= mostDomains && !sent.domains.has(command.recipient.domain.toLowerCase()))
    return refused({ why: 'limit', limit: 'RCPTDOMAINMAX', most: mostDomains });
  if (requests !== undefined && !extensions.has('DSN')) return needs('DSN');
  // Outside a transaction it is for the server to say so.
  if (sent.transaction === null || sent.transaction.smtpUtf8) return ok(command);
  const recipient = asciiAddress(command.recipient);
  return recipient === 'not-ascii' ? needs('SMTPUTF8') : ok({ ...command, recipient });
}

/** The address in ASCII, its domain in A-labels, which are the same domain; a local part has no other spelling. */
function asciiAddress(address: Address): Address | 'not-ascii' {
  if (!needsSmtpUtf8(address)) return address;
  const ascii = { ...address, domain: asciiDomain(address.domain) };
  return needsSmtpUtf8(ascii) ? 'not-ascii' : ascii;
}

/** A limit that the server announced; what is malformed is none (RFC 9422 section 3). */
function limitOf(extensions: Extensions, name: LimitName): number {
  for (const word of extensions.get('LIMITS') ?? []) {
    const match = /^([A-Z0-9-]+)=([1-9][0-9]{0,5})$/i.exec(word);
    if (match?.[1]?.toUpperCase() === name) return Number(match[2]);
  }
  return Infinity;
}
