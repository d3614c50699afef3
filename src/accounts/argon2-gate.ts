/** How much work with Argon2 goes on at once; each takes 19 MiB and a thread of the pool for some 50 ms. */
export type GateLimits = { readonly running: number; readonly waiting: number };

/** Two leave half of the thread pool to the rest; 64 in the queue wait no longer than two seconds. */
const defaultGateLimits: GateLimits = { running: 2, waiting: 64 };

/** Lets so many through at once, keeps so many waiting in turn, and turns the rest away. */
export class Argon2Gate {
  readonly #limits: GateLimits;
  readonly #queue: (() => void)[] = [];
  #running = 0;

  constructor(limits: GateLimits = defaultGateLimits) {
    this.#limits = limits;
  }

  /** The outcome of `work`; null, and `work` is not begun, where too many wait already. */
  async pass<Value>(work: () => Promise<Value>): Promise<Value | null> {
    if (this.#running >= this.#limits.running) {
      if (this.#queue.length >= this.#limits.waiting) return null;
      // Who lets the next one through hands its place over: `#running` stays as it is.
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    } else {
      this.#running += 1;
    }
    try {
      return await work();
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
