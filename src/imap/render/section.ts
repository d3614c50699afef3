import { Header } from '../../mail/header.ts';
import { decodeStructure } from '../../mail/structure-codec.ts';
import { partOfSection } from '../../mail/structure-sections.ts';
import type { StoredStructure } from '../../mail/structure-codec.ts';
import { isIdentity } from '../../mail/transfer-encoding.ts';
import type { FetchedLetter } from '../letters.ts';
import type { Section } from '../section.ts';

/** Octets of a letter as it is served, from `start` up to, and without, `end`. */
export type Octets = { readonly start: number; readonly end: number };

/** A letter while its response is written: what is read out of it is read once. */
export class LetterInHand {
  readonly letter: FetchedLetter;
  #structure: StoredStructure | null = null;
  /** Of a letter that is too large for a page: the pieces that were asked for, by where they begin. */
  readonly #pieces = new Map<number, Buffer>();

  constructor(letter: FetchedLetter) {
    this.letter = letter;
  }

  get structure(): StoredStructure {
    if (this.#structure !== null) return this.#structure;
    const { parsed } = this.letter;
    const decoded = parsed === null ? null : decodeStructure(parsed);
    if (decoded === null) throw new Error('what was computed of a letter was asked for and did not come');
    this.#structure = decoded;
    return decoded;
  }

  /** Keeps a piece that is looked into. */
  keep(start: number, piece: Buffer): void {
    this.#pieces.set(start, piece);
  }

  octets({ start, end }: Octets): Uint8Array {
    const { content } = this.letter;
    const piece = content === null ? this.#pieces.get(start) : content.subarray(start, end);
    if (piece === undefined || piece.length !== end - start)
      throw new Error(`octets ${start} to ${end} of a letter were needed and did not come`);
    return piece;
  }
}

/** Where a section is; null for one that the letter does not have. Of fields it is the header that they are in. */
export function placeOf({ part, text }: Section, hand: LetterInHand): Octets | null {
  const { sizeBytes, prefixBytes } = hand.letter;
  if (part.length === 0) {
    if (text.of === 'all') return { start: 0, end: sizeBytes };
    const bodyStart = prefixBytes + hand.structure.structure.bodyStart;
    return text.of === 'text' ? { start: bodyStart, end: sizeBytes } : { start: 0, end: bodyStart };
  }
  const found = partOfSection(hand.structure.structure, part);
  if (found === null) return null;
  const at = (start: number, end: number): Octets => ({ start: prefixBytes + start, end: prefixBytes + end });
  if (text.of === 'all') return at(found.bodyStart, found.bodyEnd);
  if (text.of === 'mime') return at(found.headerStart, found.bodyStart);
  // RFC 9051 section 6.4.5.1: these are of a nested letter.
  if (found.content.is !== 'message') return null;
  const { headerStart, bodyStart, bodyEnd } = found.content.letter;
  return text.of === 'text' ? at(bodyStart, bodyEnd) : at(headerStart, bodyStart);
}

/** The fields of a header that are asked for, as they stand, and the empty line behind them (RFC 9051 section 6.4.5.1). */
export function fieldsOf(
  header: Uint8Array,
  names: ReadonlySet<string>,
  which: 'fields' | 'fields-not',
): Buffer {
  const pieces: Uint8Array[] = [];
  for (const { name, start, end } of new Header(header, { fields: Infinity, bytes: header.length }).fields) {
    if (names.has(name) === (which === 'fields')) pieces.push(header.subarray(start, end));
  }
  return Buffer.concat([...pieces, Buffer.from('\r\n')]);
}

/** The body of a part, and how it is encoded. */
export type EncodedPart = {
  readonly octets: Octets;
  /** null: nobody here knows how to undo it. */
  readonly encoding: string | null;
  readonly decodedBytes: number;
};

/** The part with these numbers, without any the whole letter as it is; null where the letter has no such part. */
export function encodedPart(numbers: readonly number[], hand: LetterInHand): EncodedPart | null {
  const { prefixBytes, sizeBytes } = hand.letter;
  if (numbers.length === 0)
    return { octets: { start: 0, end: sizeBytes }, encoding: 'binary', decodedBytes: sizeBytes };
  const part = partOfSection(hand.structure.structure, numbers);
  if (part === null) return null;
  const { bodyStart, bodyEnd, content, encoding, decodedBytes } = part;
  const octets = { start: prefixBytes + bodyStart, end: prefixBytes + bodyEnd };
  // What is in a multipart or a nested letter has its own encoding.
  if (content.is !== 'leaf') return { octets, encoding: 'binary', decodedBytes: bodyEnd - bodyStart };
  return { octets, encoding: isKnown(encoding) ? encoding : null, decodedBytes };
}

const isKnown = (encoding: string): boolean =>
  isIdentity(encoding) || encoding === 'base64' || encoding === 'quoted-printable';
