import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { main } from './terminal.ts';

/** What a program gave whose input was a pipe. */
export type Piped = { readonly status: number | null; readonly out: string; readonly err: string };

/** Runs `letterlock` with a pipe in the place of the terminal, to its end. */
export async function piped(
  args: readonly string[],
  lines: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Piped> {
  const program = spawn(process.execPath, [main, ...args], {
    stdio: 'pipe',
    env: { ...process.env, ...environment },
  });
  program.stdin.end(lines.map((line) => `${line}\n`).join(''));
  const ended = new Promise<number | null>((resolve) => program.once('close', resolve));
  const [out, err] = await Promise.all([text(program.stdout), text(program.stderr)]);
  return { status: await ended, out, err };
}
