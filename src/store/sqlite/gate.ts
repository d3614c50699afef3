/** Lets one through at a time, in the order in which they come. */
export class Gate {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `run` after all that came before; what one of them fails with is nobody else's. */
  pass<Value>(run: () => Promise<Value>): Promise<Value> {
    const passed = this.#last.then(run);
    this.#last = passed.catch(() => null);
    return passed;
  }
}
