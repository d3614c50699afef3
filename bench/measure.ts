import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';

/** What the figures were taken on, on one line. */
export function machine(): string {
  const model = cpus()[0]?.model ?? 'a processor without a name';
  const memoryGiB = Math.round(totalmem() / 2 ** 30);
  const cores = `${availableParallelism()} × ${model}, ${memoryGiB} GiB`;
  const load = loadavg()[0]?.toFixed(2) ?? '?';
  return `Node ${process.versions.node}, ${platform()} ${release()} ${arch()}, ${cores}, load ${load}`;
}

/** The time of a core that the process had, all its threads together: the collector of garbage is part of the price. */
function coreSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** What is measured: one turn of the work. */
export type Turn = () => void | Promise<void>;

async function times(turn: Turn, count: number): Promise<void> {
  for (let done = 0; done < count; done += 1) {
    const waiting = turn();
    if (waiting !== undefined) await waiting;
  }
}

/**
 * How many turns a second of a core makes: the best of three windows, after one to warm up. What other processes do
 * meanwhile is not counted, so that the figure holds on a busy machine too.
 */
export async function rate(turn: Turn, seconds: number): Promise<number> {
  let best = 0;
  let batch = 1;
  for (let window = 0; window < 4; window += 1) {
    const start = coreSeconds();
    let count = 0;
    let spent: number;
    do {
      await times(turn, batch);
      count += batch;
      spent = coreSeconds() - start;
      // Few looks at the clock, however short a turn is.
      if (spent < seconds / 100) batch = Math.min(2 * batch, 10_000);
    } while (spent < seconds / 4);
    if (window > 0) best = Math.max(best, count / spent);
  }
  return best;
}

/** A row of a table: who did it, and how much of it in a second of a core; or why it could not be measured. */
export type Row = { readonly who: string; readonly figure: number | string };

/** A table whose first row the others are compared with. `digits` are those behind the point. */
export function printTable(title: string, unit: string, digits: number, rows: readonly Row[]): void {
  console.log(`\n${title}`);
  const [first] = rows;
  for (const { who, figure } of rows) {
    if (typeof figure === 'string') {
      console.log(`  ${who.padEnd(42)}not measured: ${figure}`);
      continue;
    }
    const shown = figure.toLocaleString('en', {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
    const ratio = typeof first?.figure === 'number' ? (figure / first.figure).toPrecision(2) : '';
    console.log(`  ${who.padEnd(42)}${shown.padStart(10)} ${unit} ${ratio.padStart(8)}`);
  }
}
