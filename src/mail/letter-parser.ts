import type { Eventually } from '../result.ts';
import { baseSubject, type BaseSubject } from './base-subject.ts';
import { Collector } from '../bytes/collector.ts';
import { charsetDecoder, decodeUnlabelled } from './charset.ts';
import { parseContentType } from './content-type.ts';
import { readEnvelope, type Envelope } from './envelope.ts';
import { fieldValue, headerFields, splitMessage } from './header.ts';
import { defaultLetterBounds, type LetterBounds } from './letter-bounds.ts';
import { parseMessageIds } from './message-ids.ts';
import { cutText } from './one-line.ts';
import { parseQuotedPrintable } from './quoted-printable.ts';
import type { MimePart } from './structure.ts';

/** What a full-text index takes from a letter, beside subject and addresses. */
export type SearchableText = {
  /** The text of all its text parts and the subjects of nested letters, each on lines of its own. */
  readonly body: string;
  /** The names of its attachments, decoded. */
  readonly attachmentNames: readonly string[];
};

/** All that is computed of a letter once, before it is stored. */
export type ParsedLetter = {
  /** The letter itself as a part: its header begins at 0. */
  readonly structure: MimePart;
  readonly envelope: Envelope;
  /** RFC 5256 section 2.1; what RFC 8621 section 3 compares, with `messageIds`, to find the thread. */
  readonly baseSubject: BaseSubject;
  /**
   * The identifiers in `Message-ID:`, `In-Reply-To:` and `References:` in this order, without angle brackets, each once:
   * letters of one thread share one (RFC 8621 section 3).
   */
  readonly messageIds: readonly string[];
  /** Up to 256 characters of its text on one line, for lists (RFC 8621 section 4.1.4, RFC 8970 section 3). */
  readonly preview: string;
  /** Whether a part is there that a client offers to save (RFC 8621 section 4.1.4). */
  readonly hasAttachment: boolean;
  readonly searchable: SearchableText;
};

const LONGEST_PREVIEW = 256;

/**
 * Reads a letter that comes in chunks, split anywhere, with memory that its bounds limit however long the letter is:
 * `push` each chunk, then `end`. A chunk is the caller's again once `push` returns. Never fails, whatever the bytes are.
 */
export class LetterParser {
  readonly #bounds: LetterBounds;
  readonly #start = new Collector();
  #sizeBytes = 0;
  #lines = 0;

  constructor(bounds: LetterBounds = defaultLetterBounds) {
    this.#bounds = bounds;
  }

  push(chunk: Uint8Array): void {
    const room = this.#bounds.headerBytes + this.#bounds.searchableBytes - this.#start.sizeBytes;
    if (room > 0) this.#start.push(Uint8Array.from(chunk.subarray(0, room)));
    this.#sizeBytes += chunk.length;
    for (let at = chunk.indexOf(LF); at !== -1; at = chunk.indexOf(LF, at + 1)) this.#lines += 1;
  }

  /** What was found; now, or later where a library has to be loaded first. Rejects for no letter. */
  end(): Eventually<ParsedLetter> {
    const bytes = Buffer.concat(this.#start.take());
    const { headerEnd, bodyStart } = splitMessage(bytes);
    const header = bytes.subarray(0, headerEnd);
    const body = bytes.subarray(bodyStart);
    const envelope = readEnvelope(header);
    const fields = new Map<string, string>();
    for (const field of headerFields(header)) fields.set(field.name.toLowerCase(), fieldValue(header, field));
    const contentType = parseContentType(fields.get('content-type') ?? 'text/plain');
    const encoding = fields.get('content-transfer-encoding')?.toLowerCase() ?? '7bit';
    const isText = contentType === null || (contentType.type === 'text' && contentType.subtype === 'plain');
    const decoded = decodeTransfer(encoding, body);
    const decoder = charsetDecoder(contentType?.parameters.get('charset') ?? '');
    const text = isText ? (decoder?.decode(decoded) ?? decodeUnlabelled(decoded)) : '';
    const { date: _, ...ids } = envelope;
    return {
      structure: {
        headerStart: 0,
        bodyStart,
        bodyEnd: this.#sizeBytes,
        lines: Math.max(0, this.#lines - lineEnds(bytes.subarray(0, bodyStart))),
        decodedBytes: decoded.length,
        type: contentType?.type ?? 'text',
        subtype: contentType?.subtype ?? 'plain',
        parameters: [...(contentType?.parameters ?? [])].map(([name, value]) => ({ name, value })),
        encoding,
        id: fields.get('content-id') ?? null,
        description: fields.get('content-description') ?? null,
        md5: fields.get('content-md5') ?? null,
        disposition: null,
        language: [],
        location: fields.get('content-location') ?? null,
        content: { is: 'leaf' },
      },
      envelope,
      baseSubject: baseSubject(envelope.subject ?? ''),
      messageIds: parseMessageIds(
        [ids.messageId, ids.inReplyTo, ids.references].filter((value) => value !== null).join(' '),
      ),
      preview: cutText(text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim(), LONGEST_PREVIEW),
      hasAttachment: !isText,
      searchable: { body: cutText(text, this.#bounds.searchableBytes), attachmentNames: [] },
    };
  }
}

const LF = 0x0a;

const lineEnds = (bytes: Uint8Array): number => {
  let count = 0;
  for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, at + 1)) count += 1;
  return count;
};

const decodeTransfer = (encoding: string, bytes: Buffer): Uint8Array => {
  if (encoding === 'base64') return Buffer.from(bytes.toString('latin1'), 'base64');
  return encoding === 'quoted-printable' ? parseQuotedPrintable(bytes) : bytes;
};
