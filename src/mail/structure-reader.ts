import { asBuffer } from '../bytes/buffer.ts';
import { longestBoundaryLine, type Delimiter } from './boundaries.ts';
import type { Envelope } from './envelope.ts';
import { firstLine } from './first-line.ts';
import type { LetterBounds } from './letter-bounds.ts';
import { PartTree, type LeafListener, type Place } from './part-tree.ts';
import type { MimePart } from './structure.ts';

/** What a letter is made of. */
export type ReadStructure = {
  readonly structure: MimePart;
  readonly envelope: Envelope;
  /** Whether a bound was reached, so that something of it is opaque. */
  readonly isCut: boolean;
};

/** What a line turned out to be, when its first octets were looked at. */
type Look = 'ordinary' | 'unclear' | 'empty' | 'headless' | Delimiter;

const LF = 0x0a;
const CR = 0x0d;
const TAB = 0x09;
const SPACE = 0x20;
const DASH = 0x2d;
const NOTHING = Buffer.alloc(0);

/**
 * Reads the structure of a letter (RFC 2045, RFC 2046) that comes in chunks, split anywhere: line by line, in time in
 * proportion to its length, keeping no more than one header. Only lines that may begin a boundary or belong to a header are
 * looked at one by one, and what may yet belong to a boundary is held back. Never fails.
 * Lenient: an LF alone ends a line too; a multipart may lack its end, a part its header or its body.
 */
export class StructureReader {
  readonly #tree: PartTree;
  /** The end of the last chunk, that waits for what follows. */
  #held: Buffer = NOTHING;
  /** Where in `#held` the reading goes on. */
  #resumeAt = 0;
  /** Of the first octet of `#held`, from the beginning of the letter. */
  #offset = 0;
  /** The octet before it. */
  #before = -1;
  /** Octets of the bytes at hand that the tree has, or does not need. */
  #given = 0;
  #atLineStart = true;
  /** Whether the line is the first of a header. */
  #isFirst = true;
  #lineStart = 0;
  /** Where the line end before this line begins; where it belongs to a delimiter or a header, the same as `#lineStart`. */
  #breakStart = 0;
  #lineEnds = 0;
  #lastLineIsEmpty = false;

  constructor(bounds: LetterBounds, onLeaf: LeafListener = () => null) {
    this.#tree = new PartTree(bounds, onLeaf);
  }

  /** Takes the next bytes, which are the caller's again afterwards. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#read(this.#held.length === 0 ? asBuffer(chunk) : Buffer.concat([this.#held, chunk]), 'more');
  }

  /** What was read; nothing can be pushed afterwards. */
  end(): ReadStructure {
    this.#read(this.#held, 'last');
    const end: Place = { offset: this.#offset, lines: this.#lineEnds + (this.#atLineStart ? 0 : 1) };
    while (this.#tree.inHeader) this.#tree.endHeader(end);
    this.#tree.closeAbove(-1, end);
    const { letter, envelope } = this.#tree.take();
    return { structure: letter, envelope, isCut: this.#tree.isCut };
  }

  /** The beginning of this line. */
  #here(): Place {
    return { offset: this.#lineStart, lines: this.#lineEnds };
  }

  #read(bytes: Buffer, what: 'more' | 'last'): void {
    // The same, one a character, for it is searched more quickly.
    const text = bytes.toString('latin1');
    let at = this.#resumeAt;
    this.#given = 0;
    for (;;) {
      if (this.#atLineStart) {
        const next = this.#beginLine(bytes, text, at, what);
        if (next === -1) break;
        if (next > at) {
          at = next;
          continue;
        }
      }
      const end = this.#tree.inHeader ? text.indexOf('\n', at) : this.#skipLines(text, at);
      if (end === -1) {
        at = bytes.length;
        break;
      }
      this.#endLine(text, end);
      at = end + 1;
    }
    this.#hold(bytes, at, what);
  }

  /** Counts lines of a body up to the last one before a line that has to be looked at; gives its LF, -1 where none ends. */
  #skipLines(text: string, at: number): number {
    const dash = this.#tree.hasBoundaries ? text.indexOf('\n-', at) : -1;
    const end = dash === -1 ? text.lastIndexOf('\n') : dash;
    if (end < at) return -1;
    for (let lf = text.indexOf('\n', at); lf < end; lf = text.indexOf('\n', lf + 1)) {
      this.#lineStart = this.#offset + lf + 1;
      this.#lineEnds += 1;
    }
    return end;
  }

  /** What stays until more is there: an unclear line with the line end before it, or a CR that may be half of one. */
  #hold(bytes: Buffer, at: number, what: 'more' | 'last'): void {
    const waits = this.#tree.hasBoundaries && !this.#tree.inHeader;
    let from = bytes.length;
    if (what === 'more' && this.#atLineStart)
      from = waits ? Math.max(this.#given, this.#breakStart - this.#offset) : at;
    else if (what === 'more' && waits && bytes[from - 1] === CR) from -= 1;
    this.#tree.give(bytes.subarray(this.#given, from));
    if (from > 0) this.#before = bytes[from - 1] ?? -1;
    this.#held = from === bytes.length ? NOTHING : Buffer.from(bytes.subarray(from));
    this.#resumeAt = this.#atLineStart ? Math.max(0, at - from) : 0;
    this.#offset += from;
  }

  /** Looks at a line; gives where the reading goes on, `at` itself for an ordinary line, -1 where more must come first. */
  #beginLine(bytes: Buffer, text: string, at: number, what: 'more' | 'last'): number {
    const look = this.#look(text, at, what);
    if (look === 'unclear') return -1;
    if (look === 'ordinary') {
      this.#isFirst = false;
      this.#atLineStart = at === bytes.length;
      return at;
    }
    if (look === 'headless') {
      this.#tree.endHeader(this.#here());
      return this.#beginLine(bytes, text, at, what);
    }
    return look === 'empty' ? this.#endHeader(bytes, text, at) : this.#cross(bytes, text, at, look);
  }

  #look(text: string, at: number, what: 'more' | 'last'): Look {
    const { inHeader, hasBoundaries } = this.#tree;
    if (at === text.length) return what === 'more' && (inHeader || hasBoundaries) ? 'unclear' : 'ordinary';
    const first = text.charCodeAt(at);
    if (first === DASH && hasBoundaries) {
      const delimiter = this.#delimiter(text, at, what);
      if (delimiter !== null) return delimiter;
    }
    if (!inHeader) return 'ordinary';
    if (first === LF) return 'empty';
    if (first === CR && at + 1 === text.length && what === 'more') return 'unclear';
    if (first === CR && text.charCodeAt(at + 1) === LF) return 'empty';
    return this.#isFirst ? firstLine(text, at, what) : 'ordinary';
  }

