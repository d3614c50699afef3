/** RFC 2046 section 5.1.1 has 70 octets at the most; some programs write more. Behind a longer one nothing is a part. */
export const longestBoundary = 250;
/** White space after a boundary, and the CR; more is no boundary's line. */
const LONGEST_PADDING = 100;
/** Octets of a line that may be one of a boundary, without its LF. */
export const longestBoundaryLine = 2 + longestBoundary + 2 + LONGEST_PADDING;

/** What a line is to the open multiparts: the beginning of a part of one, or the end of its last. */
export type Delimiter = { readonly is: 'opening' | 'closing'; readonly level: number };

/**
 * The boundaries of the multiparts that are open, each with the level of its multipart, innermost last. A line is looked
 * up, and not compared with each, so that deep nesting makes no line dearer.
 */
export class Boundaries {
  readonly #open: { readonly boundary: string; readonly level: number; readonly hidden: number | null }[] =
    [];
  readonly #levels = new Map<string, number>();

  get count(): number {
    return this.#open.length;
  }

  push(boundary: string, level: number): void {
    this.#open.push({ boundary, level, hidden: this.#levels.get(boundary) ?? null });
    this.#levels.set(boundary, level);
  }

  /** Forgets the boundaries of this level and of all inside it. */
  closeFrom(level: number): void {
    for (;;) {
      const last = this.#open.at(-1);
      if (last === undefined || last.level < level) return;
      this.#open.pop();
      if (last.hidden === null) this.#levels.delete(last.boundary);
      else this.#levels.set(last.boundary, last.hidden);
    }
  }

  // delimiter       = CRLF "--" boundary
  // close-delimiter = delimiter "--"
  /**
   * What the line is whose text, without padding, follows its two hyphens. It has to be the whole boundary: one may be
   * the beginning of another (RFC 2046 section 5.1.1). Of two that fit the innermost counts.
   */
  find(text: string): Delimiter | null {
    const opening = this.#levels.get(text) ?? -1;
    const closing = text.endsWith('--') ? (this.#levels.get(text.slice(0, -2)) ?? -1) : -1;
    if (opening === -1 && closing === -1) return null;
    return opening > closing ? { is: 'opening', level: opening } : { is: 'closing', level: closing };
  }
}
