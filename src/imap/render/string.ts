import { formatEncodedWords } from '../../mail/encoded-word.ts';

/**
 * How text that is not ASCII goes to a session: in encoded words, as it would have to be in a header, or in UTF-8 where the
 * session asked for it (RFC 9755 section 3).
 */
export type TextForm = 'ascii' | 'utf-8';

const special = /["\\]/;
const specials = /["\\]/g;
// oxlint-disable-next-line no-control-regex -- what a quoted string may have is the question
const plain = /^[\u0001-\u0009\u000b\u000c\u000e-\u007f]*$/;

// quoted = DQUOTE *QUOTED-CHAR DQUOTE        (RFC 9051 section 9)
/** A string of characters up to U+00FF, an octet each, without line ends and NUL. */
export const quoted = (text: string): string =>
  special.test(text) ? `"${text.replaceAll(specials, '\\$&')}"` : `"${text}"`;

// nstring = string / nil
/** Text of a letter as a session gets it (RFC 6858 section 3): an octet a character. */
export function nstring(text: string | null, form: TextForm): string {
  if (text === null) return 'NIL';
  return quoted(plain.test(text) ? text : octetsOf(text, form));
}

function octetsOf(text: string, form: TextForm): string {
  // oxlint-disable-next-line no-control-regex -- NUL and line ends have no place in a string
  const line = text.replaceAll(/[\u0000\r\n]/g, ' ');
  if (plain.test(line)) return line;
  return form === 'ascii' ? formatEncodedWords(line) : utf8Octets(line);
}

/** Text that goes out in UTF-8 whatever the session asked for: only in a literal can it (RFC 9051 section 9, CHAR8). */
export function utf8String(text: string, form: TextForm): string {
  if (plain.test(text)) return quoted(text);
  const octets = utf8Octets(text);
  // oxlint-disable-next-line no-control-regex -- line ends and NUL have no place in a string
  const isLine = !/[\u0000\r\n]/.test(octets);
  return form === 'utf-8' && isLine ? quoted(octets) : `{${octets.length}}\r\n${octets}`;
}

/** The octets of the text in UTF-8, one a character. */
export const utf8Octets = (text: string): string => Buffer.from(text).toString('latin1');
