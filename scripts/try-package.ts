/**
 * Packs the npm package, installs it in a fresh folder beside the dependencies of this checkout (no registry is asked),
 * and runs it there as a user of the package does, on whatever Node this machine has.
 *
 *     node scripts/try-package.ts
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const checkout = join(dirname(fileURLToPath(import.meta.url)), '..');

function run(folder: string, env: NodeJS.ProcessEnv, program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: folder, env, encoding: 'utf8' });
  if (status === 0) return stdout;
  throw new Error(`${[program, ...args].join(' ')} ended with ${status}\n${stdout}${stderr}`, {
    cause: error,
  });
}

/** Unpacks the tarball as npm lays a package out, with the dependencies linked from this checkout. */
function install(tarball: string, project: string): void {
  const modules = join(project, 'node_modules');
  mkdirSync(join(modules, 'letterlock'), { recursive: true });
  run(
    project,
    process.env,
    'tar',
    '-xzf',
    tarball,
    '-C',
    join(modules, 'letterlock'),
    '--strip-components=1',
  );
  const lock = JSON.parse(readFileSync(join(checkout, 'node_modules/.package-lock.json'), 'utf8'));
  for (const [path, one] of Object.entries<{ dev?: boolean }>(lock.packages)) {
    if (one.dev === true || path.lastIndexOf('node_modules/') > 0) continue;
    mkdirSync(dirname(join(project, path)), { recursive: true });
    symlinkSync(join(checkout, path), join(project, path));
  }
  const program = join(modules, 'letterlock/bin/letterlock.js');
  chmodSync(program, 0o755);
  mkdirSync(join(modules, '.bin'));
  symlinkSync(program, join(modules, '.bin/letterlock'));
}

function main(): void {
  const folder = mkdtempSync(join(tmpdir(), 'letterlock-package-'));
  try {
    const packed = run(checkout, process.env, 'npm', 'pack', '--silent', '--pack-destination', folder)
      .trim()
      .split('\n')
      .at(-1);
    const tarball = join(folder, packed ?? '');
    const project = join(folder, 'project');
    mkdirSync(project);
    install(tarball, project);
    // A user's PATH has the machine's Node, and not the one in this checkout.
    const path = (process.env['PATH'] ?? '').split(delimiter).filter((one) => !one.startsWith(checkout));
    const help = run(
      project,
      { ...process.env, PATH: path.join(delimiter) },
      'npx',
      '--no-install',
      'letterlock',
      '--help',
    );
    if (!help.includes('Usage: letterlock'))
      throw new Error(`--help of the installed package says:\n${help}`);
    console.log(`${packed} runs where it is installed.`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main();
