import { asBuffer } from './buffer.ts';

const dot = Buffer.from('.');
const CR = 13;
const LF = 10;
const DOT = 46;
const ends = { text: '\r\n.\r\n', line: '.\r\n', cr: '\n.\r\n' } as const;

/**
 * The content of DATA on its way out: a line that begins with a dot gets another (RFC 5321 section 4.5.2). The content
 * must have CRLF line ends; a last line without one is ended.
 */
export class DotWriter {
  #at: 'line' | 'text' | 'cr' = 'line';

  /** The chunk with dots doubled, as views of the chunk and single dots between them. */
  push(chunk: Uint8Array): Uint8Array[] {
    const bytes = asBuffer(chunk);
    const out: Uint8Array[] = [];
    if (bytes.length === 0) return out;
    if (this.#at === 'line' && bytes[0] === DOT) out.push(dot);
    let from = 0;
    for (
      let stop = bytes.indexOf('\n.', 0, 'latin1');
      stop >= 0;
      stop = bytes.indexOf('\n.', from, 'latin1')
    ) {
      out.push(bytes.subarray(from, stop + 1), dot);
      from = stop + 1;
    }
    out.push(bytes.subarray(from));
    const last = bytes[bytes.length - 1];
    this.#at = last === LF ? 'line' : last === CR ? 'cr' : 'text';
    return out;
  }

  /** What ends the data after the last chunk. */
  end(): Uint8Array {
    return Buffer.from(ends[this.#at], 'latin1');
  }
}
