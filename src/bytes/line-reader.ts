import { asBuffer } from './buffer.ts';

/** What the next line is. `line` is without its CRLF and is valid until the next call. */
export type LineRead =
  | { readonly got: 'line'; readonly line: Buffer }
  /** No whole line yet. */
  | { readonly got: 'nothing' }
  /** A line past `maxBytes` came to its end and was thrown away; the next line is the next command. */
  | { readonly got: 'too-long' }
  /** Still inside a line that is being thrown away and has passed `giveUpBytes`. */
  | { readonly got: 'endless' }
  /** A CR without LF or an LF without CR: only CRLF ends a line (RFC 5321 section 2.3.8). */
  | { readonly got: 'bare-cr' | 'bare-lf' };

const nothing: LineRead = { got: 'nothing' };
const tooLong: LineRead = { got: 'too-long' };
const endless: LineRead = { got: 'endless' };
const bareCr: LineRead = { got: 'bare-cr' };
const bareLf: LineRead = { got: 'bare-lf' };

const CR = 13;
const LF = 10;
const empty = Buffer.alloc(0);
/** How much more memory than twice the held bytes may be kept for them. */
const roomBytes = 256;

/**
 * Lines out of chunks that are split anywhere (RFC 5321 section 2.3.8). It holds at most one unfinished line and what
 * the caller has not asked for yet, and looks at each byte once. While it waits for the rest of a line it keeps no
 * chunk alive: a session that says nothing costs no more than what it holds.
 */
export class LineReader {
  /** What came and was not given out, behind `#from`. */
  #held: Buffer = empty;
  #from = 0;
  /** Up to here there is no line end. */
  #searched = 0;
  /** Bytes of an over-long line thrown away so far; 0 while the line is not too long. */
  #discarded = 0;
  /** Memory with room to grow, that `#held` is the beginning of where a line comes in many pieces. */
  #block: Buffer = empty;

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    const next = asBuffer(chunk);
    const used = this.#held.length;
    if (this.#from === used) {
      this.#hold(next);
    } else if (this.#held.buffer === this.#block.buffer && used + next.length <= this.#block.length) {
      this.#block.set(next, used);
      this.#held = this.#block.subarray(0, used + next.length);
    } else {
      this.#own(next);
    }
  }

  /** How many bytes were pushed and not yet given out. */
  get heldBytes(): number {
    return this.#held.length - this.#from;
  }

  /** How much memory is kept for them. */
  get keptBytes(): number {
    return this.#held.length === 0 ? 0 : this.#held.buffer.byteLength;
  }

  /** The first octets, `most` at the most, of the line that is read next; none inside one that is being thrown away. */
  peek(most: number): Buffer {
    return this.#discarded > 0 ? empty : this.#held.subarray(this.#from, this.#from + most);
  }

  /** The first octet of that line, which costs less to look at; -1 where there is none. */
  get firstOctet(): number {
    return this.#discarded > 0 ? -1 : (this.#held[this.#from] ?? -1);
  }

  /** Gives everything that was not read yet to another reader. */
  takeRest(): Buffer {
    const rest = this.#held.subarray(this.#from);
    this.#hold(empty);
    return rest;
  }

  /** At most so many octets of what came, whatever lines they are: a view. Not for inside a line that is being thrown away. */
  take(most: number): Buffer {
    const end = Math.min(this.#held.length, this.#from + most);
    const taken = this.#held.subarray(this.#from, end);
    if (end === this.#held.length) this.#hold(empty);
    else {
      this.#from = end;
      this.#searched = end;
    }
    return taken;
  }

  /**
   * The next line of at most `maxBytes` (CRLF included). A longer one is thrown away up to its end; one that passes
   * `giveUpBytes`, which is at least `maxBytes`, is `endless`, after which the reader is of no more use.
   */
  next(maxBytes: number, giveUpBytes: number): LineRead {
    const held = this.#held;
    const lf = held.indexOf(LF, this.#searched);
    const end = lf < 0 ? held.length : lf;
    const cr = held.indexOf(CR, this.#searched);
    if (cr >= 0 && cr < end - 1) return this.#lengthTo(cr) > giveUpBytes ? endless : bareCr;
    if (lf >= 0) return this.#lineEndingAt(lf, maxBytes, giveUpBytes);
    // A CR at the very end may be half of a CRLF, so it is looked at again.
    this.#searched = cr === held.length - 1 && cr >= 0 ? cr : held.length;
    return this.#unfinished(maxBytes, giveUpBytes);
  }

  /**
   * The length of the current line up to an offset. What passes `giveUpBytes` is endless whatever comes behind it: the
   * same bytes in smaller pieces would have been given up on before.
   */
  #lengthTo(offset: number): number {
    return this.#discarded + offset - this.#from;
  }

  #lineEndingAt(lf: number, maxBytes: number, giveUpBytes: number): LineRead {
    const held = this.#held;
    const from = this.#from;
    if (lf === from || held[lf - 1] !== CR) return this.#lengthTo(lf) > giveUpBytes ? endless : bareLf;
    const length = this.#lengthTo(lf + 1);
    this.#from = lf + 1;
    this.#searched = lf + 1;
    this.#discarded = 0;
    if (this.#from === held.length) this.#hold(empty);
    if (length - 2 > giveUpBytes) return endless;
    if (length > maxBytes) return tooLong;
    return { got: 'line', line: held.subarray(from, lf - 1) };
  }

  #unfinished(maxBytes: number, giveUpBytes: number): LineRead {
    if (this.#discarded > 0 || this.heldBytes > maxBytes) {
      // Only a CR that may be half of a CRLF is kept of a line that is too long anyway.
      this.#discarded += this.#searched - this.#from;
      this.#from = this.#searched;
      if (this.#discarded > giveUpBytes) return endless;
    }
    if (this.heldBytes === 0) this.#hold(empty);
    else if (this.#held.buffer.byteLength > 2 * this.heldBytes + roomBytes) this.#own(empty);
    return nothing;
  }

  #hold(bytes: Buffer): void {
    this.#held = bytes;
    this.#from = 0;
    this.#searched = 0;
    this.#block = empty;
  }

  /** Moves what is held, and what comes behind it, to memory of its own with room for as much again. */
  #own(next: Buffer): void {
    const held = this.#held.subarray(this.#from);
    const block = Buffer.allocUnsafeSlow(2 * held.length + next.length);
    block.set(held, 0);
    block.set(next, held.length);
    this.#held = block.subarray(0, held.length + next.length);
    this.#searched -= this.#from;
    this.#from = 0;
    this.#block = block;
  }
}
