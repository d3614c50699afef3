import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** A program that runs beside this one, and not longer. */
export type Program = {
  readonly pid: number;
  /** The first line on its standard output that fits; rejects where it ends without one. */
  said(fits: RegExp): Promise<RegExpExecArray>;
  stop(): Promise<void>;
};

/** Starts it; what it complains of is appended to the file. */
export function startProgram(
  command: string,
  args: readonly string[],
  complaints: string,
  variables: Readonly<Record<string, string>> = {},
): Program {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...variables },
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} could not be started`);
  const end = (): unknown => child.kill('SIGKILL');
  process.once('exit', end);
  const over = once(child, 'exit').then(() => process.off('exit', end));
  child.stderr.pipe(createWriteStream(complaints, { flags: 'a' }));
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const wake = (): void => waiting.forEach((look) => look());
  createInterface({ input: child.stdout })
    .on('line', (line) => {
      lines.push(line);
      wake();
    })
    .on('close', wake);
  return {
    pid,
    said: (fits) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = lines.map((line) => fits.exec(line)).find((match) => match !== null);
          if (found !== undefined) resolve(found);
          else if (child.stdout.closed)
            reject(new Error(`${command} ended: ${lines.join('\n')}; see ${complaints}`));
          else return;
          waiting.delete(look);
        };
        waiting.add(look);
        look();
      }),
    stop: async () => {
      child.kill();
      await over;
    },
  };
}
