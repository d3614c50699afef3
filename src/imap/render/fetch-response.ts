import type { ByteWriter } from '../../bytes/byte-writer.ts';
import { transferReader, type TransferReader } from '../../mail/transfer-encoding.ts';
import type { FetchItem, PlainItem } from '../grammar/fetch.ts';
import type { LetterNeed } from '../letters.ts';
import type { Partial, Section } from '../section.ts';
import { formatStructure } from './body-structure.ts';
import { formatEnvelope } from './envelope.ts';
import { formatFlags } from './flags.ts';
import { formatInternalDate } from './internal-date.ts';
import { letterObjectId, threadObjectId } from './object-id.ts';
import { utf8String, type TextForm } from './string.ts';
import { encodedPart, fieldsOf, placeOf, type LetterInHand, type Octets } from './section.ts';

/** Where a response goes: at once, or to be put together later. */
export interface Sink {
  /** An octet a character. */
  text(text: string): void;
  octets(octets: Uint8Array): void;
  /** Octets of the letter itself. */
  served(octets: Octets): void;
  /** The same without their transfer encoding, from the octet `from` on, `most` at the most. */
  decoded(encoded: Encoded): void;
}

/** Octets in a transfer encoding, and what of the decoded ones is wanted. */
export type Encoded = Octets & { readonly encoding: string; readonly from: number; readonly most: number };

type Write = (hand: LetterInHand, sink: Sink, form: TextForm) => void;

/** How one item is answered. */
type Answer = {
  readonly need: LetterNeed;
  readonly write: Write;
  /** Octets that are looked into, and not only handed on. */
  readonly looksInto?: (hand: LetterInHand) => Octets | null;
  /** Whether it cannot be given of this letter. */
  readonly isUnknown?: (hand: LetterInHand) => boolean;
};

const item = (need: LetterNeed, text: (hand: LetterInHand, form: TextForm) => string): Answer => ({
  need,
  write: (hand, sink, form) => sink.text(text(hand, form)),
});

/** The items without arguments. A missing row is a type error. */
const plain: { readonly [Name in PlainItem]: Answer } = {
  UID: item('place', ({ letter }) => `UID ${letter.uid}`),
  FLAGS: item('place', ({ letter }) => `FLAGS ${formatFlags(letter.keywords)}`),
  MODSEQ: item('place', ({ letter }) => `MODSEQ (${letter.modSeq})`),
  INTERNALDATE: item('place', ({ letter }) => `INTERNALDATE ${formatInternalDate(letter.receivedAt)}`),
  'RFC822.SIZE': item('place', ({ letter }) => `RFC822.SIZE ${letter.sizeBytes}`),
  EMAILID: item('place', ({ letter }) => `EMAILID (${letterObjectId(letter.letter)})`),
  THREADID: item('place', ({ letter }) => `THREADID (${threadObjectId(letter.thread)})`),
  SAVEDATE: item('place', ({ letter }) => `SAVEDATE ${formatInternalDate(letter.savedAt)}`),
  PREVIEW: item('parsed', ({ structure }, form) => `PREVIEW ${utf8String(structure.preview, form)}`),
  ENVELOPE: item('parsed', ({ structure }, form) => `ENVELOPE ${formatEnvelope(structure.envelope, form)}`),
  BODY: item('parsed', ({ structure }, form) => `BODY ${formatStructure(structure.structure, 'BODY', form)}`),
  BODYSTRUCTURE: item(
    'parsed',
    ({ structure }, form) => `BODYSTRUCTURE ${formatStructure(structure.structure, 'BODYSTRUCTURE', form)}`,
  ),
  RFC822: section('RFC822', { part: [], text: { of: 'all' } }, null),
  'RFC822.HEADER': section('RFC822.HEADER', { part: [], text: { of: 'header' } }, null),
  'RFC822.TEXT': section('RFC822.TEXT', { part: [], text: { of: 'text' } }, null),
};

