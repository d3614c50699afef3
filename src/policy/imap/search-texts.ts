import type { FetchedLetter } from '../../imap/letters.ts';
import { decodeNames, readableAddressList } from '../../mail/address-list.ts';
import { parseEncodedWords } from '../../mail/encoded-word.ts';
import type { Envelope } from '../../mail/envelope.ts';
import { Header } from '../../mail/header.ts';
import { decodeEnvelope, decodeStructure } from '../../mail/structure-codec.ts';
import { unicodeCasemap } from '../../mail/unicode-casemap.ts';
import type { Desk } from './desk.ts';
import { octets } from './letter-answers.ts';

type Addresses = Envelope['from'];

const addresses = (items: Addresses): string | null =>
  items === null ? null : readableAddressList(decodeNames(items));

/** The fields that were read when the letter came, as a person reads them. */
const texts: ReadonlyMap<string, (envelope: Envelope) => string | null> = new Map([
  ['from', ({ from }) => addresses(from)],
  ['sender', ({ sender }) => addresses(sender)],
  ['reply-to', ({ replyTo }) => addresses(replyTo)],
  ['to', ({ to }) => addresses(to)],
  ['cc', ({ cc }) => addresses(cc)],
  ['bcc', ({ bcc }) => addresses(bcc)],
  ['subject', ({ subject }) => (subject === null ? null : parseEncodedWords(subject))],
  ['date', ({ date }) => date],
  ['message-id', ({ messageId }) => messageId],
  ['in-reply-to', ({ inReplyTo }) => inReplyTo],
  ['references', ({ references }) => references],
] satisfies readonly (readonly [string, (envelope: Envelope) => string | null])[]);

/** Their names, in lower case. */
export const envelopeFields: ReadonlySet<string> = new Set(texts.keys());

export function envelopeOf({ parsed }: FetchedLetter): Envelope {
  const envelope = parsed === null ? null : decodeEnvelope(parsed);
  if (envelope === null) throw new Error('what was computed of a letter was asked for and did not come');
  return envelope;
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** What a search compares of one letter, in the form of i;unicode-casemap; nothing is computed twice. */
export class LetterTexts {
  readonly #letter: FetchedLetter;
  readonly #desk: Desk;
  readonly #envelope: Envelope;
  readonly #texts = new Map<string, readonly string[]>();
  #header: Header | null = null;

  constructor(letter: FetchedLetter, desk: Desk) {
    this.#letter = letter;
    this.#desk = desk;
    this.#envelope = envelopeOf(letter);
  }

  /** The day that the `Date:` field has, whatever the time and its zone (RFC 9051 section 6.4.4); null where it has none. */
  get sentDay(): number | null {
    const [, day = '', month = '', year = ''] =
      /(?:^|[\s,])(\d{1,2})\s+([A-Za-z]{3})\s+(\d{4})\b/.exec(this.#envelope.date ?? '') ?? [];
    const index = months.indexOf(month.toLowerCase());
    return index < 0 ? null : Date.UTC(Number(year), index, Number(day));
  }

  /** The texts of a field, where they are at hand. */
  known(name: string): readonly string[] | null {
    const known = this.#texts.get(name);
    if (known !== undefined) return known;
    const inEnvelope = texts.get(name);
    if (inEnvelope === undefined) return null;
    const text = inEnvelope(this.#envelope);
    return this.#keep(name, text === null ? [] : [text]);
  }

  /** The texts of every field of this name in the letter's header. */
  async read(name: string): Promise<readonly string[]> {
    this.#header ??= new Header(await headerOf(this.#letter, this.#desk), {
      fields: Infinity,
      bytes: Infinity,
    });
    const header = this.#header;
    const fields = header.fields.filter((field) => field.name === name);
    return this.#keep(
      name,
      fields.map((field) => parseEncodedWords(header.value(field))),
    );
  }

  #keep(name: string, found: readonly string[]): readonly string[] {
    const folded = found.map(unicodeCasemap);
    this.#texts.set(name, folded);
    return folded;
  }
}

/** The octets of the letter's header, where the letter itself is too large for a page as well. */
async function headerOf(letter: FetchedLetter, desk: Desk): Promise<Uint8Array> {
  const { parsed, prefixBytes, content } = letter;
  const structure = parsed === null ? null : decodeStructure(parsed);
  if (structure === null) throw new Error('what was computed of a letter was asked for and did not come');
  const end = prefixBytes + structure.structure.bodyStart;
  if (content !== null) return content.subarray(0, end);
  const pieces: Uint8Array[] = [];
  for (let start = 0; start < end;) {
    const piece = await octets({ ask: 'octets', mailbox: 0, letter, start, end }, desk);
    if (!piece.ok) throw new Error(`letter ${letter.letter} lost its octets while it was searched`);
    pieces.push(piece.value);
    start += piece.value.length;
  }
  return Buffer.concat(pieces);
}
