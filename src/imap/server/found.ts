import type { SearchReturns } from '../grammar/search.ts';
import { formatNumberSet, rangesOf } from '../number-set.ts';
import { quoted } from '../render/string.ts';
import type { PartialResult } from '../search-key.ts';

/** A letter that was found. */
export type FoundLetter = { readonly uid: number; readonly modSeq: bigint };

/** The highest modification sequence; null of nothing. */
export const highestOf = (found: readonly FoundLetter[]): bigint | null =>
  found.reduce<bigint | null>(
    (highest, { modSeq }) => (highest === null || modSeq > highest ? modSeq : highest),
    null,
  );

/**
 * The letters that a search tells of, and so saves: the first, the last and a part, where nothing else is asked (RFC 5182
 * section 2.4, RFC 7162 section 3.1.10, RFC 9394 section 3.1).
 */
export function toldOf<Letter>(found: readonly Letter[], returns: SearchReturns | null): readonly Letter[] {
  if (returns === null) return found;
  const { options, partial } = returns;
  const isPart = options.has('MIN') || options.has('MAX') || partial !== null;
  if (!isPart || options.has('ALL') || options.has('COUNT')) return found;
  const last = found.length - 1;
  const { start, end } = partial === null ? { start: 0, end: 0 } : placesOf(partial, found.length);
  return found.filter(
    (_, index) =>
      (options.has('MIN') && index === 0) ||
      (options.has('MAX') && index === last) ||
      (index >= start && index < end),
  );
}

/** The same as offsets into so many letters. */
export function placesOf(
  { counts, first, last }: PartialResult,
  length: number,
): { readonly start: number; readonly end: number } {
  if (counts === 'from-the-beginning') return { start: first - 1, end: Math.min(last, length) };
  return { start: Math.max(0, length - last), end: Math.max(0, length - first + 1) };
}

/** What an ESEARCH response is made of. */
export type Esearch = {
  readonly tag: string;
  readonly by: 'number' | 'uid';
  /** In the order in which they were found. */
  readonly numbers: readonly number[];
  readonly returns: SearchReturns;
  readonly highest: bigint | null;
};

// esearch-response = "ESEARCH" [search-correlator] [SP "UID"] *(SP search-return-data)   (RFC 9051 section 9)
export function formatEsearch({ tag, by, numbers, returns, highest }: Esearch): string {
  const uid = by === 'uid' ? ' UID' : '';
  const modSeq = highest === null ? '' : ` MODSEQ ${highest}`;
  return `* ESEARCH (TAG ${quoted(tag)})${uid}${formatReturns(numbers, returns)}${modSeq}\r\n`;
}

// search-return-data = "MIN" SP nz-number / "MAX" SP nz-number / "ALL" SP sequence-set / "COUNT" SP number /
//                      "PARTIAL" SP "(" partial-range SP partial-results ")"
/** RFC 4731 section 3.1: of nothing there is no least, no largest and no set, and without an option everything is asked. */
function formatReturns(found: readonly number[], { options, partial }: SearchReturns): string {
  const isAll = options.has('ALL') || (options.size === 0 && partial === null);
  const [first] = found;
  let text = '';
  if (first !== undefined) {
    if (options.has('MIN')) text += ` MIN ${first}`;
    if (options.has('MAX')) text += ` MAX ${found.at(-1)}`;
    if (isAll) text += ` ALL ${formatNumberSet(rangesOf(found))}`;
  }
  if (options.has('COUNT')) text += ` COUNT ${found.length}`;
  return partial === null ? text : `${text} PARTIAL ${formatPartial(found, partial)}`;
}

// partial-results = sequence-set / "NIL"
function formatPartial(found: readonly number[], partial: PartialResult): string {
  const { start, end } = placesOf(partial, found.length);
  const part = found.slice(start, end);
  const sign = partial.counts === 'from-the-end' ? '-' : '';
  const set = part.length === 0 ? 'NIL' : formatNumberSet(rangesOf(part));
  return `(${sign}${partial.first}:${sign}${partial.last} ${set})`;
}
