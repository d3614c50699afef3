/**
 * Makes the table and the plot anew from what was measured.
 *
 *     node bench/delivery/report.ts [bench/results/delivery.json]
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Results } from './results.ts';
import { writeReport } from './writing.ts';

const [file = join(import.meta.dirname, '..', 'results', 'delivery.json')] = process.argv.slice(2);
writeReport(JSON.parse(readFileSync(file, 'utf8')) as Results, file);
