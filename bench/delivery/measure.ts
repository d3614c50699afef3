import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as passing } from 'node:timers/promises';
import { describeMachine, diskFlushes } from '../machine.ts';
import { openCost, type Memory, type ProcessCost } from '../process-cost.ts';
import { Child } from './child.ts';
import type { Contender, Server } from './contender.ts';
import type { Job, Load } from './load.ts';
import { rowOf, type Participant, type Results, type Run } from './results.ts';
import { formatWorkload, type Workload } from './workload.ts';

/** What is to be measured. */
export type Plan = {
  readonly contenders: readonly Contender[];
  readonly workloads: readonly Workload[];
  readonly repetitions: number;
  readonly windowMs: number;
  /** How long a workload lasts before its window; and the first one after a start, which is not counted at all. */
  readonly warmUpMs: number;
  readonly groups: string;
  /** A folder on the disk that is measured. */
  readonly folder: string;
  /** Is told how it goes. */
  readonly tell: (line: string) => void;
};

/** How long a queue may take to get empty. */
const emptyingMs = 60_000;

/**
 * Measures everything. In each repetition every contender starts anew, with an empty folder, and does all workloads. What
 * they have written is removed at the end and not before: some file systems make files more slowly for minutes after many
 * were removed, and whoever is measured next would pay for it.
 */
export async function measureAll(plan: Plan): Promise<Results> {
  const folder = mkdtempSync(join(plan.folder, 'letterlock-bench.'));
  // Servers that are not root any more come through here.
  chmodSync(folder, 0o755);
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  const machine = describeMachine(folder);
  const client = new Child('client.child.ts', []);
  const runs: Run[] = [];
  const participants = new Map<string, Participant>();
  const countedBy = new Set<string>();
  try {
    for (let repetition = 1; repetition <= plan.repetitions; repetition += 1)
      for (const contender of rotated(plan.contenders, repetition - 1)) {
        const place = join(folder, `${repetition}-${contender.name}`);
        mkdirSync(place);
        const { participant, counted } = await measureOne(plan, contender, client, place, runs);
        if (participant.trouble !== null) plan.tell(`${contender.title}: ${participant.trouble}`);
        // Trouble in one repetition is not forgotten in the next.
        if ((participants.get(contender.name)?.trouble ?? null) === null)
          participants.set(contender.name, participant);
        if (counted !== null) countedBy.add(counted);
      }
  } finally {
    await client.stop();
    remove();
    process.off('exit', remove);
  }
  return {
    takenOn: new Date().toISOString().slice(0, 10),
    machine,
    settings: {
      repetitions: plan.repetitions,
      windowSeconds: plan.windowMs / 1000,
      warmUpSeconds: plan.warmUpMs / 1000,
      groups: plan.groups,
      countedBy: [...countedBy].join(', '),
    },
    participants: plan.contenders.map((contender) => participants.get(contender.name)!),
    rows: plan.workloads.flatMap((workload) =>
      plan.contenders
        .map(({ name }) => runs.filter((run) => run.contender === name && run.workload === workload))
        .filter((its) => its.length > 0)
        .map(rowOf),
    ),
  };
}

/** So that nobody always comes after the same neighbour. */
const rotated = <Value>(values: readonly Value[], by: number): readonly Value[] => {
  const from = by % Math.max(1, values.length);
  return [...values.slice(from), ...values.slice(0, from)];
};

type Met = { readonly participant: Participant; readonly counted: ProcessCost['by'] | null };

