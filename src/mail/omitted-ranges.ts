import type { Header, HeaderField } from './header.ts';

/** Bytes of a letter as it came that are not served: from `start` up to, and without, `end`. */
export type OmittedRange = { readonly start: number; readonly end: number };

/** The fields of a letter's whole header that are to be left out, as ranges of its bytes: in order, neighbours joined. */
export function omittedFields(
  header: Header,
  isOmitted: (field: HeaderField) => boolean,
): readonly OmittedRange[] {
  const omitted: OmittedRange[] = [];
  for (const field of header.fields) {
    if (!isOmitted(field)) continue;
    const last = omitted.at(-1);
    if (last?.end === field.start) omitted[omitted.length - 1] = { start: last.start, end: field.end };
    else omitted.push({ start: field.start, end: field.end });
  }
  return omitted;
}

/** How many bytes the ranges hold together; they are in order and do not overlap. */
export const omittedBytes = (ranges: readonly OmittedRange[]): number =>
  ranges.reduce((sum, { start, end }) => sum + end - start, 0);

/** The pieces of `bytes` between the ranges, as views; `bytes` itself where nothing is left out. */
export function keptPieces(bytes: Uint8Array, ranges: readonly OmittedRange[]): readonly Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const { start, end } of ranges) {
    if (start > at) pieces.push(bytes.subarray(at, start));
    at = Math.max(at, end);
  }
  if (at < bytes.length || pieces.length === 0) pieces.push(bytes.subarray(at));
  return pieces;
}

/** What of the ranges is in a piece that begins at `at` of the letter, counted from there. */
export const rangesWithin = (
  ranges: readonly OmittedRange[],
  at: number,
  length: number,
): readonly OmittedRange[] =>
  ranges.flatMap((range) => {
    const start = Math.max(0, range.start - at);
    const end = Math.min(length, range.end - at);
    return end > start ? [{ start, end }] : [];
  });

/** The pieces of a letter that comes in chunks, as `keptPieces` gives them of one. */
export function* keptChunks(
  chunks: Iterable<Uint8Array>,
  ranges: readonly OmittedRange[],
): Iterable<Uint8Array> {
  let at = 0;
  let next = 0;
  for (const chunk of chunks) {
    const end = at + chunk.length;
    for (let from = at; from < end;) {
      while (next < ranges.length && (ranges[next]?.end ?? 0) <= from) next += 1;
      const range = ranges[next];
      if (range !== undefined && range.start <= from) {
        from = Math.min(end, range.end);
        continue;
      }
      const to = range === undefined ? end : Math.min(end, range.start);
      yield chunk.subarray(from - at, to - at);
      from = to;
    }
    at = end;
  }
}
