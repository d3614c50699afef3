import { systemClock } from '../net/clock.ts';

/** What is done of what there is to do; `total` is null where nobody knows. */
export type Progress = (done: number, total: number | null) => void;

const everyMs = 100;
const barWidth = 30;

/**
 * A line at the terminal that shows how far a command is, and nothing where the error output is no terminal. `end` takes
 * the line away again, so that what is printed afterwards stands alone.
 */
export function progressLine(
  what: string,
  output: Pick<NodeJS.WriteStream, 'isTTY' | 'write'> = process.stderr,
): { readonly progress: Progress; readonly end: () => void } {
  if (!output.isTTY) return { progress: () => {}, end: () => {} };
  let shownAt = -everyMs;
  let length = 0;
  const show = (line: string): void => {
    output.write(`\r${line.padEnd(length)}`);
    length = line.length;
  };
  return {
    progress: (done, total) => {
      const now = systemClock.monotonic();
      if (now - shownAt < everyMs && done !== total) return;
      shownAt = now;
      show(total === null ? `${what} ${done}` : `${what} ${bar(done, total)}`);
    },
    end: () => {
      if (length > 0) output.write(`\r${' '.repeat(length)}\r`);
      length = 0;
    },
  };
}

function bar(done: number, total: number): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const full = Math.floor(share * barWidth);
  return `[${'#'.repeat(full)}${'.'.repeat(barWidth - full)}] ${String(Math.floor(share * 100)).padStart(3)}%`;
}
