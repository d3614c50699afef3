import { parseUnitext, parseXtext } from '../bytes/xtext.ts';
import { parseAddress } from '../mail/address.ts';
import type { Extension } from './extensions.ts';
import { grammarLimits } from './limits.ts';
import { say, type Reply } from './reply.ts';
import {
  noMailRequests,
  noRecipientRequests,
  type DeliverBy,
  type MailRequests,
  type NotifyOn,
  type RecipientRequests,
} from './requests.ts';
import type { Body } from './session.ts';

/** A parameter that may be given only where its extension is announced. */
export type Use = { readonly keyword: string; readonly extension: Extension };

/** The parameters of MAIL FROM that are understood. */
export type MailParameters = {
  readonly sizeBytes: number | null;
  readonly body: Body;
  readonly smtpUtf8: boolean;
  /** null where nothing was asked for. */
  readonly requests: MailRequests | null;
  readonly uses: readonly Use[];
};

/** The parameters of RCPT TO that are understood. */
export type RecipientParameters = {
  /** null where nothing was asked for. */
  readonly requests: RecipientRequests | null;
  readonly uses: readonly Use[];
  /** Whether ORCPT is written in UTF-8, which SMTPUTF8 must have made room for (RFC 6533 section 3). */
  readonly hasUtf8: boolean;
};

/**
 * esmtp-param = esmtp-keyword ["=" esmtp-value]           (RFC 5321 section 4.1.2)
 * esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
 * esmtp-value = 1*(%d33-60 / %d62-126 / UTF8-non-ascii)   (RFC 6531 section 3.3)
 */
const parameter = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~\u0080-\u{10FFFF}]+))?$/u;

/** What nearly every client says, read at one stroke; the grammar below reads it alike. */
const onlySize = /^ SIZE=([0-9]{1,20})$/;

const bodies: ReadonlyMap<string, Body> = new Map([
  ['7bit', '7BIT'],
  ['8bitmime', '8BITMIME'],
  ['binarymime', 'BINARYMIME'],
]);

const none: MailParameters = { sizeBytes: null, body: '7BIT', smtpUtf8: false, requests: null, uses: [] };
const noneOfRecipient: RecipientParameters = { requests: null, uses: [], hasUtf8: false };

/** The words as keyword and value, keywords in upper case; a reply where one is malformed or given twice. */
function parseParameters(text: string): Map<string, string | null> | Reply {
  const found = new Map<string, string | null>();
  for (const word of text.split(' ')) {
    if (word === '') continue;
    const match = parameter.exec(word);
    if (match === null) return say.syntax('parameters are KEYWORD or KEYWORD=value, a space between two');
    const keyword = match[1]!.toUpperCase();
    if (found.has(keyword)) return say.doubledParameter(keyword);
    found.set(keyword, match[2] ?? null);
  }
  return found;
}

/** The extension that a parameter of MAIL is of, and what it asks for; null where its value is not in the grammar. */
type Asked = { readonly uses: Extension | null; readonly requests: Partial<MailRequests> | null };

/** The parameters after the reverse path (RFC 1870 section 6, RFC 6152 section 2, RFC 6531 section 3.4, and `asked`). */
export function parseMailParameters(text: string): MailParameters | Reply {
  if (text === '') return none;
  const size = onlySize.exec(text);
  if (size !== null) return { ...none, sizeBytes: Number(size[1]) };
  const found = parseParameters(text);
  if (!(found instanceof Map)) return found;
  let { sizeBytes, body, smtpUtf8, requests } = none;
  const uses: Use[] = [];
  for (const [keyword, value] of found) {
    switch (keyword) {
      case 'SIZE':
        if (value === null || !/^[0-9]{1,20}$/.test(value))
          return say.wrongParameter(keyword, 'a number of octets');
        sizeBytes = Number(value);
        break;
      case 'BODY': {
        // Lower case, because some letters outside ASCII have an upper case inside it.
        const kind = bodies.get(value?.toLowerCase() ?? '');
        if (kind === undefined) return say.wrongParameter(keyword, '7BIT, 8BITMIME or BINARYMIME');
        body = kind;
        if (kind === 'BINARYMIME') uses.push({ keyword: 'BODY=BINARYMIME', extension: 'BINARYMIME' });
        break;
      }
      case 'SMTPUTF8':
        if (value !== null) return say.wrongParameter(keyword, 'no value');
        smtpUtf8 = true;
        break;
      default: {
        const expected = mailValues.get(keyword);
        if (expected === undefined) return say.unknownParameter(keyword);
        const asked = mailRequest(keyword, value);
        if (asked.requests === null) return say.wrongParameter(keyword, expected);
        if (asked.requests.hold !== undefined && (requests?.hold ?? null) !== null) return say.holdTwice;
        if (asked.uses !== null) uses.push({ keyword, extension: asked.uses });
        requests = { ...(requests ?? noMailRequests), ...asked.requests };
      }
    }
  }
  return { sizeBytes, body, smtpUtf8, requests, uses };
}

