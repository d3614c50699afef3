/** Somebody who waits for an answer of this server. */
export type Waiting = {
  /** The answer takes its time. */
  stillWaits(): void;
};

/** Tells those whose answers take long, again and again, all of a thread with one timer. */
export class SlowAnswers {
  readonly #everyMs: number;
  /** Whether each was there when it was looked last: who came since has not waited long. */
  readonly #waiting = new Map<Waiting, 'new' | 'seen'>();
  #timer: NodeJS.Timeout | null = null;

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  add(waiting: Waiting): void {
    this.#waiting.set(waiting, 'new');
    this.#timer ??= setInterval(() => this.#look(), this.#everyMs).unref();
  }

  remove(waiting: Waiting): void {
    this.#waiting.delete(waiting);
  }

  #look(): void {
    if (this.#waiting.size === 0 && this.#timer !== null) {
      clearInterval(this.#timer);
      this.#timer = null;
    }
    for (const [waiting, since] of this.#waiting) {
      if (since === 'seen') waiting.stillWaits();
      else this.#waiting.set(waiting, 'seen');
    }
  }
}
