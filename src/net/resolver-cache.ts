/** Something that may be believed until a moment, in milliseconds of a monotonic clock. */
type Entry<Value> = { readonly value: Value; readonly untilMs: number };

/** A bounded memory of answers; the ones that were used longest ago go first. */
export class ResolverCache<Value> {
  readonly #entries = new Map<string, Entry<Value>>();
  readonly #mostEntries: number;
  readonly #monotonic: () => number;

  constructor(mostEntries: number, monotonic: () => number) {
    this.#mostEntries = mostEntries;
    this.#monotonic = monotonic;
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (entry.untilMs <= this.#monotonic()) return undefined;
    this.#entries.set(key, entry);
    return entry.value;
  }

  set(key: string, value: Value, seconds: number): void {
    this.#entries.delete(key);
    if (seconds <= 0) return;
    this.#entries.set(key, { value, untilMs: this.#monotonic() + seconds * 1000 });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > this.#mostEntries && oldest !== undefined) this.#entries.delete(oldest);
  }
}
