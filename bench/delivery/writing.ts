import { writeFileSync } from 'node:fs';
import { dirname, join, parse } from 'node:path';
import { drawPlot } from './plot.ts';
import type { Results } from './results.ts';
import { formatTable } from './table.ts';

/** Writes `NAME.svg` and, in capitals, `NAME.md` beside the JSON of this name. */
export function writeReport(results: Results, file: string): void {
  const { name } = parse(file);
  writeFileSync(join(dirname(file), `${name}.svg`), drawPlot(results));
  writeFileSync(join(dirname(file), `${name.toUpperCase()}.md`), formatTable(results, `${name}.svg`));
}
