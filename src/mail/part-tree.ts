import { Boundaries, longestBoundary, type Delimiter } from './boundaries.ts';
import type { Envelope } from './envelope.ts';
import { HeaderBytes } from './header-bytes.ts';
import type { LetterAllowance, LetterBounds } from './letter-bounds.ts';
import { parameterValue } from './parameters.ts';
import { readLetterHeader, readPartHeader, type ImpliedType, type PartHeader } from './part-header.ts';
import type { MimePart, PartContent } from './structure.ts';
import { isIdentity, transferReader, type TransferReader } from './transfer-encoding.ts';

/** Takes the bytes of a leaf after its transfer encoding is undone; a view that is the caller's again afterwards. */
export type LeafSink = (decoded: Uint8Array) => void;

/** A leaf whose body begins. */
export type BegunLeaf = {
  readonly header: PartHeader;
  /** By this it can be told from every other leaf of the letter. */
  readonly bodyStart: number;
  /** Letters in which it lies, beside the whole one. */
  readonly nestedIn: number;
};

/** Asked when a leaf begins, whether its contents are wanted; null for no. */
export type LeafListener = (leaf: BegunLeaf) => LeafSink | null;

/** A place in a letter, and how many lines have ended before it. */
export type Place = { readonly offset: number; readonly lines: number };

/** What is read, in which a level is open: a letter, or a part of a multipart. */
type Entity = { readonly is: 'letter' } | { readonly is: 'part'; readonly implied: ImpliedType };

/** A part whose end is not yet seen. */
type OpenPart = {
  readonly header: PartHeader;
  readonly headerStart: number;
  readonly body: Place;
  /** Of a letter. */
  readonly envelope: Envelope | null;
  readonly holds: 'leaf' | 'multipart' | 'message';
  readonly parts: MimePart[];
  nested: { readonly envelope: Envelope; readonly letter: MimePart } | null;
  readonly reader: TransferReader | null;
  readonly sink: LeafSink | null;
  decodedBytes: number;
};

