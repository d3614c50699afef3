import { charsetDecoder } from './charset.ts';
import { parseContentType, type ContentType } from './content-type.ts';
import { parseEncodedWords } from './encoded-word.ts';
import { cutText, oneLine } from './one-line.ts';

/** What of a part is told in place of its contents. */
export type AttachedPart = {
  readonly contentType: ContentType;
  /** `Content-Disposition:` unfolded; empty where there is none. */
  readonly disposition: string;
  /** In lower case. */
  readonly encoding: string;
  /** As encoded. */
  readonly bodyBytes: number;
};

/** UTF-16 units of a name or a type that are shown. */
const LONGEST_NAME = 100;
/** Pieces of a name that are put together (RFC 2231 section 3). */
const MOST_PIECES = 20;
/** Controls, and what turns the order of a line around. */
const MISLEADING = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** `[Attachment: name (type, about N bytes)]`; the name is left out where there is none. Always one line. */
export const attachmentLine = (part: AttachedPart): string => {
  const name = attachmentName(part);
  const { type, subtype } = part.contentType;
  const kind = `(${cutText(`${type}/${subtype}`, LONGEST_NAME)}, about ${decodedBytes(part)} bytes)`;
  return name === '' ? `[Attachment ${kind}]` : `[Attachment: ${name} ${kind}]`;
};

/** The file name (RFC 2183 section 2.3), else the name that the media type gives; empty where there is neither. */
export const attachmentName = ({ contentType, disposition }: AttachedPart): string => {
  // A disposition is written as a media type is, but that it has no subtype.
  const parameters = parseContentType(`disposition/${disposition.trimStart()}`)?.parameters;
  const name =
    (parameters === undefined ? '' : parameterText(parameters, 'filename')) ||
    parameterText(contentType.parameters, 'name');
  return cutText(oneLine(name).replaceAll(MISLEADING, '\ufffd').trim(), LONGEST_NAME);
};

// extended-parameter = attribute "*" "=" charset "'" [language] "'" *(ext-octet / attribute-char)
// continuation       = attribute "*" number ["*"] "=" value
/**
 * A parameter's text: in several pieces or with a charset (RFC 2231 sections 3 and 4), or as it stands.
 * Lenient: encoded words in it are decoded, though RFC 2047 section 5 forbids them there (many mail programs).
 */
const parameterText = (parameters: ReadonlyMap<string, string>, name: string): string => {
  const single = parameters.get(`${name}*`);
  if (single !== undefined) return extendedText(single);
  const pieces: string[] = [];
  let extended = false;
  for (let index = 0; index < MOST_PIECES; index++) {
    const encoded = parameters.get(`${name}*${index}*`);
    const piece = encoded ?? parameters.get(`${name}*${index}`);
    if (piece === undefined) break;
    if (index === 0) extended = encoded !== undefined;
    // A percent sign of a piece that is not encoded stands for itself.
    pieces.push(extended && encoded === undefined ? piece.replaceAll('%', '%25') : piece);
  }
  if (pieces.length > 0) return extended ? extendedText(pieces.join('')) : pieces.join('');
  return parseEncodedWords(parameters.get(name) ?? '');
};

/** The text of `charset'language'octets`; as it stands where it is not that, or the charset is not known. */
const extendedText = (value: string): string => {
  const [, charset = '', octets = ''] = /^([^']*)'[^']*'([^]*)$/.exec(value) ?? [];
  const decoder = charset === '' ? null : charsetDecoder(charset);
  if (decoder === null) return value;
  const latin1 = Buffer.from(octets)
    .toString('latin1')
    .replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return decoder.decode(Buffer.from(latin1, 'latin1'));
};

/** Of base64 three octets for four characters, and a line end after each 76 (RFC 2045 section 6.8). */
const decodedBytes = ({ encoding, bodyBytes }: AttachedPart): number =>
  encoding === 'base64' ? Math.floor((bodyBytes * 76 * 3) / (78 * 4)) : bodyBytes;
