import { asBuffer } from '../bytes/buffer.ts';
import { attachmentLine, attachmentName, type AttachedPart } from './body-text-attachment.ts';
import { charsetDecoder, decodeUnlabelled } from './charset.ts';
import { parseContentType, type ContentType } from './content-type.ts';
import { fieldValue, headerFields, splitMessage } from './header.ts';
import { cutText } from './one-line.ts';
import { parseQuotedPrintable } from './quoted-printable.ts';

/** What of an entity's header (RFC 2045 section 3) decides how its body is read. */
type Entity = AttachedPart & {
  readonly attached: boolean;
  readonly body: Uint8Array;
};

const plainAscii: ContentType = { type: 'text', subtype: 'plain', parameters: new Map() };
/** Parts that are looked at, and how deep they nest, before the search gives up. */
const MOST_PARTS = 100;
const DEEPEST = 10;
/** Places that look like a boundary and are looked at, in all of a letter: what a hostile one costs is bounded by it. */
const MOST_LOOKS = 2000;

/** Attachments that are named. */
const MOST_ATTACHMENTS = 20;

/** A letter as a terminal can show it. */
export type LetterText = {
  /** Its plain text, with LF line ends and no control characters; else one line that says what the letter is. */
  readonly text: string;
  /** A line for each part that the text is not: `[Attachment: name (type, about N bytes)]`. */
  readonly attachments: readonly string[];
};

/**
 * The text of a letter, at most `limit` UTF-16 units of it: its plain text, or the first plain part of several, with LF
 * line ends and no control characters; else one line that says what the letter is.
 */
export const plainText = (letter: Uint8Array, limit: number): string => readLetterText(letter, limit).text;

/**
 * The text of a letter as `plainText` gives it, and its other parts by name. The other forms of the text
 * (RFC 2046 section 5.1.4) are not among them, where it has a plain one.
 */
export const readLetterText = (letter: Uint8Array, limit: number): LetterText => {
  const whole = isHeaded(letter) ? readEntity(letter) : headless(letter);
  const { leaves, cut } = findLeaves(whole);
  const plain = leaves.find(({ entity }) => isPlain(entity));
  const others = leaves.filter(
    (leaf) => leaf !== plain && (isAttached(leaf.entity) || (leaf.depth > 0 && !(plain && leaf.alternative))),
  );
  const named = others.slice(0, MOST_ATTACHMENTS).map(({ entity }) => attachmentLine(entity));
  const attachments = cut || others.length > named.length ? [...named, '[There are more parts.]'] : named;
  const { type, subtype } = whole.contentType;
  const text =
    plain === undefined
      ? cutText(`[This letter is ${type}/${subtype}, ${letter.length} bytes, and has no plain text.]`, limit)
      : decodeText(plain.entity, limit);
  return { text, attachments };
};

/** An entity that has no parts, or whose parts are not looked at. */
type Leaf = {
  readonly entity: Entity;
  readonly depth: number;
  /** One of several forms of the same. */
  readonly alternative: boolean;
};

/** The leaves in their order, and whether some may be left out. */
const findLeaves = (whole: Entity): { readonly leaves: readonly Leaf[]; readonly cut: boolean } => {
  const budget = { looks: MOST_LOOKS };
  const leaves: Leaf[] = [];
  const waiting: Leaf[] = [{ entity: whole, depth: 0, alternative: false }];
  let seen = 0;
  for (; seen < MOST_PARTS; seen++) {
    const next = waiting.pop();
    if (next === undefined) break;
    const { entity, depth, alternative } = next;
    const { type, subtype, parameters } = entity.contentType;
    const boundary = type === 'multipart' ? parameters.get('boundary') : undefined;
    if (boundary === undefined || depth === DEEPEST) {
      leaves.push(next);
      continue;
    }
    const within = alternative || subtype === 'alternative';
    const parts = splitParts(entity.body, boundary, MOST_PARTS - seen, budget);
    for (const part of parts.toReversed()) {
      waiting.push({ entity: readEntity(part), depth: depth + 1, alternative: within });
    }
  }
  return { leaves, cut: waiting.length > 0 || seen === MOST_PARTS || budget.looks === 0 };
};

const isPlain = (entity: Entity): boolean =>
  entity.contentType.type === 'text' && entity.contentType.subtype === 'plain' && !entity.attached;

/** Whether it is meant as a file. */
const isAttached = (entity: Entity): boolean => entity.attached || attachmentName(entity) !== '';

// field-name = 1*ftext                               ; then ":", or no header at all but an empty line
const HEADED = /^(?:[!-9;-~]+[ \t]*:|\r?\n|$)/;
/** A line of a header is no longer (RFC 5322 section 2.1.1). */
const LONGEST_LINE = 998;

/** Whether the letter begins with a header, if only an empty one. */
const isHeaded = (letter: Uint8Array): boolean =>
  HEADED.test(asBuffer(letter).toString('latin1', 0, LONGEST_LINE));

