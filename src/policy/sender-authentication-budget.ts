/** Puts a question to the DNS: records in the shapes of `node:dns`, or a rejection with one of its error codes in `code`. */
export type Resolve = (name: string, type: string) => Promise<readonly unknown[]>;

/** What one part of the authentication of a letter may cost. */
export type Budget = { readonly lookups: number; readonly waitMs: number };

/** A question that was not put because the letter has had its share, to mailauth the same as one without an answer. */
class BudgetSpent extends Error {
  override readonly name = 'BudgetSpent';
  readonly code = 'ETIMEOUT';
}

/**
 * A resolver that answers each question once, and none when there were too many or when they took too long. A letter
 * decides what is asked for it, so it must not decide how much.
 */
export class BudgetedResolver {
  readonly #resolve: Resolve;
  readonly #answers = new Map<string, Promise<readonly unknown[]>>();
  readonly #over: Promise<never>;
  readonly #timer: NodeJS.Timeout;
  #left: number;
  #late = false;

  constructor(resolve: Resolve, { lookups, waitMs }: Budget) {
    this.#resolve = resolve;
    this.#left = lookups;
    const { promise, reject } = Promise.withResolvers<never>();
    this.#over = promise;
    // Where no question waits, nobody needs to hear of it.
    promise.catch(() => {});
    this.#timer = setTimeout(() => {
      this.#late = true;
      reject(new BudgetSpent(`the answers took longer than ${waitMs} ms`));
    }, waitMs);
  }

  readonly resolve: Resolve = (name, type) => {
    const key = `${type} ${name.toLowerCase()}`;
    let answer = this.#answers.get(key);
    if (answer === undefined) {
      answer = this.#ask(name, type);
      answer.catch(() => {});
      this.#answers.set(key, answer);
    }
    return answer;
  };

  /** No timer is left behind. Questions under way are still answered. */
  end(): void {
    clearTimeout(this.#timer);
  }

  #ask(name: string, type: string): Promise<readonly unknown[]> {
    this.#left -= 1;
    if (this.#left < 0) return Promise.reject(new BudgetSpent('too many questions'));
    if (this.#late) return this.#over;
    return Promise.race([this.#resolve(name, type), this.#over]);
  }
}
