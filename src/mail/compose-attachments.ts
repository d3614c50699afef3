import { formatBase64 } from '../bytes/base64.ts';
import { composeMultipart } from './compose-multipart.ts';
import { composeLetter, type Draft } from './compose.ts';
import { formatField } from './field.ts';
import { oneLine } from './one-line.ts';

/** A file that goes with a letter. */
export type Attachment = {
  readonly name: string;
  /** What it is, `image/png`; null where nobody knows, and it is octets. Nothing that is text. */
  readonly mediaType: string | null;
  readonly bytes: Uint8Array;
};

/**
 * Writes a letter of a text and files (RFC 2045 section 6.8: the files in base64, lines of 76). `boundary` is a word of
 * letters and digits that nobody can foresee; a fault where the text has it.
 */
export const composeWithAttachments = (
  draft: Draft,
  attachments: readonly Attachment[],
  boundary: string,
): Uint8Array =>
  attachments.length === 0
    ? composeLetter(draft)
    : composeMultipart(draft, 'mixed', boundary, attachments.map(attachmentPart));

const attachmentPart = ({ name, mediaType, bytes }: Attachment): Uint8Array =>
  Buffer.from(
    `${formatField('Content-Type', mediaType ?? 'application/octet-stream')}Content-Transfer-Encoding: base64\r\n` +
      `${formatField('Content-Disposition', `attachment; ${formatFileName(name)}`)}\r\n${lines(formatBase64(bytes))}`,
  );

const longestName = 200;

/** The file's name as a parameter; percent-encoded UTF-8 where a quoted string cannot hold it. */
const formatFileName = (name: string): string => {
  const text = Array.from(oneLine(name.toWellFormed())).slice(0, longestName).join('');
  if (/^[ -~]*$/.test(text)) return `filename="${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
  // Seventy characters of four octets each still fit into one line.
  const escaped = encodeURIComponent(Array.from(text).slice(0, 70).join('')).replaceAll(
    /['()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `filename*=utf-8''${escaped}`;
};

const lines = (base64: string): string => (base64.match(/.{1,76}/g) ?? []).join('\r\n');
