import { spawn } from 'node:child_process';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import type { Site } from '../support/server.ts';

/** What a person starts. */
export const program = path.join(import.meta.dirname, '..', '..', 'bin', 'letterlock');

/** How a command ended, and what it said. */
export type Ran = { readonly status: number | null; readonly out: string; readonly complaint: string };

/** Runs a command of the program on the site's configuration. */
export const ranCommand = ({ configFile }: Site, ...words: readonly string[]): Promise<Ran> =>
  ran(program, ...words, '--config', configFile);

/** Runs a program to its end. */
export async function ran(command: string, ...words: readonly string[]): Promise<Ran> {
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  const status = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  const [out, complaint] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { status: await status, out, complaint };
}