/** What each of these parameters takes, in the words of a reply. */
const mailValues: ReadonlyMap<string, string> = new Map([
  ['AUTH', '<> or an address in xtext'],
  ['RET', 'FULL or HDRS'],
  ['ENVID', 'at most 100 characters of printable ASCII in xtext'],
  ['REQUIRETLS', 'no value'],
  ['HOLDFOR', 'a number of seconds'],
  ['HOLDUNTIL', 'a date and time in UTC, such as 2026-11-22T17:00:00Z'],
  ['BY', 'seconds;N or seconds;R, with a T behind it for a trace; seconds above 0 with R'],
  ['MT-PRIORITY', 'a number from -9 to 9'],
]);

function mailRequest(keyword: string, value: string | null): Asked {
  switch (keyword) {
    case 'RET':
      return { uses: 'DSN', requests: asked('ret', parseRet(value)) };
    case 'ENVID':
      return {
        uses: 'DSN',
        requests: asked('envelopeId', parsePrintableXtext(value, grammarLimits.envelopeIdCharacters)),
      };
    case 'REQUIRETLS':
      return { uses: 'REQUIRETLS', requests: value === null ? { requireTls: true } : null };
    case 'HOLDFOR':
      return { uses: 'FUTURERELEASE', requests: asked('hold', parseHoldFor(value)) };
    case 'HOLDUNTIL':
      return { uses: 'FUTURERELEASE', requests: asked('hold', parseHoldUntil(value)) };
    case 'BY':
      return { uses: 'DELIVERBY', requests: asked('deliverBy', parseDeliverBy(value)) };
    case 'MT-PRIORITY':
      return { uses: 'MT-PRIORITY', requests: asked('priority', parsePriority(value)) };
    default:
      // AUTH: taken for what it is, a claim; whom to believe is for policy (RFC 4954 section 5).
      return { uses: null, requests: asked('submitter', parseSubmitter(value)) };
  }
}

const asked = <Field extends keyof MailRequests>(
  field: Field,
  value: MailRequests[Field],
): Partial<MailRequests> | null => (value === null ? null : { [field]: value });

/** ret-value = "FULL" / "HDRS"      (RFC 3461 section 4.3) */
function parseRet(value: string | null): MailRequests['ret'] {
  if (value === null) return null;
  return /^full$/i.test(value) ? 'FULL' : /^hdrs$/i.test(value) ? 'HDRS' : null;
}

const printable = /^[ -~]+$/;

/** xtext that decodes to printable ASCII (RFC 3461 section 4.4); it will stand in a report's field. */
function parsePrintableXtext(value: string | null, longest: number): string | null {
  const text = value === null || value.length > longest ? null : parseXtext(value);
  return text !== null && printable.test(text) ? text : null;
}

/** holdfor-param = "HOLDFOR=" 1*9DIGIT, and positive      (RFC 4865 section 3) */
function parseHoldFor(value: string | null): MailRequests['hold'] {
  return value !== null && /^[0-9]{1,9}$/.test(value) && Number(value) > 0
    ? { forSeconds: Number(value) }
    : null;
}

/** holduntil-param = "HOLDUNTIL=" Internet-style-date-time-UTC      (RFC 4865 section 3, RFC 3339 section 5.6) */
function parseHoldUntil(value: string | null): MailRequests['hold'] {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?Z$/.exec(value ?? '');
  const untilMs = match === null ? Number.NaN : Date.parse(`${match[1]}Z`);
  // The platform takes 30 February for 2 March.
  if (Number.isNaN(untilMs) || !new Date(untilMs).toISOString().startsWith(match?.[1] ?? '-')) return null;
  return { untilMs };
}