  // delimiter-line = "--" boundary ["--"] transport-padding CRLF      ; transport-padding = *LWSP-char
  #delimiter(text: string, at: number, what: 'more' | 'last'): Delimiter | 'unclear' | null {
    if (at + 1 === text.length && what === 'more') return 'unclear';
    if (text.charCodeAt(at + 1) !== DASH) return null;
    const lf = text.indexOf('\n', at + 2);
    if (lf === -1 && what === 'more') return text.length - at > longestBoundaryLine ? null : 'unclear';
    let end = lf === -1 ? text.length : lf;
    if (end - at > longestBoundaryLine) return null;
    if (text.charCodeAt(end - 1) === CR) end--;
    while (isBlank(text.charCodeAt(end - 1))) end--;
    return this.#tree.find(text.slice(at + 2, end));
  }

  /** The empty line of a header, which belongs to it. */
  #endHeader(bytes: Buffer, text: string, at: number): number {
    const end = text.indexOf('\n', at);
    this.#endLine(text, end);
    this.#tree.give(bytes.subarray(this.#given, end + 1));
    this.#tree.endHeader(this.#here());
    this.#beginPart(end + 1);
    return end + 1;
  }

  /** The line of a delimiter: what it ends ends before the line end that precedes it. */
  #cross(bytes: Buffer, text: string, at: number, { is, level }: Delimiter): number {
    const end: Place = {
      offset: this.#breakStart,
      lines: this.#lineEnds - (this.#lastLineIsEmpty ? 1 : 0),
    };
    // A header has its last line end, however it came: its bound must not depend on that.
    const until = this.#tree.inHeader ? at : Math.max(this.#given, this.#breakStart - this.#offset);
    this.#tree.give(bytes.subarray(this.#given, until));
    while (this.#tree.inHeader) this.#tree.endHeader(end, is === 'opening' ? 1 : 0);
    this.#tree.closeAbove(level, end);
    if (is === 'closing') this.#tree.closeBoundary(level);
    const lf = text.indexOf('\n', at);
    const next = lf === -1 ? bytes.length : lf + 1;
    if (lf === -1) this.#lineStart = this.#offset + next;
    else this.#endLine(text, lf);
    this.#given = next;
    if (is === 'opening') {
      this.#tree.beginPart(this.#lineStart);
      this.#beginPart(next);
    }
    return next;
  }

  /** What comes now is of the next header or body, and the line end before it is not. */
  #beginPart(given: number): void {
    this.#given = given;
    this.#breakStart = this.#lineStart;
    this.#lastLineIsEmpty = false;
    this.#isFirst = true;
  }

  #endLine(text: string, lf: number): void {
    const end = this.#offset + lf;
    const previous = lf > 0 ? text.charCodeAt(lf - 1) : this.#before;
    this.#breakStart = previous === CR && end > this.#lineStart ? end - 1 : end;
    this.#lastLineIsEmpty = this.#breakStart === this.#lineStart;
    this.#lineStart = end + 1;
    this.#lineEnds += 1;
    this.#atLineStart = true;
  }
}

const isBlank = (code: number): boolean => code === SPACE || code === TAB;
