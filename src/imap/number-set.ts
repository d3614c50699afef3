/** `*`: the largest number in use (RFC 9051 section 9, seq-number). */
export const star = Infinity;

/** Both ends belong to it, in either order; `star` is an end like any other. */
export type NumberRange = { readonly from: number; readonly to: number };

/** Sequence numbers or unique identifiers as a command names them (RFC 9051 section 9, sequence-set). */
export type NumberSet = readonly NumberRange[] | SavedResult;

/** `$`: what the last search that was told to has saved (RFC 5182 section 2.1). */
export type SavedResult = 'saved';

/** The ranges with `last` for `star`, lower end first, in order and apart from each other. */
export function resolved(set: readonly NumberRange[], last: number): readonly NumberRange[] {
  const ordered = set
    .map(({ from, to }) => {
      const [one, other] = [from === star ? last : from, to === star ? last : to];
      return one <= other ? { from: one, to: other } : { from: other, to: one };
    })
    .sort((one, other) => one.from - other.from);
  const ranges: { from: number; to: number }[] = [];
  for (const { from, to } of ordered) {
    const before = ranges.at(-1);
    if (before !== undefined && from <= before.to + 1) before.to = Math.max(before.to, to);
    else ranges.push({ from, to });
  }
  return ranges;
}

/** The largest number that a letter can have. */
const largestNumber = 4_294_967_295;

/** What of the ranges, which are in order and apart, is in the set. `*` is every number that there can be. */
export function rangesWithin(
  ranges: readonly NumberRange[],
  set: readonly NumberRange[],
): readonly NumberRange[] {
  const wanted = resolved(set, largestNumber);
  const found: NumberRange[] = [];
  let at = 0;
  for (const range of ranges) {
    while ((wanted[at]?.to ?? Infinity) < range.from) at += 1;
    for (let next = at; next < wanted.length; next++) {
      const { from, to } = wanted[next] ?? range;
      if (from > range.to) break;
      found.push({ from: Math.max(from, range.from), to: Math.min(to, range.to) });
    }
  }
  return found;
}

/** Whether a number is in ranges, which are in order and apart. */
export function isInRanges(ranges: readonly NumberRange[], number: number): boolean {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle]?.to ?? Infinity) < number) low = middle + 1;
    else high = middle;
  }
  return (ranges[low]?.from ?? Infinity) <= number;
}

/** Tells of numbers that rise whether they are in ranges, which are in order and apart. */
export class NumberSetReader {
  readonly #ranges: readonly NumberRange[];
  #at = 0;

  constructor(ranges: readonly NumberRange[]) {
    this.#ranges = ranges;
  }

  has(number: number): boolean {
    while ((this.#ranges[this.#at]?.to ?? Infinity) < number) this.#at += 1;
    return (this.#ranges[this.#at]?.from ?? Infinity) <= number;
  }
}

/** Numbers that rise, as ranges. */
export function rangesOf(numbers: Iterable<number>): readonly NumberRange[] {
  const ranges: { from: number; to: number }[] = [];
  for (const number of numbers) {
    const before = ranges.at(-1);
    if (before !== undefined && before.to + 1 === number) before.to = number;
    else ranges.push({ from: number, to: number });
  }
  return ranges;
}

/** `1:4,7`; of no range nothing, which no sequence-set can say. */
export function formatNumberSet(ranges: readonly NumberRange[]): string {
  return ranges.map(({ from, to }) => (from === to ? String(from) : `${from}:${to}`)).join(',');
}
