import { ok, type Result } from '../result.ts';
import { refuseAddress, type AddressRefusal } from './address-refusal.ts';
import { canonicalDomain, domainProblem } from './domain.ts';
import { canonicalAddressLiteral } from './ip-address.ts';

/** A mailbox (RFC 5321 section 4.1.2, RFC 6531 section 3.3), as its owner spells it. */
export type Address = {
  /** The value, without quotes and backslashes. */
  readonly localPart: string;
  /** A domain in A-labels or U-labels, or an address literal with its brackets. */
  readonly domain: string;
};

/** The path of MAIL FROM, null for the null sender; and what follows its `>` in the command, leading space included. */
export type ReversePath = { readonly address: Address | null; readonly rest: string };

/** The path of RCPT TO: a mailbox, or the postmaster, who needs no domain (RFC 5321 section 4.5.1). */
export type ForwardPath = {
  readonly recipient: { readonly is: 'address'; readonly address: Address } | { readonly is: 'postmaster' };
  /** What follows the `>` in the command, leading space included. */
  readonly rest: string;
};

/** RFC 5321 section 4.5.3.1.1, in octets of UTF-8 without quoting. */
const LONGEST_LOCAL_PART = 64;
/** RFC 5321 section 4.5.3.1.3, less the angle brackets. */
const LONGEST_ADDRESS = 254;

const ATEXT = "\\-A-Za-z0-9!#$%&'*+/=?^_`{|}~";
const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const COMMON = `([${ATEXT}]{1,64}(?:\\.[${ATEXT}]{1,64}){0,31})@(${LABEL}(?:\\.${LABEL}){0,126})`;
/** What nearly every address looks like, so that it is read at one stroke; the grammar below decides the rest. */
const COMMON_ADDRESS = new RegExp(`^${COMMON}$`);
const COMMON_PATH = new RegExp(`^<${COMMON}>`);

/** UTF8-non-ascii without the C1 control characters, which RFC 5198 section 2 keeps out of text on the network. */
const NON_ASCII = '\\u{a0}-\\u{d7ff}\\u{e000}-\\u{10ffff}';
const DOT_STRING_RUN = new RegExp(`[${ATEXT}.${NON_ASCII}]*`, 'uy');
const DOT_STRING = new RegExp(`^[${ATEXT}${NON_ASCII}]+(?:\\.[${ATEXT}${NON_ASCII}]+)*$`, 'u');
const QTEXT_RUN = new RegExp(`[ !#-\\[\\]-~${NON_ASCII}]*`, 'uy');
const QUOTED_PAIR = /[ -~]/;

// Mailbox = Local-part "@" ( Domain / address-literal )
/** Reads the whole text as a mailbox (RFC 5321 section 4.1.2, RFC 6531 section 3.3). */
export const parseAddress = (text: string): Result<Address, AddressRefusal> => {
  const common = COMMON_ADDRESS.exec(text);
  if (common !== null && isPlain(common)) return ok(fromMatch(common));
  return parseMailbox(text, 0, text.length);
};

// Reverse-path = Path / "<>"
// Path         = "<" [ A-d-l ":" ] Mailbox ">"
/** Reads the reverse path of MAIL FROM at the start of `text`; null is the null sender `<>` (RFC 5321 section 4.1.2). */
export const parseReversePath = (text: string): Result<ReversePath, AddressRefusal> =>
  text.startsWith('<>') ? ok({ address: null, rest: text.slice(2) }) : parsePath(text);

const POSTMASTER_PATH = /^<Postmaster>/i;

