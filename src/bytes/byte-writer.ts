const empty = Buffer.alloc(0);
const firstBytes = 512;
/** Texts up to here are written octet by octet, which costs less than a call into Node. */
const shortText = 24;

/**
 * Puts octets together in memory that grows: what is written in many small pieces goes out in one. It holds no memory
 * while it is empty.
 */
export class ByteWriter {
  #bytes: Buffer = empty;
  #length = 0;

  /** How many octets wait to be taken. */
  get length(): number {
    return this.#length;
  }

  /** Text of characters up to U+00FF, an octet each. */
  latin1(text: string): this {
    const { length } = text;
    this.#grow(length);
    if (length <= shortText) {
      for (let at = 0; at < length; at++) this.#bytes[this.#length + at] = text.charCodeAt(at);
    } else this.#bytes.write(text, this.#length, 'latin1');
    this.#length += length;
    return this;
  }

  /** Any text, in UTF-8. */
  utf8(text: string): this {
    this.#grow(text.length * 3);
    this.#length += this.#bytes.write(text, this.#length, 'utf8');
    return this;
  }

  bytes(bytes: Uint8Array): this {
    this.#grow(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  /** What was written, which is the caller's from now on; the writer is empty afterwards. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = empty;
    this.#length = 0;
    return taken;
  }

  #grow(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(firstBytes, needed, 2 * this.#bytes.length));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