/** One repetition of one contender. Its runs are added to those that there are, up to where something breaks. */
async function measureOne(
  plan: Plan,
  contender: Contender,
  client: Child,
  place: string,
  runs: Run[],
): Promise<Met> {
  const { name, title, does, acknowledges } = contender;
  const met = (version: string | null, trouble: string | null, counted: Met['counted']): Met => ({
    participant: { name, title, does, acknowledges, version, trouble },
    counted,
  });
  const missing = contender.missing();
  if (missing !== null) return met(null, `not measured: ${missing}`, null);
  let server: Server;
  try {
    server = await contender.start(place);
  } catch (error) {
    return met(null, `it did not start: ${messageOf(error)}`, null);
  }
  const cost = openCost(server.pids);
  try {
    await new Bench(plan, contender, server, cost, client).runAll(runs);
    return met(server.version, null, cost.by);
  } catch (error) {
    return met(server.version, `it broke off: ${messageOf(error)}`, cost.by);
  } finally {
    await server.stop();
    cost.close();
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** A server that runs, and who measures it. */
class Bench {
  readonly #plan: Plan;
  readonly #contender: Contender;
  readonly #server: Server;
  readonly #cost: ProcessCost;
  readonly #client: Child;

  constructor(plan: Plan, contender: Contender, server: Server, cost: ProcessCost, client: Child) {
    this.#plan = plan;
    this.#contender = contender;
    this.#server = server;
    this.#cost = cost;
    this.#client = client;
  }

  async runAll(runs: Run[]): Promise<void> {
    const { tell } = this.#plan;
    const workloads = this.#plan.workloads.filter(({ mode }) => this.#contender.modes.includes(mode));
    const [first] = workloads;
    // Code is compiled and pools of processes are filled by a workload that does not count.
    if (first !== undefined) await this.#run({ ...first, mode: 'many', connections: 10 });
    for (const workload of workloads) {
      const run = await this.#run(workload);
      runs.push(run);
      tell(`${this.#contender.title}: ${formatWorkload(workload)}: ${summary(run)}`);
    }
  }

  async #run(workload: Workload): Promise<Run> {
    const { warmUpMs, windowMs, groups } = this.#plan;
    const job: Job = { target: this.#server.target, workload, groups, warmUpMs, windowMs };
    // Nobody pays for what others have left to be written.
    execFileSync('sync');
    const [delivered, flushes, cpu] = [
      await this.#server.delivered(),
      diskFlushes(),
      this.#cost.cpuSeconds(),
    ];
    const peak = this.#watchMemory();
    const load = (await this.#client.ask(job)) as Load;
    const arrived = await this.#allDelivered(delivered + load.acknowledged);
    const { residentMiB, proportionalMiB } = peak();
    const flushed = diskFlushes();
    const each = (amount: number): number | null =>
      load.acknowledged === 0 ? null : amount / load.acknowledged;
    const acknowledgedPerSecond = load.withinWindow / (windowMs / 1000);
    return {
      contender: this.#contender.name,
      workload,
      figures: {
        acknowledgedPerSecond,
        deliveredPerSecond: this.#deliveredPerSecond(load, acknowledgedPerSecond, arrived.atMs),
        cpuSecondsPer1000: each(1000 * (this.#cost.cpuSeconds() - cpu)),
        p50Ms: load.p50Ms,
        p99Ms: load.p99Ms,
        residentMiB,
        proportionalMiB,
        flushesPerLetter: flushes === null || flushed === null ? null : each(flushed - flushes),
      },
      acknowledged: load.acknowledged,
      delivered: arrived.count - delivered,
      failures: load.failures,
      clientBusy: load.busy,
      protection: load.protection,
    };
  }

  #deliveredPerSecond(load: Load, acknowledgedPerSecond: number, arrivedAtMs: number): number | null {
    switch (this.#contender.acknowledges) {
      case 'kept':
        return acknowledgedPerSecond;
      case 'queued':
        return load.acknowledged / ((arrivedAtMs - load.beganAtMs) / 1000);
      case 'discarded':
        return null;
    }
  }

  /** Waits until so many letters are there, as long as it may take, and says how many are and since when. */
  async #allDelivered(expected: number): Promise<{ readonly count: number; readonly atMs: number }> {
    const lateMs = Date.now() + emptyingMs;
    for (;;) {
      const lookedAtMs = Date.now();
      const count = await this.#server.delivered();
      const atMs = Date.now();
      if (count >= expected || atMs > lateMs) return { count, atMs };
      // Looking must not take the time of those who deliver.
      await passing(Math.max(100, 4 * (atMs - lookedAtMs)));
    }
  }

  /** Looks at the memory twice a second; the function that it gives says what was the most, and ends that. */
  #watchMemory(): () => Memory {
    let most = this.#cost.memory();
    const look = (): Memory => {
      const now = this.#cost.memory();
      most = {
        residentMiB: Math.max(most.residentMiB, now.residentMiB),
        proportionalMiB: Math.max(most.proportionalMiB, now.proportionalMiB),
      };
      return most;
    };
    const timer = setInterval(look, 500);
    return () => {
      clearInterval(timer);
      return look();
    };
  }
}

function summary({ figures, acknowledged, delivered, failures }: Run): string {
  const parts = [
    `${figures.acknowledgedPerSecond.toFixed(0)} a second acknowledged`,
    `${figures.deliveredPerSecond?.toFixed(0) ?? 'none'} delivered`,
    `${figures.cpuSecondsPer1000?.toFixed(2)} s of CPU per 1,000`,
    `p50 ${figures.p50Ms?.toFixed(1)} ms, p99 ${figures.p99Ms?.toFixed(1)} ms`,
  ];
  if (delivered !== acknowledged) parts.push(`${delivered} ARRIVED OF ${acknowledged}`);
  if (Object.keys(failures).length > 0) parts.push(`FAILURES ${JSON.stringify(failures)}`);
  return parts.join(', ');
}