/** Parts as they open and close, and what is inside what. The levels that are open are numbered from 0, the letter's. */
export class PartTree {
  readonly #bounds: LetterBounds;
  readonly #onLeaf: LeafListener;
  readonly #boundaries = new Boundaries();
  readonly #allowance: LetterAllowance;
  readonly #header: HeaderBytes;
  readonly #open: OpenPart[] = [];
  /** What is begun and has its header still to be read; above all that is open. */
  #begun: { readonly entity: Entity; readonly headerStart: number } | null = {
    entity: { is: 'letter' },
    headerStart: 0,
  };
  #parts = 1;
  #isCut = false;
  #whole: { readonly envelope: Envelope; readonly letter: MimePart } | null = null;

  constructor(bounds: LetterBounds, onLeaf: LeafListener) {
    this.#bounds = bounds;
    this.#onLeaf = onLeaf;
    this.#allowance = { addresses: bounds.addresses, parameters: bounds.parameters };
    this.#header = new HeaderBytes(bounds.headerBytes, bounds.headerBytesInAll);
  }

  /** Whether what comes next is a header. */
  get inHeader(): boolean {
    return this.#begun !== null;
  }

  /** Whether a line may be a delimiter. */
  get hasBoundaries(): boolean {
    return this.#boundaries.count > 0;
  }

  /** Whether a bound was reached, so that something in the letter is opaque. */
  get isCut(): boolean {
    return (
      this.#isCut || this.#header.isCut || this.#allowance.addresses <= 0 || this.#allowance.parameters <= 0
    );
  }

  /** As `Boundaries.find`; past the bound on parts no line begins another, and what follows belongs to the last. */
  find(text: string): Delimiter | null {
    const delimiter = this.#boundaries.find(text);
    if (delimiter?.is !== 'opening' || this.#parts < this.#bounds.parts) return delimiter;
    this.#isCut = true;
    return null;
  }

  /** Takes bytes of the header or the body that is being read. */
  give(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.#begun !== null) this.#header.push(bytes);
    else {
      const part = this.#open.at(-1);
      if (part !== undefined && part.reader !== null) pass(part, part.reader.push(bytes));
    }
  }

  /** Begins a part of the multipart at the top. */
  beginPart(headerStart: number): void {
    const { type, subtype } = this.#open.at(-1)?.header ?? {};
    const implied = type === 'multipart' && subtype === 'digest' ? 'message/rfc822' : 'text/plain';
    this.#begin({ is: 'part', implied }, headerStart);
  }

  #begin(entity: Entity, headerStart: number): void {
    this.#begun = { entity, headerStart };
    this.#parts += 1;
  }

  /**
   * Ends the header that is being read; where the body is a letter, its header follows. `kept` is the number of parts for
   * which room is left, since they are sure to begin.
   */
  endHeader(body: Place, kept: 0 | 1 = 0): void {
    if (this.#begun === null) throw new Error('no header is being read');
    const { entity, headerStart } = this.#begun;
    this.#begun = null;
    const { header, envelope } = this.#readHeader(entity);
    const boundary = header.type === 'multipart' ? boundaryOf(header) : null;
    const holds = this.#holds(header, boundary, kept);
    const isLeaf = holds === 'leaf';
    if (boundary !== null && holds === 'multipart') this.#boundaries.push(boundary, this.#open.length);
    this.#open.push({
      header,
      headerStart,
      body,
      envelope,
      holds,
      parts: [],
      nested: null,
      reader: isLeaf ? transferReader(header.encoding) : null,
      sink: isLeaf ? this.#onLeaf(this.#leaf(header, body.offset)) : null,
      decodedBytes: 0,
    });
    if (holds === 'message') this.#begin({ is: 'letter' }, body.offset);
  }

  #leaf(header: PartHeader, bodyStart: number): BegunLeaf {
    return { header, bodyStart, nestedIn: this.#open.filter(({ holds }) => holds === 'message').length };
  }

  #readHeader(entity: Entity): { readonly header: PartHeader; readonly envelope: Envelope | null } {
    const { bytes, limit } = this.#header.take();
    if (entity.is === 'part')
      return { header: readPartHeader(bytes, limit, entity.implied, this.#allowance), envelope: null };
    const { part, envelope } = readLetterHeader(bytes, limit, this.#allowance);
    return { header: part, envelope };
  }

  /** A multipart is looked into whatever its encoding: RFC 2045 section 6.4 allows none but the identities. */
  #holds({ type, subtype, encoding }: PartHeader, boundary: string | null, kept: number): OpenPart['holds'] {
    const isLetter =
      type === 'message' && (subtype === 'rfc822' || subtype === 'global') && isIdentity(encoding);
    if (boundary === null && !isLetter) return 'leaf';
    const fits = this.#open.length < this.#bounds.depth && this.#parts + kept < this.#bounds.parts;
    this.#isCut ||= !fits;
    if (!fits) return 'leaf';
    return isLetter ? 'message' : 'multipart';
  }

  /** The last part of the multipart at this level has ended; what follows is its epilogue. */
  closeBoundary(level: number): void {
    this.#boundaries.closeFrom(level);
  }

  /** Ends all that is open above this level. */
  closeAbove(level: number, end: Place): void {
    this.#boundaries.closeFrom(level + 1);
    while (this.#open.length > level + 1) {
      const part = this.#open.pop();
      if (part !== undefined) this.#close(part, end);
    }
  }

  #close(part: OpenPart, end: Place): void {
    if (part.reader !== null) pass(part, part.reader.end());
    const { header, headerStart, body, holds, envelope } = part;
    const bodyEnd = Math.max(body.offset, end.offset);
    const closed: MimePart = {
      headerStart,
      bodyStart: body.offset,
      bodyEnd,
      lines: bodyEnd === body.offset ? 0 : Math.max(0, end.lines - body.lines),
      decodedBytes: holds === 'leaf' ? part.decodedBytes : bodyEnd - body.offset,
      ...header,
      content: contentOf(part),
    };
    const parent = this.#open.at(-1);
    if (envelope === null) parent?.parts.push(closed);
    else if (parent === undefined) this.#whole = { envelope, letter: closed };
    else parent.nested = { envelope, letter: closed };
  }

  /** The letter, when all is closed. */
  take(): { readonly envelope: Envelope; readonly letter: MimePart } {
    if (this.#whole === null) throw new Error('the letter is not at its end');
    return this.#whole;
  }
}

const pass = (part: OpenPart, decoded: Uint8Array): void => {
  part.decodedBytes += decoded.length;
  if (decoded.length > 0) part.sink?.(decoded);
};

/** A multipart without a part is a leaf. */
const contentOf = ({ parts, nested }: OpenPart): PartContent => {
  if (nested !== null) return { is: 'message', ...nested };
  return parts.length > 0 ? { is: 'multipart', parts } : { is: 'leaf' };
};

// boundary = 0*69<bchars> bcharsnospace
/** The octets of the boundary, one a character; null where it is none that parts are looked for by. */
const boundaryOf = ({ parameters }: PartHeader): string | null => {
  const octets = Buffer.from(parameterValue(parameters, 'boundary') ?? '').toString('latin1');
  // Before anything else is done with it: it may be as long as a header.
  if (octets.length > longestBoundary) return null;
  const boundary = octets.replace(/[ \t]+$/, '');
  return boundary === '' ? null : boundary;
};