/**
 * by-value = by-time ";" by-mode [by-trace]      (RFC 2852 section 4)
 * by-time  = ["-" / "+"] 1*9DIGIT
 * by-mode  = "N" / "R"
 * by-trace = "T"
 */
function parseDeliverBy(value: string | null): DeliverBy | null {
  const match = /^([-+]?[0-9]{1,9});([NR])(T?)$/i.exec(value ?? '');
  if (match === null) return null;
  // Without the sign of a zero, which no sum is the better for.
  const seconds = Number(match[1]) || 0;
  const otherwise = match[2]!.toUpperCase() === 'R' ? 'return' : 'notify';
  if (otherwise === 'return' && seconds <= 0) return null;
  return { seconds, otherwise, trace: match[3] !== '' };
}

/** priority-value = (["-"] NZDIGIT) / "0"      (RFC 6710 section 3) */
function parsePriority(value: string | null): number | null {
  return value !== null && /^(?:-?[1-9]|0)$/.test(value) ? Number(value) : null;
}

/** auth-param = "AUTH=" ( xtext of a mailbox / "<>" )      (RFC 4954 section 5) */
function parseSubmitter(value: string | null): MailRequests['submitter'] {
  if (value === '<>') return 'unknown';
  const octets = value === null ? null : parseXtext(value);
  // The octets of xtext are UTF-8 where the address is not ASCII.
  const address = octets === null ? null : parseAddress(Buffer.from(octets, 'latin1').toString('utf8'));
  return address?.ok === true ? address.value : null;
}

/** The parameters after the forward path (RFC 3461 section 4); a reply where one is wrong. */
export function parseRecipientParameters(text: string): RecipientParameters | Reply {
  if (text === '') return noneOfRecipient;
  const found = parseParameters(text);
  if (!(found instanceof Map)) return found;
  let requests: RecipientRequests | null = null;
  let hasUtf8 = false;
  const uses: Use[] = [];
  for (const [keyword, value] of found) {
    switch (keyword) {
      case 'NOTIFY': {
        const notify = parseNotify(value);
        if (notify === null)
          return say.wrongParameter(keyword, 'NEVER, or SUCCESS, FAILURE and DELAY with commas');
        requests = { ...(requests ?? noRecipientRequests), notify };
        break;
      }
      case 'ORCPT': {
        const originalRecipient = parseOriginalRecipient(value);
        if (originalRecipient === null)
          return say.wrongParameter(keyword, 'an address type, a semicolon and an address in xtext');
        requests = { ...(requests ?? noRecipientRequests), originalRecipient };
        hasUtf8 = /[^!-~]/.test(value ?? '');
        break;
      }
      default:
        return say.unknownParameter(keyword);
    }
    uses.push({ keyword, extension: 'DSN' });
  }
  return { requests, uses, hasUtf8 };
}

const notifyWords: ReadonlyMap<string, NotifyOn> = new Map([
  ['success', 'SUCCESS'],
  ['failure', 'FAILURE'],
  ['delay', 'DELAY'],
]);

/** notify-esmtp-value = "NEVER" / 1#notify-list-element      (RFC 3461 section 4.1) */
function parseNotify(value: string | null): NotifyOn[] | null {
  const words = (value ?? '').toLowerCase().split(',');
  if (words.length === 1 && words[0] === 'never') return [];
  const notify = new Set<NotifyOn>();
  for (const word of words) {
    const on = notifyWords.get(word);
    if (on === undefined || notify.has(on)) return null;
    notify.add(on);
  }
  return [...notify];
}

/**
 * orcpt-parameter = "ORCPT=" original-recipient-address     (RFC 3461 section 4.2)
 * original-recipient-address = addr-type ";" xtext          (with `utf-8`: RFC 6533 section 3)
 */
function parseOriginalRecipient(value: string | null): RecipientRequests['originalRecipient'] {
  if (value === null || Buffer.byteLength(value) > grammarLimits.originalRecipientOctets) return null;
  const match = /^([A-Za-z0-9!#$%&'*+\-/?^_`{|}~]{1,64});(.+)$/u.exec(value);
  if (match === null) return null;
  const type = match[1]!.toLowerCase();
  const address = type === 'utf-8' ? parseUnitext(match[2]!) : parseXtext(match[2]!);
  // It will stand in a report's field.
  const isShowable = type === 'utf-8' ? /^[ -~\u00A0-\u{10FFFF}]+$/u : printable;
  return address !== null && isShowable.test(address) ? { type, address } : null;
}