/** Lenient: what has no header is text from its first line on (letters written by hand, in SMTP's own words). */
const headless = (letter: Uint8Array): Entity => ({
  contentType: plainAscii,
  disposition: '',
  encoding: '7bit',
  attached: false,
  bodyBytes: letter.length,
  body: letter,
});

const readEntity = (bytes: Uint8Array): Entity => {
  let contentType: ContentType | null = null;
  let encoding: string | null = null;
  let disposition: string | null = null;
  for (const field of headerFields(bytes)) {
    const name = field.name.toLowerCase();
    if (name === 'content-type') contentType ??= parseContentType(fieldValue(bytes, field));
    if (name === 'content-transfer-encoding') encoding ??= fieldValue(bytes, field).toLowerCase();
    if (name === 'content-disposition') disposition ??= fieldValue(bytes, field);
  }
  const body = bytes.subarray(splitMessage(bytes).bodyStart);
  return {
    contentType: contentType ?? plainAscii,
    disposition: disposition ?? '',
    encoding: encoding ?? '7bit',
    attached: /^attachment\b/i.test(disposition ?? ''),
    bodyBytes: body.length,
    body,
  };
};

// multipart-body = [preamble CRLF] dash-boundary transport-padding CRLF body-part *encapsulation
//                  close-delimiter transport-padding [CRLF epilogue]
/**
 * The parts between the boundary's lines (RFC 2046 section 5.1.1), at most so many; the last may lack its end. Each
 * place that looks like one is taken from the budget.
 */
const splitParts = (
  bytes: Uint8Array,
  boundary: string,
  most: number,
  budget: { looks: number },
): Uint8Array[] => {
  const body = asBuffer(bytes);
  const delimiter = Buffer.from(`--${boundary}`);
  const parts: Uint8Array[] = [];
  let partStart = -1;
  let from = 0;
  while (parts.length < most && budget.looks > 0) {
    const at = body.indexOf(delimiter, from);
    if (at === -1) break;
    budget.looks -= 1;
    from = at + delimiter.length;
    if (at > 0 && body[at - 1] !== LF) continue;
    const lineEnd = body.indexOf(LF, from);
    const tail = body.toString(
      'latin1',
      from,
      Math.min(lineEnd === -1 ? body.length : lineEnd, from + LONGEST_TAIL),
    );
    const closing = tail.startsWith('--');
    if (!closing && tail.trim() !== '') continue;
    if (partStart >= 0) parts.push(body.subarray(partStart, Math.max(partStart, lineBreakBefore(body, at))));
    partStart = lineEnd === -1 || closing ? -1 : lineEnd + 1;
    if (partStart === -1) return parts;
    from = partStart;
  }
  if (partStart >= 0 && parts.length < most) parts.push(body.subarray(partStart));
  return parts;
};

const LF = 0x0a;
const CR = 0x0d;
/** White space after a boundary, and then some; more is no boundary's line. */
const LONGEST_TAIL = 100;

/** The line end before a boundary belongs to the boundary. */
const lineBreakBefore = (body: Uint8Array, at: number): number => (body[at - 2] === CR ? at - 2 : at - 1);

/** Octets that one character takes at the most: four of UTF-8, each written as `=XX`. */
const OCTETS_PER_CHARACTER = 12;
/**
 * Other than tab and LF; `\p{Cc}` also has the C1 controls that some terminals obey. The bidirectional controls turn the
 * order of what is shown around, so that one line passes for another.
 */
const TERMINAL_CONTROL = /[^\P{Cc}\t\n]|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

const decodeText = ({ contentType, encoding, body }: Entity, limit: number): string => {
  const enough = body.subarray(0, limit * OCTETS_PER_CHARACTER + 1024);
  const decoded = decodeTransfer(encoding, enough);
  const bytes = enough.length < body.length ? withoutTornEnd(decoded) : decoded;
  const charset = contentType.parameters.get('charset')?.toLowerCase() ?? 'us-ascii';
  const decoder = charset === 'us-ascii' ? null : charsetDecoder(charset);
  const text = decoder === null ? decodeUnlabelled(bytes) : decoder.decode(bytes);
  return cutText(text.replaceAll(/\r\n?/g, '\n').replaceAll(TERMINAL_CONTROL, '\ufffd'), limit);
};

/** Without the last character where it is of several bytes of UTF-8, and may lack some; of a cut text nobody misses it. */
const withoutTornEnd = (bytes: Uint8Array): Uint8Array => {
  let end = bytes.length;
  while (end > 0 && end > bytes.length - 3 && ((bytes[end - 1] ?? 0) & 0xc0) === 0x80) end--;
  if ((bytes[end - 1] ?? 0) >= 0xc0) end--;
  return bytes.subarray(0, end);
};

const decodeTransfer = (encoding: string, bytes: Uint8Array): Uint8Array => {
  if (encoding === 'base64') return Buffer.from(asBuffer(bytes).toString('latin1'), 'base64');
  return encoding === 'quoted-printable' ? parseQuotedPrintable(bytes) : bytes;
};
