import { asBuffer } from './buffer.ts';

/** How far a chunk went. */
export type DotRead =
  | { readonly got: 'more' }
  /** The end of the data; what follows `consumedBytes` of the chunk is the next command. */
  | { readonly got: 'end'; readonly consumedBytes: number }
  | { readonly got: 'bare-cr' | 'bare-lf' };

const more: DotRead = { got: 'more' };
const bareCr: DotRead = { got: 'bare-cr' };
const bareLf: DotRead = { got: 'bare-lf' };

const CR = 13;
const LF = 10;
const DOT = 46;

/** Where a plain search stops: at a CR or LF that stands alone, and at a line that begins with a dot. */
const stops = /\r(?!\n)|(?<!\r)\n|\n\./g;

/** What the last byte was, where that matters. */
type At = 'line-start' | 'text' | 'text-cr' | 'dot' | 'dot-cr';

/** A piece of at most so many bytes is copied in a loop: the call that copies at once costs more. */
const shortBytes = 48;

/**
 * The content of DATA out of chunks that are split anywhere: dot-unstuffing and the end at CRLF.CRLF, no other
 * (RFC 5321 section 4.5.2). The text is searched, never walked.
 */
export class DotReader {
  #at: At = 'line-start';
  /** Where the content of the chunk at hand lies in it: from, to, from, to, … */
  readonly #pieces: number[] = [];

  /**
   * Appends the unstuffed content of the chunk to `content`: a view of the chunk, or a copy where dots were taken out of
   * it, so that a letter of nothing but dots makes no more of them than another.
   */
  push(chunk: Uint8Array, content: Uint8Array[]): DotRead {
    const bytes = asBuffer(chunk);
    const read = this.#read(bytes);
    const pieces = this.#pieces;
    if (pieces.length === 0) return read;
    content.push(pieces.length === 2 ? bytes.subarray(pieces[0], pieces[1]) : joined(bytes, pieces));
    pieces.length = 0;
    return read;
  }

  #read(bytes: Buffer): DotRead {
    let text: string | null = null;
    let from = 0;
    while (from < bytes.length) {
      const byte = bytes[from];
      switch (this.#at) {
        case 'line-start':
          if (byte === DOT) from += 1;
          this.#at = byte === DOT ? 'dot' : 'text';
          break;
        case 'dot':
          if (byte === CR) from += 1;
          this.#at = byte === CR ? 'dot-cr' : 'text';
          break;
        case 'dot-cr':
          return byte === LF ? { got: 'end', consumedBytes: from + 1 } : bareCr;
        case 'text-cr':
          if (byte !== LF) return bareCr;
          this.#piece(from, from + 1);
          from += 1;
          this.#at = 'line-start';
          break;
        case 'text': {
          text ??= bytes.toString('latin1');
          stops.lastIndex = from;
          if (!stops.test(text)) {
            this.#piece(from, bytes.length);
            this.#at = bytes[bytes.length - 1] === LF ? 'line-start' : 'text';
            return more;
          }
          // Behind what stopped the search. Its last octet says what it is; a match as an object would cost as much as
          // the search where every line begins with a dot.
          const end = stops.lastIndex;
          const last = bytes[end - 1];
          if (last === DOT) {
            this.#piece(from, end - 1);
            from = end;
            this.#at = 'dot';
            break;
          }
          // A CR that ends the chunk may be half of a CRLF. What came before a bare one is given out, so that the split
          // of the bytes makes no difference.
          this.#piece(from, last === CR ? end : end - 1);
          if (last === LF) return bareLf;
          if (end < bytes.length) return bareCr;
          this.#at = 'text-cr';
          return more;
        }
      }
    }
    return more;
  }

  /** One more piece of content; what touches the last one lengthens it. */
  #piece(from: number, to: number): void {
    if (from === to) return;
    const last = this.#pieces.length - 1;
    if (this.#pieces[last] === from) this.#pieces[last] = to;
    else this.#pieces.push(from, to);
  }
}

function joined(bytes: Buffer, pieces: readonly number[]): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  let used = 0;
  for (let index = 0; index < pieces.length; index += 2) {
    const from = pieces[index] ?? 0;
    const to = pieces[index + 1] ?? 0;
    if (to - from > shortBytes) used += bytes.copy(copy, used, from, to);
    else for (let at = from; at < to; at += 1, used += 1) copy[used] = bytes[at] ?? 0;
  }
  return copy.subarray(0, used);
}
