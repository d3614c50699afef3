import { formatEncodedWords } from '../../mail/encoded-word.ts';

const special = /["\\]/;
const specials = /["\\]/g;
// oxlint-disable-next-line no-control-regex -- what a quoted string may have is the question
const plain = /^[\u0001-\u0009\u000b\u000c\u000e-\u007f]*$/;

// quoted = DQUOTE *QUOTED-CHAR DQUOTE        (RFC 9051 section 9)
/** A string of ASCII without line ends and NUL. */
export const quoted = (text: string): string =>
  special.test(text) ? `"${text.replaceAll(specials, '\\$&')}"` : `"${text}"`;

// nstring = string / nil
/**
 * Text of a letter as a session gets it that did not ask for UTF-8: what is not ASCII is in encoded words, as it would
 * have to be in a header (RFC 6858 section 3).
 */
export function nstring(text: string | null): string {
  if (text === null) return 'NIL';
  return quoted(plain.test(text) ? text : ascii(text));
}

const ascii = (text: string): string => {
  // oxlint-disable-next-line no-control-regex -- NUL and line ends have no place in a string
  const line = text.replaceAll(/[\u0000\r\n]/g, ' ');
  return plain.test(line) ? line : formatEncodedWords(line);
};
