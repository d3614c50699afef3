import { isAscii } from 'node:buffer';
import { asBuffer, decodeUtf8 } from '../bytes/buffer.ts';
import { formatField, longestLine } from './field.ts';
import { splitMessage } from './header.ts';
import { formatQuotedPrintable } from './quoted-printable.ts';

/**
 * The part of a report that brings a letter back, or its header, its own header included (RFC 6522 section 3): as
 * `message/rfc822` or `text/rfc822-headers`, and with a header in UTF-8 as `message/global` or `message/global-headers`
 * (RFC 6533 section 4).
 */
export const returnedPart = (what: 'letter' | 'header', letter: Uint8Array): Uint8Array => {
  const header = asBuffer(letter.subarray(0, splitMessage(letter).headerEnd));
  const isGlobal = !isAscii(header) && decodeUtf8(header) !== null;
  if (what === 'letter') {
    const bytes = asBuffer(letter);
    // A message in a message has no other encodings (RFC 2046 section 5.2.1).
    const encoding = isLines(bytes) ? (isAscii(bytes) ? '7bit' : '8bit') : 'binary';
    return part(isGlobal ? 'message/global' : 'message/rfc822', encoding, bytes);
  }
  const type = isGlobal ? 'message/global-headers' : 'text/rfc822-headers';
  if (!isLines(header))
    return part(type, 'quoted-printable', Buffer.from(formatQuotedPrintable(header), 'latin1'));
  return part(type, isAscii(header) ? '7bit' : '8bit', header);
};

const part = (type: string, encoding: string, content: Uint8Array): Uint8Array =>
  Buffer.concat([
    Buffer.from(
      `${formatField('Content-Type', type)}${formatField('Content-Transfer-Encoding', encoding)}\r\n`,
    ),
    content,
  ]);

const LF = 0x0a;
const CR = 0x0d;

/** Whether the bytes are lines as mail has them: ended by CRLF, of at most 998 octets, without NUL (RFC 2045 section 2.8). */
function isLines(bytes: Buffer): boolean {
  if (bytes.includes(0)) return false;
  for (let start = 0; start < bytes.length;) {
    const lf = bytes.indexOf(LF, start);
    const cr = bytes.indexOf(CR, start);
    const isWhole = lf !== -1 && cr === lf - 1 && cr - start <= longestLine;
    if (!isWhole) return lf === -1 && cr === -1 && bytes.length - start <= longestLine;
    start = lf + 1;
  }
  return true;
}
