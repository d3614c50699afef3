import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const MiB = 1024 * 1024;

/** The memory that a process has resident now; where the system tells it (Linux), the most that it ever had. */
export function memoryOf(pid: number): { readonly nowMiB: number; readonly mostMiB: number } {
  const file = `/proc/${pid}/status`;
  if (!existsSync(file)) {
    const nowMiB = Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1024;
    return { nowMiB, mostMiB: nowMiB };
  }
  const status = readFileSync(file, 'utf8');
  const kiB = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]);
  return { nowMiB: (kiB('VmRSS') * 1024) / MiB, mostMiB: (kiB('VmHWM') * 1024) / MiB };
}
