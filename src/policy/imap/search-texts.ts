import type { FetchedLetter } from '../../imap/letters.ts';
import { decodeNames, readableAddressList } from '../../mail/address-list.ts';
import { parseEncodedWords } from '../../mail/encoded-word.ts';
import type { Envelope } from '../../mail/envelope.ts';
import { Header } from '../../mail/header.ts';
import { decodeEnvelope, decodeStructure } from '../../mail/structure-codec.ts';
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

/** The text of one of them; null where the letter does not have it. */
export function envelopeText(name: string, letter: FetchedLetter): string | null {
  const envelope = envelopeOf(letter);
  return texts.get(name)?.(envelope) ?? null;
}

export function envelopeOf({ parsed }: FetchedLetter): Envelope {
  const envelope = parsed === null ? null : decodeEnvelope(parsed);
  if (envelope === null) throw new Error('what was computed of a letter was asked for and did not come');
  return envelope;
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** The day that the `Date:` field has, whatever the time and its zone (RFC 9051 section 6.4.4); null where it has none. */
export function sentDay(letter: FetchedLetter): number | null {
  const [, day = '', month = '', year = ''] =
    /(?:^|[\s,])(\d{1,2})\s+([A-Za-z]{3})\s+(\d{4})\b/.exec(envelopeOf(letter).date ?? '') ?? [];
  const index = months.indexOf(month.toLowerCase());
  return index < 0 ? null : Date.UTC(Number(year), index, Number(day));
}

/** The texts of every field of this name in the letter's header. */
export async function fieldTexts(
  name: string,
  letter: FetchedLetter,
  desk: Desk,
): Promise<readonly string[]> {
  const header = new Header(await headerOf(letter, desk), { fields: Infinity, bytes: Infinity });
  return header.fields
    .filter((field) => field.name === name)
    .map((field) => parseEncodedWords(header.value(field)));
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
