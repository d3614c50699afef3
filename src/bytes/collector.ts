/** A chunk of at least this size is kept as it is; smaller ones are copied together. */
const wholeBytes = 4096;
const blockBytes = 16_384;

/**
 * Keeps content that arrives in pieces of any size with memory close to its length: a peer that sends one byte in each
 * TLS record costs a byte for a byte, not an object for a byte.
 */
export class Collector {
  #chunks: Uint8Array<ArrayBuffer>[] = [];
  #block: Uint8Array<ArrayBuffer> | null = null;
  #used = 0;
  #sizeBytes = 0;

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  push(chunk: Uint8Array): void {
    this.#sizeBytes += chunk.length;
    if (chunk.length >= wholeBytes) {
      this.#closeBlock();
      this.#chunks.push(chunk as Uint8Array<ArrayBuffer>);
      return;
    }
    if (this.#block === null || this.#used + chunk.length > this.#block.length) {
      this.#closeBlock();
      this.#block = new Uint8Array(this.#sizeBytes < blockBytes ? wholeBytes : blockBytes);
    }
    this.#block.set(chunk, this.#used);
    this.#used += chunk.length;
  }

  /** What was collected, in order; the collector is empty afterwards. */
  take(): Uint8Array<ArrayBuffer>[] {
    this.#closeBlock();
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#block = null;
    this.#sizeBytes = 0;
    return chunks;
  }

  /** A block that is hardly used is copied and goes on: big and small chunks in turn would else keep many of them. */
  #closeBlock(): void {
    if (this.#block === null) return;
    const isMostlyUsed = this.#used * 2 >= this.#block.length;
    if (this.#used > 0)
      this.#chunks.push(
        isMostlyUsed ? this.#block.subarray(0, this.#used) : this.#block.slice(0, this.#used),
      );
    if (isMostlyUsed) this.#block = null;
    this.#used = 0;
  }
}
