import { parseContentType, parseDisposition, type ContentType, type Disposition } from './content-type.ts';
import { stripComments } from './comments.ts';
import { envelopeFields, envelopeOf, type Envelope } from './envelope.ts';
import { Header, type HeaderField } from './header.ts';
import type { LetterAllowance } from './letter-bounds.ts';
import { oneLine } from './one-line.ts';
import type { MimePart } from './structure.ts';

/** What the header of a part, or of a letter, says of its body (RFC 2045 section 3). */
export type PartHeader = Pick<
  MimePart,
  | 'type'
  | 'subtype'
  | 'parameters'
  | 'encoding'
  | 'id'
  | 'description'
  | 'md5'
  | 'disposition'
  | 'language'
  | 'location'
>;

/** What a part is where its header does not say: text, or a letter in a digest (RFC 2046 section 5.1.5). */
export type ImpliedType = 'text/plain' | 'message/rfc822';

const impliedTypes: Readonly<Record<ImpliedType, ContentType>> = {
  'text/plain': { type: 'text', subtype: 'plain', parameters: [] },
  'message/rfc822': { type: 'message', subtype: 'rfc822', parameters: [] },
};

const partFields: ReadonlySet<string> = new Set([
  'content-type',
  'content-transfer-encoding',
  'content-id',
  'content-description',
  'content-md5',
  'content-disposition',
  'content-language',
  'content-location',
]);

/** Fields of a header by lower-case name, that are wanted; of those of a part the first counts, of a letter's the last. */
class FoundFields {
  readonly #header: Header;
  readonly #fields = new Map<string, HeaderField>();

  constructor(header: Uint8Array, bytes: number, wanted: 'part' | 'letter') {
    this.#header = new Header(header, { fields: MOST_FIELDS, bytes });
    for (const field of this.#header.fields) {
      const { name } = field;
      const counts = partFields.has(name)
        ? !this.#fields.has(name)
        : wanted === 'letter' && envelopeFields.has(name);
      if (counts) this.#fields.set(name, field);
    }
  }

  /** The value on one line; null where there is no such field. */
  value(name: string): string | null {
    const field = this.#fields.get(name);
    return field === undefined ? null : oneLine(this.#header.value(field, Infinity)).trim();
  }

  /** As `value`, but null for an empty one. */
  filled(name: string): string | null {
    return this.value(name) || null;
  }
}

/** As many fields as the exchanger takes in a letter. */
const MOST_FIELDS = 1000;

/** The header of a part, `bytes` of it; what it takes of the letter's allowance is taken off. Never fails. */
export const readPartHeader = (
  header: Uint8Array,
  bytes: number,
  implied: ImpliedType,
  allowance: LetterAllowance,
): PartHeader => partHeaderOf(new FoundFields(header, bytes, 'part'), implied, allowance);

/** The header of a letter: as `readPartHeader`, and its envelope. */
export const readLetterHeader = (
  header: Uint8Array,
  bytes: number,
  allowance: LetterAllowance,
): { readonly part: PartHeader; readonly envelope: Envelope } => {
  const found = new FoundFields(header, bytes, 'letter');
  return {
    part: partHeaderOf(found, 'text/plain', allowance),
    envelope: envelopeOf((name) => found.value(name), allowance),
  };
};

const partHeaderOf = (found: FoundFields, implied: ImpliedType, allowance: LetterAllowance): PartHeader => {
  const contentType = parseContentType(found.value('content-type') ?? '', allowance.parameters);
  allowance.parameters -= contentType?.parameters.length ?? 0;
  const disposition = dispositionOf(found.filled('content-disposition'), allowance);
  return {
    // RFC 2045 section 5.2: what is there and cannot be read is text as well.
    ...(contentType ?? impliedTypes[found.filled('content-type') === null ? implied : 'text/plain']),
    encoding: encodingOf(found.value('content-transfer-encoding') ?? ''),
    id: found.filled('content-id'),
    description: found.filled('content-description'),
    md5: found.filled('content-md5'),
    disposition,
    language: languagesOf(found.filled('content-language') ?? ''),
    location: found.filled('content-location'),
  };
};

const dispositionOf = (value: string | null, allowance: LetterAllowance): Disposition | null => {
  const disposition = value === null ? null : parseDisposition(value, allowance.parameters);
  allowance.parameters -= disposition?.parameters.length ?? 0;
  return disposition;
};

// encoding  = "Content-Transfer-Encoding" ":" mechanism
// mechanism = "7bit" / "8bit" / "binary" / "quoted-printable" / "base64" / ietf-token / x-token
const encodingOf = (value: string): string =>
  /^[^\s;,"]+/.exec(stripComments(value).replaceAll('"', '').trimStart())?.[0].toLowerCase() ?? '7bit';

// Content-Language = "Content-Language" ":" *(Language-List)    ; tags between commas
/** RFC 3282 section 2. */
const languagesOf = (value: string): readonly string[] =>
  stripComments(value)
    .split(/[\s,]+/, MOST_LANGUAGES)
    .filter((tag) => tag !== '');

/** More is no letter's. */
const MOST_LANGUAGES = 20;
