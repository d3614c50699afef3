const FIRST_BYTES = 4096;

/** Collects the header of one part after the other, each as far as its bound and the bound of all together go. */
export class HeaderBytes {
  readonly #bound: number;
  #roomInAll: number;
  /** Grows to the longest header, and is used for all. */
  #buffer = Buffer.allocUnsafe(FIRST_BYTES);
  #length = 0;
  #isCut = false;

  constructor(bound: number, boundInAll: number) {
    this.#bound = bound;
    this.#roomInAll = boundInAll;
  }

  /** Whether something of a header was left out. */
  get isCut(): boolean {
    return this.#isCut;
  }

  push(bytes: Uint8Array): void {
    // One octet beyond the bound tells the reader that there is more.
    const room = Math.min(this.#bound, this.#roomInAll) + 1 - this.#length;
    const taken = bytes.length > room ? bytes.subarray(0, room) : bytes;
    const length = this.#length + taken.length;
    if (length > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, this.#buffer.length * 2));
      larger.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = larger;
    }
    this.#buffer.set(taken, this.#length);
    this.#length = length;
  }

  /** The header, good until the next `push`, and how many of its bytes may be read: a field beyond that is cut off. */
  take(): { readonly bytes: Uint8Array; readonly limit: number } {
    const limit = Math.min(this.#bound, this.#roomInAll);
    const bytes = this.#buffer.subarray(0, this.#length);
    this.#isCut ||= this.#length > limit;
    this.#roomInAll -= Math.min(this.#length, limit);
    this.#length = 0;
    return { bytes, limit };
  }
}