// msg-att-static = … / "BODY" section ["<" number ">"] SP nstring / …            (RFC 9051 section 9)
function section(label: string, wanted: Section, partial: Partial | null): Answer {
  const { text } = wanted;
  if (text.of === 'fields' || text.of === 'fields-not') {
    const { names, of } = text;
    return {
      need: 'content',
      looksInto: (hand) => placeOf(wanted, hand),
      write: (hand, sink) => {
        const place = placeOf(wanted, hand);
        if (place === null) return sink.text(`${label} NIL`);
        const all = fieldsOf(hand.octets(place), names, of);
        const { start, end } = cut({ start: 0, end: all.length }, partial);
        literal(sink, label, end - start);
        return sink.octets(all.subarray(start, end));
      },
    };
  }
  return {
    need: 'content',
    write: (hand, sink) => {
      const place = placeOf(wanted, hand);
      if (place === null) return sink.text(`${label} NIL`);
      const wantedOctets = cut(place, partial);
      literal(sink, label, wantedOctets.end - wantedOctets.start);
      return sink.served(wantedOctets);
    },
  };
}

// "BINARY" section-binary ["<" number ">"] SP (nstring / literal8)
/** RFC 3516 section 4.2. */
function binary(part: readonly number[], partial: Partial | null): Answer {
  const label = `BINARY[${part.join('.')}]${origin(partial)}`;
  return {
    need: 'content',
    isUnknown: (hand) => encodedPart(part, hand)?.encoding === null,
    write: (hand, sink) => {
      const found = encodedPart(part, hand);
      if (found === null || found.encoding === null) return sink.text(`${label} NIL`);
      const { from, most } = within(found.decodedBytes, partial);
      // Whether there is a NUL among them shows too late.
      sink.text(`${label} ~{${most}}\r\n`);
      return sink.decoded({ ...found.octets, encoding: found.encoding, from, most });
    },
  };
}

// "BINARY.SIZE" section-binary SP number
const binarySize = (part: readonly number[]): Answer => ({
  need: 'parsed',
  isUnknown: (hand) => encodedPart(part, hand)?.encoding === null,
  write: (hand, sink) =>
    sink.text(`BINARY.SIZE[${part.join('.')}] ${encodedPart(part, hand)?.decodedBytes ?? 0}`),
});

const within = (length: number, partial: Partial | null): { from: number; most: number } => {
  const { start, end } = cut({ start: 0, end: length }, partial);
  return { from: start, most: end - start };
};

const literal = (sink: Sink, label: string, length: number): void => sink.text(`${label} {${length}}\r\n`);

/** Behind the end there is nothing (RFC 9051 section 6.4.5). */
function cut({ start, end }: Octets, partial: Partial | null): Octets {
  if (partial === null) return { start, end };
  const from = Math.min(end, start + partial.from);
  return { start: from, end: Math.min(end, from + partial.most) };
}

const needs: readonly LetterNeed[] = ['place', 'parsed', 'content'];

/** What one FETCH does with each letter. */
export type FetchPlan = {
  readonly need: LetterNeed;
  /** How often what is in a letter is written. */
  readonly copies: number;
  /** Whether who is shown the letter has seen it. */
  readonly marksSeen: boolean;
  /** Whether it cannot be answered of this letter (RFC 3516 section 4.3, UNKNOWN-CTE). */
  readonly isUnknown: (hand: LetterInHand) => boolean;
  /** Octets that have to be there before `write`, where the letter is too large for a page. */
  readonly looksInto: (hand: LetterInHand) => readonly Octets[];
  /** The letter's whole response; `flags`: they are told although nobody asked. */
  readonly write: (number: number, hand: LetterInHand, flags: 'as-asked' | 'told', sink: Sink) => void;
};

const rfc822 = new Set<FetchItem['item']>(['RFC822', 'RFC822.TEXT']);

/** What a FETCH tells besides, and how. */
export type FetchStyle = {
  readonly tellsUid: boolean;
  /** RFC 7162 section 3.1.4: of every letter, or of those whose flags changed by it. */
  readonly tellsModSeq: 'always' | 'with-flags' | 'never';
  readonly form: TextForm;
};

