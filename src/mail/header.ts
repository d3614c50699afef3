import { asBuffer } from '../bytes/buffer.ts';
import { decodeUnlabelled } from './charset.ts';
import { firstLine, firstLineBytes } from './first-line.ts';

/** One header field (RFC 5322 section 2.2) as offsets into the bytes it was found in. */
export type HeaderField = {
  /** In lower case. */
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

/** What is left of a value where nothing in it has to be unfolded, decoded or kept out of a line. */
const PLAIN = /^[ -~]*$/;
const ASCII = /^[\0-\x7f]*$/;

const LONGEST_VALUE = 16 * 1024;

/** A header that was read once, for all who ask what is in it. */
export class Header {
  /** The bytes that it was read from. */
  readonly bytes: Uint8Array;
  readonly fields: readonly HeaderField[];
  readonly end: HeaderEnd;
  /** Lines that were read, those that are no field's included. */
  readonly lines: number;
  /** The same bytes, one a character: they are searched and cut more quickly. */
  readonly #text: string;

  /**
   * Reads the fields of a header to its empty line or the end of the bytes (RFC 5322 section 2.2). A line that is no field
   * is passed over with its continuation lines.
   * Lenient: an LF alone ends a line too (letters that come by other ways than SMTP).
   */
  constructor(bytes: Uint8Array, limits: HeaderLimits = defaultHeaderLimits) {
    const text = asBuffer(bytes).toString('latin1', 0, Math.min(bytes.length, limits.bytes));
    const read = readFields(text, limits.fields, text.length < bytes.length);
    this.bytes = bytes;
    this.#text = text;
    this.fields = read.fields;
    this.end = read.end;
    this.lines = read.lines;
  }

  /** The value of a field on one line (RFC 5322 section 2.2.3), still in encoded words; at most `limit` bytes of it. */
  value(field: HeaderField, limit = LONGEST_VALUE): string {
    const text = this.#text.slice(field.valueStart, this.#cut(field, limit));
    if (PLAIN.test(text)) return text.trim();
    const decoded = ASCII.test(text) ? text : decodeUnlabelled(Buffer.from(text, 'latin1'));
    return decoded
      .replaceAll(/\r?\n(?=[ \t])/g, '')
      .replaceAll(/[\r\n]/g, ' ')
      .trim();
  }

  /** Where the limit falls into a character of several bytes, that character is left out. */
  #cut({ valueStart, valueEnd }: HeaderField, limit: number): number {
    let end = Math.min(valueEnd, valueStart + limit);
    while (end < valueEnd && end > valueStart && (this.#text.charCodeAt(end) & 0xc0) === 0x80) end--;
    return end;
  }
}

type ReadFields = Pick<Header, 'fields' | 'end' | 'lines'>;

/** `isCut`: there is more of it, so that what goes to the end of the text is no whole field. */
const readFields = (text: string, most: number, isCut: boolean): ReadFields => {
  const fields: HeaderField[] = [];
  let lines = 0;
  let colon = -1;
  let start = 0;
  for (let count = 0; start < text.length && !isEmptyLine(text, start); count++) {
    if (count === most) return { fields, end: 'too-many-fields', lines };
    // Lines that begin with white space continue a field.
    let end = start;
    do {
      const lf = text.indexOf('\n', end);
      end = lf === -1 ? text.length : lf + 1;
      lines += 1;
    } while (isBlank(text.charCodeAt(end)));
    if (isCut && end === text.length) return { fields, end: 'too-long', lines };
    // Looked for anew only when it is behind: a header without colons is searched once.
    if (colon < start) colon = indexOrEnd(text, start);
    const field = colon < end ? fieldOf(text, start, colon, end) : null;
    if (field !== null) fields.push(field);
    start = end;
  }
  return { fields, end: isCut && start >= text.length ? 'too-long' : 'complete', lines };
};

const isBlank = (code: number): boolean => code === SPACE || code === TAB;

const indexOrEnd = (text: string, start: number): number => {
  const colon = text.indexOf(':', start);
  return colon === -1 ? text.length : colon;
};

const isEmptyLine = (text: string, at: number): boolean => {
  const code = text.charCodeAt(at);
  return code === LF || (code === CR && text.charCodeAt(at + 1) === LF);
};

// fields = *( field-name ":" unstructured CRLF )     ; field-name = 1*ftext, ftext = %d33-57 / %d59-126
const FIELD_NAME = /^([!-9;-~]+)[ \t]*$/;

const fieldOf = (text: string, start: number, colon: number, end: number): HeaderField | null => {
  const written = text.slice(start, colon);
  const name = usualNames.get(written) ?? FIELD_NAME.exec(written)?.[1]?.toLowerCase();
  if (name === undefined) return null;
  let valueEnd = end;
  if (text.charCodeAt(valueEnd - 1) === LF) valueEnd--;
  if (text.charCodeAt(valueEnd - 1) === CR && valueEnd < end) valueEnd--;
  return { name, start, valueStart: colon + 1, valueEnd, end };
};

/** Nearly every field is called so, in this spelling: to look it up costs less than to look at it. */
const usualNames: ReadonlyMap<string, string> = new Map(
  [
    'Return-Path Delivered-To Received Received-SPF Authentication-Results DKIM-Signature ARC-Seal',
    'ARC-Message-Signature ARC-Authentication-Results Date From Sender Reply-To To Cc Bcc Message-ID In-Reply-To',
    'References Subject Comments Keywords MIME-Version Content-Type Content-Transfer-Encoding Content-ID',
    'Content-Description Content-Disposition Content-Language User-Agent X-Mailer List-ID List-Unsubscribe List-Post',
  ]
    .join(' ')
    .split(' ')
    .map((name) => [name, name.toLowerCase()]),
);

/** The length of the empty line at this offset; 0 where there is none. */
const emptyLine = (bytes: Uint8Array, at: number): 0 | 1 | 2 => {
  if (bytes[at] === LF) return 1;
  return bytes[at] === CR && bytes[at + 1] === LF ? 2 : 0;
};

/**
 * Where the header ends and the body begins: the empty line between them belongs to neither (RFC 5322 section 2.1).
 * Without one, both are the end of the bytes. A letter whose first line is no field is a body from there on.
 */
export const splitMessage = (
  letter: Uint8Array,
): { readonly headerEnd: number; readonly bodyStart: number } => {
  const bytes = asBuffer(letter);
  const first = emptyLine(bytes, 0);
  if (first > 0) return { headerEnd: 0, bodyStart: first };
  if (firstLine(bytes.toString('latin1', 0, firstLineBytes), 0, 'last') === 'headless')
    return { headerEnd: 0, bodyStart: 0 };
  const crlf = bytes.indexOf('\n\r\n');
  const head = crlf === -1 ? bytes : bytes.subarray(0, crlf);
  const lf = head.indexOf('\n\n');
  if (lf !== -1) return { headerEnd: lf + 1, bodyStart: lf + 2 };
  return crlf === -1
    ? { headerEnd: bytes.length, bodyStart: bytes.length }
    : { headerEnd: crlf + 1, bodyStart: crlf + 3 };
};