// Forward-path = Path
// rcpt = "RCPT TO:" ( "<Postmaster@" Domain ">" / "<Postmaster>" / Forward-path ) [SP Rcpt-parameters] CRLF
/** Reads the forward path of RCPT TO at the start of `text` (RFC 5321 section 4.1.1.3). */
export const parseForwardPath = (text: string): Result<ForwardPath, AddressRefusal> => {
  const postmaster = POSTMASTER_PATH.exec(text);
  if (postmaster !== null)
    return ok({ recipient: { is: 'postmaster' }, rest: text.slice(postmaster[0].length) });
  if (text.startsWith('<>')) return refuseAddress('path-null', 1);
  const path = parsePath(text);
  if (!path.ok) return path;
  const { address, rest } = path.value;
  return ok({ recipient: { is: 'address', address }, rest });
};

type Path = { readonly address: Address; readonly rest: string };

const parsePath = (text: string): Result<Path, AddressRefusal> => {
  const common = COMMON_PATH.exec(text);
  if (common !== null && isPlain(common))
    return ok({ address: fromMatch(common), rest: text.slice(common[0].length) });
  if (!text.startsWith('<')) return refuseAddress('path-open', 0);
  const start = skipRoute(text);
  if (!start.ok) return start;
  const localPart = parseLocalPart(text, start.value);
  if (!localPart.ok) return localPart;
  const end = text.indexOf('>', localPart.value.end);
  if (end === -1) return refuseAddress('path-close', text.length);
  const address = parseMailbox(text, start.value, end);
  return address.ok ? ok({ address: address.value, rest: text.slice(end + 1) }) : address;
};

/** Whether the pattern's match needs no further look: no limit of octets is near, and no label claims to be punycode. */
const isPlain = (match: RegExpExecArray): boolean => {
  const [whole, localPart = ''] = match;
  return localPart.length <= LONGEST_LOCAL_PART && whole.length <= LONGEST_ADDRESS && !whole.includes('--');
};

const fromMatch = (match: RegExpExecArray): Address => {
  const [, localPart = '', domain = ''] = match;
  return { localPart, domain };
};

// A-d-l     = At-domain *( "," At-domain )
// At-domain = "@" Domain
/** Where the mailbox of a path begins: source routes are read and dropped (RFC 5321 appendix C). */
const skipRoute = (text: string): Result<number, AddressRefusal> => {
  if (text[1] !== '@') return ok(1);
  const end = text.indexOf(':');
  if (end === -1) return refuseAddress('path-route', 1);
  let at = 1;
  for (const hop of text.slice(1, end).split(',')) {
    if (!hop.startsWith('@') || domainProblem(hop.slice(1)) !== null) return refuseAddress('path-route', at);
    at += hop.length + 1;
  }
  return ok(end + 1);
};

const parseMailbox = (text: string, start: number, end: number): Result<Address, AddressRefusal> => {
  const localPart = parseLocalPart(text, start);
  if (!localPart.ok) return localPart;
  const { value, end: at } = localPart.value;
  if (at >= end) return refuseAddress('at-missing', end);
  const domain = text.slice(at + 1, end);
  const problem = domain.startsWith('[') ? literalProblem(domain) : domainProblem(domain);
  if (problem !== null) return refuseAddress(problem.why, at + 1 + problem.at);
  const address = { localPart: value, domain };
  const tooLong = Buffer.byteLength(formatAddress(address)) > LONGEST_ADDRESS;
  return tooLong ? refuseAddress('address-too-long', start) : ok(address);
};

const literalProblem = (domain: string): { readonly why: 'address-literal'; readonly at: number } | null =>
  canonicalAddressLiteral(domain) === null ? { why: 'address-literal', at: 0 } : null;

type LocalPart = { readonly value: string; /** The offset of its `@`. */ readonly end: number };

// Local-part = Dot-string / Quoted-string
// Dot-string = Atom *("."  Atom)
// Atom       = 1*atext               ; atext =/ UTF8-non-ascii
const parseLocalPart = (text: string, start: number): Result<LocalPart, AddressRefusal> => {
  const read = text[start] === '"' ? parseQuotedString(text, start) : parseDotString(text, start);
  if (!read.ok) return read;
  const { value, end } = read.value;
  const next = text[end];
  // Only a path begins before its local part, so here the `>` is the path's.
  if (next === undefined || (next === '>' && start > 0)) return refuseAddress('at-missing', end);
  if (next !== '@') return refuseAddress('local-part-character', end);
  if (Buffer.byteLength(value) > LONGEST_LOCAL_PART) return refuseAddress('local-part-too-long', start);
  return read;
};

