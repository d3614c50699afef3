import { whenThere, type Eventually } from '../result.ts';
import type { Store } from '../store/port.ts';

/** More is not remembered: what was made longest ago goes. */
const mostRemembered = 5000;

/** Remembers what was made of the store's directory, by name, until the directory changes. */
export class Remembered<Value> {
  readonly #store: Pick<Store, 'directoryVersion'>;
  readonly #isWorthIt: (value: Value) => boolean;
  readonly #values = new Map<string, Value>();
  #version: number | null = null;

  /** `isWorthIt` keeps out what strangers could fill the memory with. */
  constructor(store: Pick<Store, 'directoryVersion'>, isWorthIt: (value: Value) => boolean) {
    this.#store = store;
    this.#isWorthIt = isWorthIt;
  }

  /** The value of this name, made where it is not known. */
  get(name: string, make: () => Promise<Value>): Eventually<Value> {
    return whenThere(this.#store.directoryVersion(), (version) => {
      if (version !== this.#version) this.#values.clear();
      this.#version = version;
      return this.#values.get(name) ?? this.#make(version, name, make);
    });
  }

  async #make(version: number, name: string, make: () => Promise<Value>): Promise<Value> {
    const value = await make();
    if (version !== this.#version || !this.#isWorthIt(value)) return value;
    this.#values.set(name, value);
    if (this.#values.size > mostRemembered) {
      const [oldest = name] = this.#values.keys();
      this.#values.delete(oldest);
    }
    return value;
  }
}
