import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/*
 * What a server's processes cost, as Linux tells it. Where there is a cgroup v2 hierarchy that may be written to, the
 * processes are moved into a group of their own, which counts the time of those that have ended as well. Elsewhere the
 * tree of processes is read, in which a parent has the time of the children that it has waited for.
 */

/** Memory of all processes together: each page for every process that has it, and each page once. */
export type Memory = { readonly residentMiB: number; readonly proportionalMiB: number };

/** An account of what processes and their descendants, present and future, use. */
export type ProcessCost = {
  /** How it is counted. */
  readonly by: 'cgroup' | 'process tree';
  /** Time of cores, user's and system's, since some point in the past. */
  cpuSeconds(): number;
  memory(): Memory;
  /** To be called when the processes are over. */
  close(): void;
};

/** Opens the account of these processes and their descendants. */
export function openCost(roots: readonly number[]): ProcessCost {
  const hierarchy = writableHierarchy();
  return hierarchy === null ? countedByTree(roots) : countedByGroup(roots, hierarchy);
}

const groupName = 'letterlock-bench-';
let groups = 0;

function countedByGroup(roots: readonly number[], hierarchy: string): ProcessCost {
  sweep(hierarchy);
  groups += 1;
  const group = join(hierarchy, `${groupName}${process.pid}-${groups}`);
  mkdirSync(group);
  const members = (): number[] => numbers(readFileSync(join(group, 'cgroup.procs'), 'latin1'));
  // A process that is not in yet may have made another meanwhile.
  for (let missing = [...roots]; missing.length > 0;) {
    for (const pid of missing) enrol(pid, group);
    const inside = new Set(members());
    missing = treeOf(roots).filter((pid) => !inside.has(pid));
  }
  return {
    by: 'cgroup',
    cpuSeconds: () => {
      const used = /^usage_usec (\d+)$/m.exec(readFileSync(join(group, 'cpu.stat'), 'latin1'));
      if (used === null) throw new Error(`${group} does not tell what its processes used`);
      return Number(used[1]) / 1e6;
    },
    memory: () => memoryOf(members()),
    close: () => removeGroup(group),
  };
}

/** Removes what a measurement that was broken off has left: groups whose name says a process that is over. */
function sweep(hierarchy: string): void {
  for (const name of readdirSync(hierarchy).filter((entry) => entry.startsWith(groupName))) {
    const [pid] = numbers(name);
    if (pid !== undefined && statusOf(pid) === null) removeGroup(join(hierarchy, name));
  }
}

function removeGroup(group: string): void {
  try {
    rmdirSync(group);
  } catch (error) {
    // The last of its processes is on its way out; or somebody else sweeps. The next measurement looks again.
    if (!['EBUSY', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

function enrol(pid: number, group: string): void {
  try {
    writeFileSync(join(group, 'cgroup.procs'), String(pid));
  } catch (error) {
    // It ended before it was moved.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** A cgroup v2 hierarchy where groups can be made, or null. */
function writableHierarchy(): string | null {
  const mounts = readFileSync('/proc/self/mounts', 'latin1').split('\n');
  const place = mounts.map((line) => line.split(' ')).find((fields) => fields[2] === 'cgroup2')?.[1];
  if (place === undefined) return null;
  const trial = join(place, `${groupName}${process.pid}`);
  try {
    mkdirSync(trial);
    rmdirSync(trial);
    return place;
  } catch {
    return null;
  }
}

/** Ticks of /proc in a second: Linux gives them as 100 to every program. */
const ticksPerSecond = 100;

/** The same, counted by the tree of processes. */
export const countedByTree = (roots: readonly number[]): ProcessCost => ({
  by: 'process tree',
  cpuSeconds: () => {
    let ticks = 0;
    for (const pid of treeOf(roots)) ticks += statusOf(pid)?.ticks ?? 0;
    return ticks / ticksPerSecond;
  },
  memory: () => memoryOf(treeOf(roots)),
  close: () => undefined,
});

type Status = { readonly parent: number; readonly ticks: number };

/** `/proc/PID/stat`: its parent, and its time with that of the children that it has waited for; null when it is gone. */
function statusOf(pid: number): Status | null {
  const text = readOrNull(`/proc/${pid}/stat`);
  if (text === null) return null;
  // The second field is a name in parentheses with anything in it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const number = (index: number): number => Number(fields[index]);
  return { parent: number(1), ticks: number(11) + number(12) + number(13) + number(14) };
}

function treeOf(roots: readonly number[]): number[] {
  const children = Map.groupBy(
    readdirSync('/proc').filter((name) => /^\d+$/.test(name)),
    (name) => statusOf(Number(name))?.parent ?? 0,
  );
  const found: number[] = [];
  const walk = (pid: number): void => {
    found.push(pid);
    for (const child of children.get(pid) ?? []) walk(Number(child));
  };
  for (const root of roots) walk(root);
  return found.filter((pid) => statusOf(pid) !== null);
}

function memoryOf(pids: readonly number[]): Memory {
  let residentKiB = 0;
  let proportionalKiB = 0;
  for (const pid of pids) {
    const text = readOrNull(`/proc/${pid}/smaps_rollup`) ?? '';
    residentKiB += Number(/^Rss: +(\d+)/m.exec(text)?.[1] ?? 0);
    proportionalKiB += Number(/^Pss: +(\d+)/m.exec(text)?.[1] ?? 0);
  }
  return { residentMiB: residentKiB / 1024, proportionalMiB: proportionalKiB / 1024 };
}

/** A file of /proc, or null where its process is gone, or was on its way out. */
function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return null;
  }
}

const numbers = (text: string): number[] => (text.match(/\d+/g) ?? []).map(Number);
