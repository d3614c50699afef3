import type { Machine } from '../machine.ts';
import { spreadOf, type Spread } from '../spread.ts';
import type { Contender } from './contender.ts';
import type { Workload } from './workload.ts';

/** What one run of a workload came to; null for what cannot be told here, or of no letter. */
export type Figures = {
  /** Letters that were answered 250 in a second of the window. */
  readonly acknowledgedPerSecond: number;
  /** Letters that reached mailboxes in a second, those counted that a queue still held when the window ended. */
  readonly deliveredPerSecond: number | null;
  /** Seconds of cores, of all the server's processes, until the letters were in the mailboxes. */
  readonly cpuSecondsPer1000: number | null;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** The most memory of all the server's processes that was seen; shared pages counted for each, and once. */
  readonly residentMiB: number;
  readonly proportionalMiB: number;
  /** Flushes of the machine's disks, by whomever. */
  readonly flushesPerLetter: number | null;
};

/** One run. */
export type Run = {
  readonly contender: string;
  readonly workload: Workload;
  readonly figures: Figures;
  readonly acknowledged: number;
  /** Letters in the mailboxes that were not there before. */
  readonly delivered: number;
  readonly failures: Readonly<Record<string, number>>;
  /** How much of the time the client was busy (0 to 1): near 1 the server could have done more. */
  readonly clientBusy: number;
  readonly protection: string;
};

/** The repetitions of one workload by one contender. */
export type Row = {
  readonly contender: string;
  readonly workload: Workload;
  readonly runs: number;
  readonly figures: Readonly<Record<keyof Figures, Spread | null>>;
  readonly acknowledged: number;
  readonly delivered: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly clientBusy: Spread;
  readonly protection: string;
};

/** Who was there, and what is to be known of them. */
export type Participant = Pick<Contender, 'name' | 'title' | 'does' | 'acknowledges'> & {
  /** Null where it did not run. */
  readonly version: string | null;
  /** Why it was not measured, or not to the end. */
  readonly trouble: string | null;
};

/** Everything that table and plot are made from. */
export type Results = {
  readonly takenOn: string;
  readonly machine: Machine;
  readonly settings: {
    readonly repetitions: number;
    readonly windowSeconds: number;
    readonly warmUpSeconds: number;
    readonly groups: string;
    /** How the processes' time was counted. */
    readonly countedBy: string;
  };
  readonly participants: readonly Participant[];
  readonly rows: readonly Row[];
};

/** Puts the runs of one contender and workload together; they are at least one. */
export function rowOf(runs: readonly Run[]): Row {
  const [first] = runs;
  if (first === undefined) throw new Error('a row needs a run');
  const spread = (name: keyof Figures): Spread | null => {
    const values = runs.map((run) => run.figures[name]).filter((value) => value !== null);
    return values.length === runs.length ? spreadOf(values) : null;
  };
  const failures = new Map<string, number>();
  for (const [what, count] of runs.flatMap((run) => Object.entries(run.failures)))
    failures.set(what, (failures.get(what) ?? 0) + count);
  const sum = (of: (run: Run) => number): number => runs.reduce((total, run) => total + of(run), 0);
  return {
    contender: first.contender,
    workload: first.workload,
    runs: runs.length,
    figures: {
      acknowledgedPerSecond: spread('acknowledgedPerSecond'),
      deliveredPerSecond: spread('deliveredPerSecond'),
      cpuSecondsPer1000: spread('cpuSecondsPer1000'),
      p50Ms: spread('p50Ms'),
      p99Ms: spread('p99Ms'),
      residentMiB: spread('residentMiB'),
      proportionalMiB: spread('proportionalMiB'),
      flushesPerLetter: spread('flushesPerLetter'),
    },
    acknowledged: sum((run) => run.acknowledged),
    delivered: sum((run) => run.delivered),
    failures: Object.fromEntries(failures),
    clientBusy: spreadOf(runs.map((run) => run.clientBusy)),
    protection: first.protection,
  };
}
