import { asBuffer } from './buffer.ts';

const CR = 13;
const LF = 10;
const DOT = 46;
const dot = Buffer.from('.');
const crlf = Buffer.from('\r\n');

/** What keeps text from going out as it is: a CR or an LF alone, and a dot that begins a line. */
const special = /\r(?!\n)|(?<!\r)\n|\n\./;
const bare = /\r(?!\n)|(?<!\r)\n/;
const lineEnds = /\r\n|\r|\n/g;

/**
 * Text as a multi-line response (RFC 1939 section 3): lines that end in CRLF, those that begin with a dot with another
 * one, and at last a line with a dot alone. A CR or an LF alone ends a line as well, because programs differ in what they take for
 * one: whatever the text holds, none of them sees the end of the response in it. Text without any of these is
 * searched once and handed on as it is.
 */
export class MultilineWriter {
  /** `cr`: a CR was held back, which may be half of a CRLF. */
  #at: 'line' | 'text' | 'cr' = 'line';

  /** The chunk as it goes out; what is not changed in it are views of it. */
  push(chunk: Uint8Array): Uint8Array[] {
    const out: Uint8Array[] = [];
    if (chunk.length === 0) return out;
    let bytes = asBuffer(chunk);
    if (this.#at === 'cr') {
      out.push(crlf);
      this.#at = 'line';
      if (bytes[0] === LF) bytes = bytes.subarray(1);
      if (bytes.length === 0) return out;
    }
    if (this.#at === 'line' && bytes[0] === DOT) out.push(dot);
    const last = bytes[bytes.length - 1];
    if (last === CR) bytes = bytes.subarray(0, -1);
    const text = bytes.toString('latin1');
    if (bytes.length > 0) out.push(special.test(text) ? rewritten(text) : bytes);
    this.#at = last === CR ? 'cr' : last === LF ? 'line' : 'text';
    return out;
  }

  /** What ends the response behind the last chunk. */
  end(): Uint8Array {
    return this.#at === 'line' ? lineEnd : textEnd;
  }
}

const lineEnd = Buffer.from('.\r\n');
const textEnd = Buffer.from('\r\n.\r\n');

/** Twice as long at the most, however many dots and line ends there are. */
function rewritten(text: string): Buffer {
  const lines = bare.test(text) ? text.replaceAll(lineEnds, '\r\n') : text;
  return Buffer.from(lines.replaceAll('\n.', '\n..'), 'latin1');
}