const parseDotString = (text: string, start: number): Result<LocalPart, AddressRefusal> => {
  const value = runAt(DOT_STRING_RUN, text, start);
  const end = start + value.length;
  if (value === '') {
    const next = text[start];
    const empty = next === undefined || next === '@' || (next === '>' && start > 0);
    return refuseAddress(empty ? 'local-part-empty' : 'local-part-character', start);
  }
  if (value.startsWith('.')) return refuseAddress('local-part-dot', start);
  const double = value.indexOf('..');
  if (double !== -1) return refuseAddress('local-part-dot', start + double);
  if (value.endsWith('.')) return refuseAddress('local-part-dot', end - 1);
  return ok({ value, end });
};

// Quoted-string   = DQUOTE *QcontentSMTP DQUOTE
// QcontentSMTP    = qtextSMTP / quoted-pairSMTP
// quoted-pairSMTP = %d92 %d32-126
// qtextSMTP       = %d32-33 / %d35-91 / %d93-126   ; qtextSMTP =/ UTF8-non-ascii
const parseQuotedString = (text: string, start: number): Result<LocalPart, AddressRefusal> => {
  let value = '';
  let at = start + 1;
  while (value.length <= LONGEST_LOCAL_PART) {
    const run = runAt(QTEXT_RUN, text, at);
    value += run;
    at += run.length;
    const next = text[at];
    if (next === undefined) return refuseAddress('quote-open', start);
    if (next === '"') return ok({ value, end: at + 1 });
    const escaped = text[at + 1] ?? '';
    if (next !== '\\' || !QUOTED_PAIR.test(escaped)) return refuseAddress('local-part-character', at);
    value += escaped;
    at += 2;
  }
  return refuseAddress('local-part-too-long', start);
};

/** What a sticky pattern that always matches, matches at this offset. */
const runAt = (pattern: RegExp, text: string, start: number): string => {
  pattern.lastIndex = start;
  return pattern.exec(text)?.[0] ?? '';
};

/** Writes a mailbox; the local part is quoted only where it must be. The reverse of `parseAddress`. */
export const formatAddress = ({ localPart, domain }: Address): string => {
  const written = DOT_STRING.test(localPart) ? localPart : `"${localPart.replaceAll(/["\\]/g, '\\$&')}"`;
  return `${written}@${domain}`;
};

const ASCII = /^[\0-\x7f]*$/;

/**
 * The one spelling that all spellings of an address share, itself an address: the local part normalised (NFC) and in
 * lower case, the domain in lower-case U-labels. Whether upper and lower case differ is for the domain's own server to
 * say (RFC 5321 section 2.4); on this one they do not.
 */
export const canonicalAddress = (address: Address): string => {
  const { localPart, domain } = address;
  const folded = ASCII.test(localPart) ? localPart.toLowerCase() : foldCase(localPart);
  const place = domain.startsWith('[')
    ? (canonicalAddressLiteral(domain) ?? domain)
    : canonicalDomain(domain);
  return formatAddress({ localPart: folded, domain: place });
};

/** Both small sigmas count as one: which of them lower case gives depends on what stands after it. */
const foldCase = (text: string): string =>
  text.normalize('NFC').toLowerCase().replaceAll('ς', 'σ').normalize('NFC');

/** Whether the address can be sent only to a server that announces SMTPUTF8 (RFC 6531 section 3.2). */
export const needsSmtpUtf8 = ({ localPart, domain }: Address): boolean =>
  !ASCII.test(localPart) || !ASCII.test(domain);
