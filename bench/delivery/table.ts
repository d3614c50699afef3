import { formatMachine } from '../machine.ts';
import { formatFigure, formatSpread, type Spread } from '../spread.ts';
import type { Participant, Results, Row } from './results.ts';
import { formatWorkload } from './workload.ts';

/** A client that is busy for more of the time is what bounds the figure. */
const boundFrom = 0.9;

const columns = [
  'contender',
  'letters/s acknowledged',
  'letters/s delivered',
  'CPU s per 1,000',
  'p50 ms',
  'p99 ms',
  'memory MiB',
  'flushes per letter',
  'ratio',
];

/** The results as a page of Markdown with one table, beside the plot of this name. */
export function formatTable(results: Results, plot: string): string {
  const { machine, settings, participants } = results;
  const repetitions = settings.repetitions === 1 ? 'one run' : `medians of ${settings.repetitions} runs`;
  return `# Durable deliveries over TLS 1.3

${results.takenOn}; ${repetitions} of ${settings.windowSeconds} s${settings.repetitions === 1 ? '' : ', with the least and the most of them in parentheses'}. \`make bench-delivery\` repeats it on another
machine, whose figures do not compare with these; the ratios do, roughly. [README](../README.md) says what is measured.

${formatMachine(machine)}- ${protections(results.rows)}; CPU counted by ${settings.countedBy}

![letters a second](${plot})

${participants.map(introduce).join('')}
Letters a second are acknowledged (answered 250), and delivered: found in the mailboxes, those counted that a queue still held when
the window ended. CPU is that of all the server's processes until then. Latency is from MAIL, or from the first octet where a
connection carries one letter, to the 250. Memory is the most that was seen, with shared pages counted for each process, and in
parentheses counted once. Flushes are those of the machine's disks. The ratio is of letters delivered, to the first row. † The
client was busy all the time: the server could do more. ‡ Something failed: see the row.

| ${columns.join(' | ')} |
| --- | ${columns
    .slice(1)
    .map(() => '---:')
    .join(' | ')} |
${[...Map.groupBy(results.rows, ({ workload }) => formatWorkload(workload))].map(([title, rows]) => group(title, rows, participants)).join('')}`;
}

const protections = (rows: readonly Row[]): string =>
  [...new Set(rows.map(({ protection }) => protection))].join('; ');

function introduce({ title, version, does, trouble }: Participant): string {
  const who = `**${title}**${version === null ? '' : ` ${version}`}`;
  const told = trouble === null ? '' : ` **${trouble.replaceAll(/\s*\n\s*/g, ' / ')}**`;
  return `- ${who}: ${does}${told}\n`;
}

function group(title: string, rows: readonly Row[], participants: readonly Participant[]): string {
  const heading = `| **${title}** |${' |'.repeat(columns.length - 1)}\n`;
  const base = rows[0] === undefined ? null : rate(rows[0]);
  return heading + rows.map((row) => line(row, base, participants)).join('');
}

/** What rows are compared by: delivered letters, and of a floor that keeps none those acknowledged. */
const rate = ({ figures }: Row): Spread | null => figures.deliveredPerSecond ?? figures.acknowledgedPerSecond;

function line(row: Row, base: Spread | null, participants: readonly Participant[]): string {
  const { figures } = row;
  const title = participants.find(({ name }) => name === row.contender)?.title ?? row.contender;
  const own = rate(row);
  const cells = [
    `${title}${complaints(row)}`,
    `${spread(figures.acknowledgedPerSecond)}${row.clientBusy.median > boundFrom ? ' †' : ''}`,
    figures.deliveredPerSecond === null ? 'none' : spread(figures.deliveredPerSecond),
    spread(figures.cpuSecondsPer1000),
    median(figures.p50Ms),
    median(figures.p99Ms),
    `${median(figures.residentMiB)} (${median(figures.proportionalMiB)})`,
    median(figures.flushesPerLetter),
    own === null || base === null ? '' : formatFigure(own.median / base.median),
  ];
  return `| ${cells.join(' | ')} |\n`;
}

function complaints({ acknowledged, delivered, failures }: Row): string {
  const parts = Object.entries(failures).map(([what, count]) => `${what} × ${count}`);
  if (delivered !== acknowledged) parts.push(`${delivered} of ${acknowledged} letters arrived`);
  return parts.length === 0 ? '' : ` ‡ ${parts.join(', ')}`;
}

const spread = (value: Spread | null): string => (value === null ? 'not known' : formatSpread(value));
const median = (value: Spread | null): string => (value === null ? 'not known' : formatFigure(value.median));
