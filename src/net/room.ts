/**
 * The memory that letters under way in one thread may take together, and what of it each holder may: who fills a share
 * keeps nobody else out.
 */
export class Room {
  readonly #limitBytes: number;
  readonly #shareBytes: number;
  readonly #held = new Map<string, number>();
  #usedBytes = 0;

  /** `shareBytes` is the most that one holder may have; everything where left out. */
  constructor(limitBytes: number, shareBytes: number = limitBytes) {
    this.#limitBytes = limitBytes;
    this.#shareBytes = shareBytes;
  }

  /** Whether so many bytes would fit now; nothing is taken. */
  fits(bytes: number, holder = ''): boolean {
    const held = this.#held.get(holder) ?? 0;
    return this.#usedBytes + bytes <= this.#limitBytes && held + bytes <= this.#shareBytes;
  }

  /** Takes so many bytes; false, and nothing taken, where they do not fit. */
  take(bytes: number, holder = ''): boolean {
    if (!this.fits(bytes, holder)) return false;
    this.#usedBytes += bytes;
    this.#held.set(holder, (this.#held.get(holder) ?? 0) + bytes);
    return true;
  }

  /** Gives back what was taken for the same holder. */
  give(bytes: number, holder = ''): void {
    this.#usedBytes -= bytes;
    const left = (this.#held.get(holder) ?? 0) - bytes;
    if (left > 0) this.#held.set(holder, left);
    else this.#held.delete(holder);
  }
}
