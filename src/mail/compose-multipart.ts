import { asBuffer } from '../bytes/buffer.ts';
import { composeLetter, type Draft } from './compose.ts';
import { formatField } from './field.ts';

/**
 * Writes a letter of several parts (RFC 2046 section 5.1), of which the draft's text is the first. `subtype` may have
 * parameters behind it (`report; report-type=…`). `parts` are whole body parts: their fields, an empty line, and the
 * content. `boundary` is a word of letters and digits that nobody can foresee; a fault where a part has it.
 */
export const composeMultipart = (
  draft: Draft,
  subtype: string,
  boundary: string,
  parts: readonly Uint8Array[],
): Buffer<ArrayBuffer> => {
  const letter = Buffer.from(composeLetter(draft));
  const end = letter.indexOf('\r\n\r\n') + 2;
  const header = letter.subarray(0, end);
  const body = letter.subarray(end + 2);
  // A blank in it would end the parameter; `=_` stands in no base64 and no quoted-printable.
  const separator = `=_${boundary.replaceAll(/[^A-Za-z0-9]/g, '')}`;
  if ([body, ...parts].some((part) => asBuffer(part).includes(separator)))
    throw new Error('a part has the boundary of its own letter');
  const cut = header.lastIndexOf('Content-Type: ');
  const pieces: Uint8Array[] = [
    header.subarray(0, cut),
    Buffer.from(formatField('Content-Type', `multipart/${subtype}; boundary="${separator}"`)),
    Buffer.from(`\r\n--${separator}\r\n`),
    header.subarray(cut),
    Buffer.from('\r\n'),
    body,
  ];
  for (const part of parts) pieces.push(Buffer.from(`\r\n--${separator}\r\n`), part);
  pieces.push(Buffer.from(`\r\n--${separator}--\r\n`));
  return Buffer.concat(pieces);
};
