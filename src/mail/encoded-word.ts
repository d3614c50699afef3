import { charsetDecoder } from './charset.ts';

// encoded-word = "=?" charset "?" encoding "?" encoded-text "?="     ; charset may end in "*" language
const ENCODED_WORD = /=\?([^\s?*]{1,40})(?:\*[^\s?]{0,40})?\?([BbQq])\?([^\s?]*)\?=/g;
const BLANK = /^[ \t\r\n]*$/;

/**
 * Decodes the encoded words in a text (RFC 2047 section 2, RFC 2231 section 5); what is none, or in a charset that is
 * not known, stays as it is. White space between two of them is dropped (RFC 2047 section 6.2).
 * Lenient: words may touch other text, be longer than 75 characters, and break a character of several bytes between
 * them (many mail programs do each).
 */
export const parseEncodedWords = (text: string): string => {
  if (!text.includes('=?')) return text;
  let result = '';
  let done = 0;
  let charset: string | null = null;
  let pieces: Uint8Array[] = [];
  const flush = (): void => {
    if (charset !== null) result += charsetDecoder(charset)?.decode(Buffer.concat(pieces)) ?? '';
    charset = null;
    pieces = [];
  };
  for (const match of text.matchAll(ENCODED_WORD)) {
    const [whole, label = '', encoding = '', payload = ''] = match;
    const between = text.slice(done, match.index);
    done = match.index + whole.length;
    const adjacent = charset !== null && BLANK.test(between);
    const next = charsetDecoder(label) === null ? null : label.toLowerCase();
    if (!adjacent || next !== charset) flush();
    if (!adjacent || next === null) result += between;
    if (next === null) result += whole;
    else pieces.push(encoding.toLowerCase() === 'b' ? Buffer.from(payload, 'base64') : parseQ(payload));
    charset = next;
  }
  flush();
  return result + text.slice(done);
};

/** The Q encoding (RFC 2047 section 4.2): `_` is a space, `=` and two hex digits a byte. */
const parseQ = (payload: string): Uint8Array => {
  const bytes = Buffer.from(payload);
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    const hex = byte === EQUALS ? bytes.toString('latin1', at + 1, at + 3) : '';
    if (HEX.test(hex)) at += 2;
    bytes[length++] = HEX.test(hex) ? Number.parseInt(hex, 16) : byte === UNDERSCORE ? SPACE : byte;
  }
  return bytes.subarray(0, length);
};

const HEX = /^[0-9A-Fa-f]{2}$/;
const EQUALS = 0x3d;
const UNDERSCORE = 0x5f;
const SPACE = 0x20;

/** 75 characters (RFC 2047 section 2) less `=?utf-8?q?` and `?=`. */
const LONGEST_PAYLOAD = 63;
/** What may stand for itself in a phrase (RFC 2047 section 5), the strictest place. */
const SAFE = /^[A-Za-z0-9!*+/-]$/;

/** Writes a text as encoded words in UTF-8, one space between two, in the shorter of the encodings. */
export const formatEncodedWords = (text: string): string => {
  const letters = Array.from(text.toWellFormed());
  const quoted = letters.map(formatQ);
  const quotedLength = quoted.reduce((sum, piece) => sum + piece.length, 0);
  const bytesLength = Buffer.byteLength(text);
  if (quotedLength <= Math.ceil(bytesLength / 3) * 4)
    return gather(quoted, LONGEST_PAYLOAD)
      .map((payload) => `=?utf-8?q?${payload}?=`)
      .join(' ');
  return gather(letters, Math.floor(LONGEST_PAYLOAD / 4) * 3)
    .map((piece) => `=?utf-8?b?${Buffer.from(piece).toString('base64')}?=`)
    .join(' ');
};

const formatQ = (letter: string): string => {
  if (letter === ' ') return '_';
  if (SAFE.test(letter)) return letter;
  return Buffer.from(letter).toString('hex').toUpperCase().replaceAll(/../g, '=$&');
};

/** Joins pieces into texts of at most `limit` octets each. */
const gather = (pieces: readonly string[], limit: number): string[] => {
  const texts: string[] = [];
  let text = '';
  let octets = 0;
  for (const piece of pieces) {
    const size = Buffer.byteLength(piece);
    if (octets + size > limit) {
      texts.push(text);
      [text, octets] = ['', 0];
    }
    text += piece;
    octets += size;
  }
  return text === '' ? texts : [...texts, text];
};
