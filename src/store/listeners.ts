import type { Change } from './port.ts';

/** Those who are told of changes. */
export class Listeners {
  readonly #listeners = new Set<(change: Change) => void>();

  /** Adds a listener (the same function may be added twice) and gives the function that removes it. */
  add(listener: (change: Change) => void): () => void {
    const own = (change: Change): void => listener(change);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  get size(): number {
    return this.#listeners.size;
  }

  /**
   * Tells everybody, in order. A listener that throws is a fault of its own: it reaches the process as an uncaught
   * exception, and neither the other listeners nor the write that is being answered notice.
   */
  tell(changes: readonly Change[]): void {
    for (const change of changes)
      for (const listener of this.#listeners)
        try {
          listener(change);
        } catch (fault) {
          queueMicrotask(() => {
            throw fault;
          });
        }
  }

  clear(): void {
    this.#listeners.clear();
  }
}
