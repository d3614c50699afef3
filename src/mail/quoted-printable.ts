const LF = 0x0a;
const CR = 0x0d;
const TAB = 0x09;
const SPACE = 0x20;
const EQUALS = 0x3d;
/** RFC 2045 section 6.7 rule 5, without the `=` of a soft line break. */
const LONGEST_LINE = 75;

const escapes = Array.from(
  { length: 256 },
  (_, byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`,
);

/**
 * Writes bytes in quoted-printable (RFC 2045 section 6.7): CRLF stands as a line break, a CR or LF alone is encoded, no
 * line is longer than 76 characters or ends in white space.
 */
export const formatQuotedPrintable = (bytes: Uint8Array): string => {
  const lines: string[] = [];
  let line = '';
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === CR && bytes[at + 1] === LF) {
      lines.push(line);
      line = '';
      at++;
      continue;
    }
    const piece = formatByte(byte, bytes, at);
    if (line.length + piece.length > LONGEST_LINE) {
      lines.push(`${line}=`);
      line = '';
    }
    line += piece;
  }
  return [...lines, line].join('\r\n');
};

const formatByte = (byte: number, bytes: Uint8Array, at: number): string => {
  if (byte === SPACE || byte === TAB) {
    const next = bytes[at + 1];
    return next === undefined || next === CR ? (escapes[byte] ?? '') : String.fromCharCode(byte);
  }
  return byte > SPACE && byte < 0x7f && byte !== EQUALS ? String.fromCharCode(byte) : (escapes[byte] ?? '');
};

/** White space of this length at the end of a line, or behind an `=`, is dropped; of a longer run the beginning stands. */
const LONGEST_PADDING = 1000;

/**
 * Reads quoted-printable (RFC 2045 section 6.7) that comes in chunks, split anywhere. Lenient: an `=` that begins no
 * escape stands for itself, and an LF alone ends a line too (RFC 2045 section 6.7 asks readers to be robust).
 */
export class QuotedPrintableReader {
  /** What depends on the bytes that follow: an unfinished escape, white space, a CR. */
  #held: Uint8Array = NOTHING;

  push(chunk: Uint8Array): Uint8Array {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const settled = settledLength(bytes);
    this.#held = Uint8Array.from(bytes.subarray(settled));
    return decode(bytes.subarray(0, settled), 'more-follows');
  }

  end(): Uint8Array {
    const held = this.#held;
    this.#held = NOTHING;
    return decode(held, 'whole');
  }
}

const NOTHING = new Uint8Array(0);

/** How many of the bytes are read the same whatever follows. */
const settledLength = (bytes: Uint8Array): number => {
  let at = bytes.length;
  if (bytes[at - 1] === CR) at--;
  const least = Math.max(0, at - LONGEST_PADDING);
  while (at > least && isBlank(bytes[at - 1])) at--;
  if (bytes[at - 1] === EQUALS) return at - 1;
  return at === bytes.length && bytes[at - 2] === EQUALS && hexValue(bytes[at - 1]) >= 0 ? at - 2 : at;
};

const isBlank = (byte: number | undefined): boolean => byte === SPACE || byte === TAB;

type End = 'more-follows' | 'whole';

const decode = (encoded: Uint8Array, end: End): Uint8Array => {
  const result = Buffer.allocUnsafe(encoded.length);
  let length = 0;
  /** Where the white space begins that only counts if something follows it on the line. */
  let blank = -1;
  for (let at = 0; at < encoded.length; at++) {
    const byte = encoded[at] ?? 0;
    const atLineEnd = byte === LF || (byte === CR && encoded[at + 1] === LF);
    if (atLineEnd && blank >= 0) length = Math.max(blank, length - LONGEST_PADDING);
    const escape = byte === EQUALS ? parseEscape(encoded, at, end) : null;
    blank = isBlank(byte) ? (blank >= 0 ? blank : length) : -1;
    if (escape === null) {
      result[length++] = byte;
      continue;
    }
    if (escape.byte !== null) result[length++] = escape.byte;
    at = escape.end - 1;
  }
  const trims = end === 'whole' && blank >= 0;
  return result.subarray(0, trims ? Math.max(blank, length - LONGEST_PADDING) : length);
};

/** What an `=` begins: a byte, or a soft line break that stands for nothing; null for neither. */
const parseEscape = (
  encoded: Uint8Array,
  at: number,
  last: End,
): { readonly byte: number | null; readonly end: number } | null => {
  const high = hexValue(encoded[at + 1]);
  const low = hexValue(encoded[at + 2]);
  if (high >= 0 && low >= 0) return { byte: high * 16 + low, end: at + 3 };
  let end = at + 1;
  while (end - at <= LONGEST_PADDING && isBlank(encoded[end])) end++;
  if (end === encoded.length) return last === 'whole' ? { byte: null, end } : null;
  if (encoded[end] === CR && encoded[end + 1] === LF) return { byte: null, end: end + 2 };
  return encoded[end] === LF ? { byte: null, end: end + 1 } : null;
};

const hexValue = (byte: number | undefined): number => {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte & ~0x20;
  return letter >= 0x41 && letter <= 0x46 ? letter - 0x37 : -1;
};
