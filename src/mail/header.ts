import { asBuffer } from '../bytes/buffer.ts';
import { decodeUnlabelled } from './charset.ts';
import { parseEncodedWords } from './encoded-word.ts';
import { oneLine } from './one-line.ts';

/** One header field (RFC 5322 section 2.2) as offsets into the bytes it was found in. */
export type HeaderField = {
  /** As it is written; compare it without regard to case. */
  readonly name: string;
  readonly start: number;
  /** Just after the colon. */
  readonly valueStart: number;
  /** Before the line end that closes the field. */
  readonly valueEnd: number;
  /** After that line end. */
  readonly end: number;
};

/** How far a header is read. */
export type HeaderLimits = { readonly fields: number; readonly bytes: number };

const defaultHeaderLimits: HeaderLimits = { fields: 1000, bytes: 256 * 1024 };

/** Why the reading ended: at the end of the header, or at a limit, with fields left unread. */
export type HeaderEnd = 'complete' | 'too-many-fields' | 'too-long';

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const COLON = 0x3a;

// fields = *( field-name ":" unstructured CRLF )     ; field-name = 1*ftext, ftext = %d33-57 / %d59-126
const FIELD_NAME = /^([!-9;-~]+)[ \t]*$/;

/**
 * Reads the fields of a header one by one, to its empty line or the end of the bytes (RFC 5322 section 2.2); the
 * generator returns why it ended. A line that is no field is passed over with its continuation lines.
 * Lenient: an LF alone ends a line too (letters that come by other ways than SMTP).
 */
export function* headerFields(
  letter: Uint8Array,
  limits: HeaderLimits = defaultHeaderLimits,
): Generator<HeaderField, HeaderEnd, undefined> {
  const bytes = asBuffer(letter.subarray(0, limits.bytes));
  const cut = bytes.length < letter.length;
  let start = 0;
  for (let count = 0; start < bytes.length && emptyLine(bytes, start) === 0; count++) {
    if (count === limits.fields) return 'too-many-fields';
    const end = fieldEnd(bytes, start);
    if (cut && end >= bytes.length) return 'too-long';
    const field = readField(bytes, start, end);
    if (field !== null) yield field;
    start = end;
  }
  return cut && start >= bytes.length ? 'too-long' : 'complete';
}

const readField = (bytes: Buffer, start: number, end: number): HeaderField | null => {
  const length = bytes.subarray(start, end).indexOf(COLON);
  const name = length === -1 ? null : FIELD_NAME.exec(bytes.toString('latin1', start, start + length));
  if (name === null) return null;
  let valueEnd = end;
  if (bytes[valueEnd - 1] === LF) valueEnd--;
  if (bytes[valueEnd - 1] === CR && valueEnd < end) valueEnd--;
  return { name: name[1] ?? '', start, valueStart: start + length + 1, valueEnd, end };
};

/** After the last line of the field that begins at `start`: lines that begin with white space continue it. */
const fieldEnd = (bytes: Buffer, start: number): number => {
  let next = start;
  do {
    const lineEnd = bytes.indexOf(LF, next);
    if (lineEnd === -1) return bytes.length;
    next = lineEnd + 1;
  } while (bytes[next] === SPACE || bytes[next] === TAB);
  return next;
};

/** The length of the empty line at this offset; 0 where there is none. */
const emptyLine = (bytes: Uint8Array, at: number): 0 | 1 | 2 => {
  if (bytes[at] === LF) return 1;
  return bytes[at] === CR && bytes[at + 1] === LF ? 2 : 0;
};

/**
 * Where the header ends and the body begins: the empty line between them belongs to neither (RFC 5322 section 2.1).
 * Without one, both are the end of the bytes.
 */
export const splitMessage = (
  letter: Uint8Array,
): { readonly headerEnd: number; readonly bodyStart: number } => {
  const bytes = asBuffer(letter);
  const first = emptyLine(bytes, 0);
  if (first > 0) return { headerEnd: 0, bodyStart: first };
  const crlf = bytes.indexOf('\n\r\n');
  const head = crlf === -1 ? bytes : bytes.subarray(0, crlf);
  const lf = head.indexOf('\n\n');
  if (lf !== -1) return { headerEnd: lf + 1, bodyStart: lf + 2 };
  return crlf === -1
    ? { headerEnd: bytes.length, bodyStart: bytes.length }
    : { headerEnd: crlf + 1, bodyStart: crlf + 3 };
};

const LONGEST_VALUE = 16 * 1024;

/** The value of a field on one line (RFC 5322 section 2.2.3), still in encoded words; at most `limit` bytes of it. */
export const fieldValue = (letter: Uint8Array, field: HeaderField, limit = LONGEST_VALUE): string => {
  let end = Math.min(field.valueEnd, field.valueStart + limit);
  // Where the limit falls into a character of several bytes, that character is left out.
  while (end < field.valueEnd && end > field.valueStart && ((letter[end] ?? 0) & 0xc0) === 0x80) end--;
  const text = decodeUnlabelled(letter.subarray(field.valueStart, end));
  return text
    .replaceAll(/\r?\n(?=[ \t])/g, '')
    .replaceAll(/[\r\n]/g, ' ')
    .trim();
};

/** The text of an unstructured field (`Subject:`) as a person reads it, on one line. */
export const fieldText = (letter: Uint8Array, field: HeaderField): string =>
  oneLine(parseEncodedWords(fieldValue(letter, field)));
