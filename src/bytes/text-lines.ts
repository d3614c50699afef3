import { asBuffer } from './buffer.ts';

const CR = 13;
const LF = 10;

/** A CR or LF that stands alone. */
const bare = /\r(?!\n)|(?<!\r)\n/g;

/**
 * Looks for a CR without LF and an LF without CR in text that comes in chunks split anywhere: only CRLF ends a line
 * (RFC 5321 section 2.3.8). The text is searched, never walked.
 */
export class TextLines {
  #endsInCr = false;

  /**
   * null while every line end is whole. Else the octets of the chunk before the one that shows that one is not: the LF
   * itself, or what follows a CR; however the text is split, it is the same octet.
   */
  push(chunk: Uint8Array): number | null {
    if (chunk.length === 0) return null;
    const bytes = asBuffer(chunk);
    const startsWithLf = bytes[0] === LF;
    if (this.#endsInCr !== startsWithLf) return 0;
    this.#endsInCr = bytes[bytes.length - 1] === CR;
    const from = startsWithLf ? 1 : 0;
    const text = bytes.toString('latin1', from);
    bare.lastIndex = 0;
    const stop = bare.exec(text);
    if (stop === null) return null;
    const shownAt = stop.index + from + (stop[0] === '\r' ? 1 : 0);
    return shownAt === bytes.length ? null : shownAt;
  }

  /** Whether the text may end here: not between a CR and its LF. */
  get mayEnd(): boolean {
    return !this.#endsInCr;
  }
}
