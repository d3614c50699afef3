import { asBuffer } from '../../bytes/buffer.ts';
import { TextLines } from '../../bytes/text-lines.ts';
import type { Body } from '../session.ts';

const high = /[\u0080-\u00FF]/;

/** The least that a letter must be declared as: by what its octets are, and not by what its header says of them. */
export function bodyOf(chunks: readonly Uint8Array[]): Body {
  let body: Body = '7BIT';
  const lines = new TextLines();
  for (const chunk of chunks) {
    const bytes = asBuffer(chunk);
    if (lines.push(bytes) !== null || bytes.includes(0)) return 'BINARYMIME';
    if (body === '7BIT' && high.test(bytes.toString('latin1'))) body = '8BITMIME';
  }
  return lines.mayEnd ? body : 'BINARYMIME';
}

/**
 * Sees that text which goes out has whole lines: a CR or LF alone would be taken for the end of a line, or of the letter,
 * by some other server (RFC 5321 section 2.3.8). A fault where it has not: such a letter is BINARYMIME.
 */
export class OutgoingText {
  #lines = new TextLines();

  push(chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) if (this.#lines.push(chunk) !== null) throw bareLineEnd();
  }

  /** The letter is whole as it is; the next one is another. */
  endAsItIs(): void {
    if (!this.#lines.mayEnd) throw bareLineEnd();
    this.forget();
  }

  /** The next letter is another: this one is given up, or its last line is ended for it. */
  forget(): void {
    this.#lines = new TextLines();
  }
}

const bareLineEnd = (): Error => new Error('a letter with a bare CR or LF goes as BINARYMIME');
