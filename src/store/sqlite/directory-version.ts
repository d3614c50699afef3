/**
 * The version of the directory as this thread sees it, read at most once in a turn of its event loop: the letters of a busy
 * turn share one reading.
 */
export class DirectoryVersion {
  readonly #read: () => number;
  #known: number | null = null;

  constructor(read: () => number) {
    this.#read = read;
  }

  /** Throws as the reading does. */
  get(): number {
    if (this.#known !== null) return this.#known;
    this.#known = this.#read();
    setImmediate(() => this.forget());
    return this.#known;
  }

  /** This thread has changed something, and sees it at once. */
  forget(): void {
    this.#known = null;
  }
}
