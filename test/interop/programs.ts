import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';

/** What a program of somebody else did. */
export type Ran = { readonly status: number | null; readonly out: string; readonly complaints: string };

/**
 * Whether the machine has the program. Where not, the test is skipped with the reason, but under continuous integration
 * it fails: there nothing may be missing.
 */
export function machineHas(t: TestContext, program: string, debianPackage = program): boolean {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  if (folders.some((folder) => isExecutable(join(folder, program)))) return true;
  assert.equal(process.env['CI'], undefined, `${program} is not on this machine, and must be under CI`);
  t.skip(`${program} is not on this machine: install it (apt-get install ${debianPackage})`);
  return false;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Runs a program to its end with this on its standard input, and these variables more in its environment. */
export async function run(
  program: string,
  args: readonly string[],
  input = '',
  variables: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const env = { ...process.env, ...variables };
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env });
  // A program that does not care for its input ends before it has read it.
  child.stdin.on('error', () => undefined).end(input);
  const status = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  const [out, complaints] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { status: await status, out, complaints };
}

/** The same, for a program that has to succeed. */
export async function succeed(
  program: string,
  args: readonly string[],
  input = '',
  variables: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { status, out, complaints } = await run(program, args, input, variables);
  assert.equal(status, 0, `${program} ended with ${status}: ${complaints}${out}`);
  return out;
}
