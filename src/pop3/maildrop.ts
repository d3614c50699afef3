/** The letters of a maildrop as they were when the session began, from 1 on in the order in which they came. */
export interface Maildrop {
  readonly count: number;
  /**
   * Octets of the letter as it is kept.
   *
   * Deviation: a letter has another size on its way out than LIST says (RFC 1939 section 11) where a CR or an LF alone in it
   * becomes CRLF, and where its header becomes ASCII: to know it, each letter would have to be read when a session begins.
   */
  sizeBytes(number: number): number;
  /**
   * What the letter is called in every session, and no other letter ever: 1 to 70 characters from `!` to `~` (RFC 1939
   * section 7).
   */
  uniqueId(number: number): string;
}

/** A maildrop in use: its letters, and which of them QUIT will remove. */
export class MarkedMaildrop {
  readonly #letters: Maildrop;
  /** A bit a letter, so that a session with a million letters stays small. */
  readonly #marks: Uint8Array;
  #leftCount: number;
  #leftBytes = 0;

  constructor(letters: Maildrop) {
    this.#letters = letters;
    this.#marks = new Uint8Array(Math.ceil((letters.count + 1) / 8));
    this.#leftCount = letters.count;
    for (let number = 1; number <= letters.count; number += 1) this.#leftBytes += letters.sizeBytes(number);
  }

  /** All letters, those that are marked included. */
  get count(): number {
    return this.#letters.count;
  }

  /** How many are not marked. */
  get leftCount(): number {
    return this.#leftCount;
  }

  /** The octets of those that are not marked. */
  get leftBytes(): number {
    return this.#leftBytes;
  }

  /** Whether there is a letter of that number, and whether it is marked. */
  look(number: number): 'there' | 'marked' | 'none' {
    if (number < 1 || number > this.#letters.count) return 'none';
    return this.#isMarked(number) ? 'marked' : 'there';
  }

  sizeBytes(number: number): number {
    return this.#letters.sizeBytes(number);
  }

  uniqueId(number: number): string {
    return this.#letters.uniqueId(number);
  }

  /** Marks a letter that is there and not marked. */
  mark(number: number): void {
    const byte = number >> 3;
    this.#marks[byte] = (this.#marks[byte] ?? 0) | (1 << (number & 7));
    this.#leftCount -= 1;
    this.#leftBytes -= this.#letters.sizeBytes(number);
  }

  /** Takes all marks back. */
  reset(): void {
    for (const number of this.marked()) this.#leftBytes += this.#letters.sizeBytes(number);
    this.#leftCount = this.#letters.count;
    this.#marks.fill(0);
  }

  /** The numbers of the letters that are marked. */
  marked(): readonly number[] {
    const found: number[] = [];
    if (this.#leftCount === this.#letters.count) return found;
    for (let number = 1; number <= this.#letters.count; number += 1)
      if (this.#isMarked(number)) found.push(number);
    return found;
  }

  #isMarked(number: number): boolean {
    return ((this.#marks[number >> 3] ?? 0) & (1 << (number & 7))) !== 0;
  }
}
