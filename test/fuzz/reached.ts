/** What a fuzz target came to, counted: so that it is seen, and tested, that it comes everywhere. */
export class Reached {
  readonly #counts = new Map<string, Map<string, number>>();

  /** Something of a kind was come to. */
  see(kind: string, name: string): void {
    let names = this.#counts.get(kind);
    if (names === undefined) this.#counts.set(kind, (names = new Map()));
    names.set(name, (names.get(name) ?? 0) + 1);
  }

  /** Those of the names that were never come to. */
  missing(kind: string, names: Iterable<string>): string[] {
    const seen = this.#counts.get(kind);
    return [...names].filter((name) => seen?.has(name) !== true);
  }

  /** A line for each kind: how many names there are, and which were come to the least. */
  summary(): string {
    const lines: string[] = [];
    for (const [kind, names] of this.#counts) {
      const rarest = [...names].sort((one, other) => one[1] - other[1]).slice(0, 4);
      const shown = rarest.map(([name, count]) => `${name} ${count}`).join(', ');
      lines.push(`  ${kind}: ${names.size}, the rarest ${shown}`);
    }
    return lines.join('\n');
  }
}
