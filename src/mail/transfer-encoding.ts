import { asBuffer } from '../bytes/buffer.ts';
import { QuotedPrintableReader } from './quoted-printable.ts';

/** Undoes a transfer encoding (RFC 2045 section 6) of bytes that come in chunks, split anywhere. Never fails. */
export interface TransferReader {
  /** What the chunk adds, perhaps a view of it. */
  push(chunk: Uint8Array): Uint8Array;
  /** What was waiting for more. */
  end(): Uint8Array;
}

/** The reader for an encoding's lower-case name; of one that is not known the bytes stay as they are. */
export const transferReader = (encoding: string): TransferReader => {
  if (encoding === 'base64') return new Base64Reader();
  return encoding === 'quoted-printable' ? new QuotedPrintableReader() : asTheyStand;
};

/** Whether bytes in this encoding stand for themselves. */
export const isIdentity = (encoding: string): boolean =>
  encoding === '7bit' || encoding === '8bit' || encoding === 'binary';

const NOTHING = new Uint8Array(0);

const asTheyStand: TransferReader = { push: (chunk) => chunk, end: () => NOTHING };

const NO_BASE64 = /[^A-Za-z0-9+/=]+/g;

/**
 * Reads base64 (RFC 2045 section 6.8): what is not of its alphabet is passed over. Lenient: after a padding another text
 * may follow (programs that join encoded pieces).
 */
class Base64Reader implements TransferReader {
  /** Up to three characters that are not yet a whole group. */
  #held = '';

  push(chunk: Uint8Array): Uint8Array {
    const text = this.#held + asBuffer(chunk).toString('latin1');
    const bytes = new Uint8Array(Math.ceil((text.length * 3) / 4));
    return this.#readPlain(text, bytes) ?? this.#readAny(text.replaceAll(NO_BASE64, ''));
  }

  end(): Uint8Array {
    const rest = this.#held;
    this.#held = '';
    return Buffer.from(rest, 'base64');
  }

  /** As nearly all of it is: whole groups, white space, padding at the end. Null for anything else. */
  #readPlain(text: string, bytes: Uint8Array): Uint8Array | null {
    try {
      const { read, written } = bytes.setFromBase64(text, { lastChunkHandling: 'stop-before-partial' });
      this.#held = text.slice(read).replaceAll(NO_BASE64, '');
      return bytes.subarray(0, written);
    } catch {
      // The decoder's only way to say that there is something else in the text.
      return null;
    }
  }

  /** Text of the alphabet, and padding anywhere. */
  #readAny(text: string): Uint8Array {
    const runs = text.split(/=+/);
    this.#held = '';
    const pieces = runs.map((run, index) => {
      const isLast = index === runs.length - 1;
      const whole = isLast ? run.length - (run.length % 4) : run.length;
      if (isLast) this.#held = run.slice(whole);
      return Buffer.from(run.slice(0, whole), 'base64');
    });
    return Buffer.concat(pieces);
  }
}
