import { readFileSync, statfsSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';

/** What figures were taken on. */
export type Machine = {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  /** The disk and the file system of the measured folder. */
  readonly disk: string;
  /** The load of the last minute, before anything was measured. */
  readonly loadBefore: number;
};

/** Describes this machine, and the disk under a folder. */
export function describeMachine(folder: string): Machine {
  return {
    processor: cpus()[0]?.model ?? 'a processor without a name',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: `${process.platform} ${release()} ${process.arch}`,
    node: process.versions.node,
    disk: diskUnder(folder),
    loadBefore: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}

/** The description on lines of Markdown. */
export const formatMachine = (machine: Machine): string =>
  [
    `${machine.cores} cores of ${machine.processor}, ${machine.memoryGiB} GiB of memory`,
    machine.disk,
    `${machine.kernel}, Node ${machine.node}`,
    `load before the first run: ${machine.loadBefore}`,
  ]
    .map((line) => `- ${line}\n`)
    .join('');

/** `statfs` says this of tmpfs and of ramfs, where a sync costs nothing. */
const inMemory: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);

/** Whether what is written to the folder ever comes to a disk. */
export const isOnDisk = (folder: string): boolean => !inMemory.has(statfsSync(folder).type);

/** The mount that a folder is in: the longest that its path begins with. */
function diskUnder(folder: string): string {
  const mounts = readFileSync('/proc/self/mounts', 'latin1')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, place = '-']) => folder === place || folder.startsWith(place === '/' ? '/' : `${place}/`))
    .sort(([, a = ''], [, b = '']) => b.length - a.length);
  const [device = 'no device', , kind = 'a file system without a name', options = ''] = mounts[0] ?? [];
  return `${kind} (${options}) on ${device}`;
}

/** Disks as the kernel names them; what lies on top of others is left out, so that nothing is counted twice. */
const disks = /^(?:sd[a-z]+|vd[a-z]+|xvd[a-z]+|nvme\d+n\d+|mmcblk\d+)$/;

/** How often the caches of all disks were flushed, for anybody, since the machine started; null where nobody counts. */
export function diskFlushes(): number | null {
  const counted = diskStatistics()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , name = '', ...fields]) => disks.test(name) && fields.length > 15);
  if (counted.length === 0) return null;
  return counted.reduce((sum, fields) => sum + Number(fields[18]), 0);
}

function diskStatistics(): string {
  try {
    return readFileSync('/proc/diskstats', 'latin1');
  } catch {
    return '';
  }
}
