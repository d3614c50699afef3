import type { OmittedRange } from '../../mail/omitted-ranges.ts';

/** The ranges as the column has them, `[[start,end],…]`; null for none, as nearly every letter has. */
export const formatOmitted = (ranges: readonly OmittedRange[]): string | null =>
  ranges.length === 0 ? null : JSON.stringify(ranges.map(({ start, end }) => [start, end]));

/** The ranges that `formatOmitted` wrote. */
export const parseOmitted = (column: string): readonly OmittedRange[] =>
  (JSON.parse(column) as readonly (readonly [number, number])[]).map(([start, end]) => ({ start, end }));
