import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, parse } from 'node:path';
import { drawPlot } from './plot.ts';
import type { Results } from './results.ts';
import { formatTable } from './table.ts';

/** Writes the figures to this file, and the report beside it. */
export function writeResults(results: Results, file: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, formatResults(results));
  writeReport(results, file);
}

/** Writes `NAME.svg` and, in capitals, `NAME.md` beside the JSON of this name. */
export function writeReport(results: Results, file: string): void {
  const { name } = parse(file);
  writeFileSync(join(dirname(file), `${name}.svg`), drawPlot(results));
  writeFileSync(join(dirname(file), `${name.toUpperCase()}.md`), formatTable(results, `${name}.svg`));
}

/** JSON with a line for each row, and figures as exact as they are: five digits. */
function formatResults({ rows, ...about }: Results): string {
  const lines = rows.map((row) => `  ${JSON.stringify(row, rounded)}`);
  const head = JSON.stringify(about, rounded, 2).replace(/\n\}$/, '');
  return `${head},\n  "rows": [\n${lines.join(',\n')}\n  ]\n}\n`;
}

const rounded = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value;
