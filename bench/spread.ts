/** What repeated measurements of one figure came to. */
export type Spread = { readonly median: number; readonly least: number; readonly most: number };

/** Of an even number of values, the median is the mean of the two in the middle. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    least: at(0),
    most: at(sorted.length - 1),
  };
}

/** Three significant digits, more where they stand before the point: `0.123`, `12.3`, `1,234`. */
export const formatFigure = (value: number): string =>
  value.toLocaleString('en', { maximumSignificantDigits: Math.max(3, Math.floor(value).toString().length) });

/** `1,234 (1,200–1,300)`, or the one figure that there is. */
export const formatSpread = ({ median, least, most }: Spread): string =>
  least === most
    ? formatFigure(median)
    : `${formatFigure(median)} (${formatFigure(least)}–${formatFigure(most)})`;