/** The plan of these items; UID FETCH always tells the uid (RFC 9051 section 6.4.9). */
export function fetchPlan(
  items: readonly FetchItem[],
  { tellsUid, tellsModSeq, form }: FetchStyle,
): FetchPlan {
  const names = new Set(items.map((one) => one.item));
  const asked: readonly FetchItem[] = [
    ...(tellsUid && !names.has('UID') ? [{ item: 'UID' } as const] : []),
    ...items,
    ...(tellsModSeq === 'always' && !names.has('MODSEQ') ? [{ item: 'MODSEQ' } as const] : []),
  ];
  const answers = asked.map(answerTo);
  const largest = Math.max(...answers.map(({ need }) => needs.indexOf(need)));
  return {
    need: needs[largest] ?? 'place',
    copies: answers.filter(({ need }) => need === 'content').length,
    marksSeen: items.some((one) => ('peek' in one ? !one.peek : rfc822.has(one.item))),
    isUnknown: (hand) => answers.some(({ isUnknown }) => isUnknown?.(hand) === true),
    looksInto: (hand) => answers.flatMap(({ looksInto }) => looksInto?.(hand) ?? []),
    write: (number, hand, flags, sink) => {
      sink.text(`* ${number} FETCH (`);
      for (const [index, { write }] of answers.entries()) {
        if (index > 0) sink.text(' ');
        write(hand, sink, form);
      }
      if (flags === 'told') {
        const { keywords, modSeq } = hand.letter;
        if (!names.has('FLAGS')) sink.text(` FLAGS ${formatFlags(keywords)}`);
        if (tellsModSeq === 'with-flags' && !names.has('MODSEQ')) sink.text(` MODSEQ (${modSeq})`);
      }
      sink.text(')\r\n');
    },
  };
}

function answerTo(one: FetchItem): Answer {
  switch (one.item) {
    case 'BODY[]':
      return section(`BODY${one.name}${origin(one.partial)}`, one.section, one.partial);
    case 'BINARY[]':
      return binary(one.part, one.partial);
    case 'BINARY.SIZE[]':
      return binarySize(one.part);
    default:
      return plain[one.item];
  }
}

const origin = (partial: Partial | null): string => (partial === null ? '' : `<${partial.from}>`);

/** Writes at once a letter whose octets are all there. */
export const sinkTo = (out: ByteWriter, content: Uint8Array | null): Sink => ({
  text: (text) => void out.latin1(text),
  octets: (octets) => void out.bytes(withoutNul(octets)),
  served: ({ start, end }) => void out.bytes(withoutNul(content?.subarray(start, end) ?? new Uint8Array())),
  decoded: (encoded) => {
    const reader = new DecodedOctets(encoded);
    out.bytes(reader.push(content?.subarray(encoded.start, encoded.end) ?? new Uint8Array()));
    out.bytes(reader.end());
  },
});

/** Octets that come without their transfer encoding, in pieces: exactly as many as were promised. */
export class DecodedOctets {
  readonly #reader: TransferReader;
  #skip: number;
  #left: number;

  constructor({ encoding, from, most }: Encoded) {
    this.#reader = transferReader(encoding);
    this.#skip = from;
    this.#left = most;
  }

  push(encoded: Uint8Array): Uint8Array {
    return this.#cut(this.#reader.push(encoded));
  }

  /** What was waiting for more; where the decoder has less than it had when the letter came, that is a fault. */
  end(): Uint8Array {
    const last = this.#cut(this.#reader.end());
    if (this.#left > 0) throw new Error(`a part has ${this.#left} octets less than was computed`);
    return last;
  }

  #cut(octets: Uint8Array): Uint8Array {
    const wanted = octets.subarray(this.#skip, this.#skip + this.#left);
    this.#skip = Math.max(0, this.#skip - octets.length);
    this.#left -= wanted.length;
    return wanted;
  }
}

/**
 * A literal has no NUL (RFC 9051 section 9, CHAR8), and a letter may have one all the same: 0x80 stands for it, as its length must
 * not change.
 */
export function withoutNul(octets: Uint8Array): Uint8Array {
  if (!octets.includes(0)) return octets;
  return octets.map((octet) => (octet === 0 ? 0x80 : octet));
}

/** What of a response is text, and what is the letter's own. */
export type Piece = string | Uint8Array | Octets | Encoded;

/** Puts off what needs octets that are not there. */
export function sinkToPieces(pieces: Piece[]): Sink {
  return {
    text: (text) => void pieces.push(text),
    octets: (octets) => void pieces.push(octets),
    served: (octets) => void pieces.push(octets),
    decoded: (encoded) => void pieces.push(encoded),
  };
}
