import { asBuffer } from '../bytes/buffer.ts';

const CR = 13;
const LF = 10;

/**
 * Cuts a letter behind its header, the empty line and so many lines of its body (RFC 1939 section 7, TOP). The ends of lines are
 * those of `MultilineWriter`: CRLF, and a CR or an LF alone.
 */
export class TopLines {
  /** Lines of the body that are still wanted; null inside the header. */
  #left: number | null = null;
  readonly #bodyLines: number;
  /** Whether the line that goes on has anything in it. */
  #isEmpty = true;
  /** Whether the last octet was a CR, which an LF may belong to. */
  #afterCr = false;
  #isDone = false;

  constructor(bodyLines: number) {
    this.#bodyLines = bodyLines;
  }

  /** Whether everything that is wanted came. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** What of the chunk is wanted. */
  take(chunk: Uint8Array): Uint8Array {
    if (chunk.length === 0 || this.#isDone) return chunk.subarray(0, 0);
    const text = asBuffer(chunk).toString('latin1');
    const ends = /\r\n|\r|\n/g;
    let from = 0;
    if (this.#afterCr && chunk[0] === LF) {
      from = 1;
      ends.lastIndex = 1;
    }
    for (let end = ends.exec(text); end !== null; end = ends.exec(text)) {
      const isEmpty = this.#isEmpty && end.index === from;
      from = end.index + end[0].length;
      this.#isEmpty = true;
      if (this.#lineEnded(isEmpty)) return chunk.subarray(0, from);
    }
    if (from < text.length) this.#isEmpty = false;
    this.#afterCr = chunk[chunk.length - 1] === CR;
    return chunk;
  }

  /** Whether that was the last line that is wanted. */
  #lineEnded(isEmpty: boolean): boolean {
    if (this.#left !== null) this.#left -= 1;
    else if (isEmpty) this.#left = this.#bodyLines;
    this.#isDone = this.#left === 0;
    return this.#isDone;
  }
}
