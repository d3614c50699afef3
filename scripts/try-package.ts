/**
 * Packs the npm package, installs it in a fresh folder beside the dependencies of this checkout (no registry is asked),
 * and uses it there as others do: the program, on whatever Node this machine has, and the examples of `docs/CLIENT.md`,
 * checked against the types of the package and run against its server.
 *
 *     node scripts/try-package.ts
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
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

/** What a project of somebody careful has; `skipLibCheck` stays off, so that the package's own types are checked. */
const consumerSettings = {
  compilerOptions: {
    strict: true,
    noEmit: true,
    module: 'nodenext',
    target: 'es2024',
    lib: ['es2025', 'esnext.promise'],
    types: ['node'],
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    erasableSyntaxOnly: true,
    verbatimModuleSyntax: true,
  },
  files: ['send.ts', 'receive.ts'],
};

/** Writes the examples of `docs/CLIENT.md` into the project, and checks their types against the package's. */
function checkTypes(project: string): void {
  const page = readFileSync(join(project, 'node_modules/letterlock/docs/CLIENT.md'), 'utf8');
  const [send = '', receive = ''] = [...page.matchAll(/```ts\n([^]*?)```/g)].map((match) => match[1] ?? '');
  writeFileSync(join(project, 'package.json'), JSON.stringify({ type: 'module', private: true }));
  writeFileSync(join(project, 'send.ts'), send);
  writeFileSync(join(project, 'receive.ts'), receive);
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(consumerSettings));
  mkdirSync(join(project, 'node_modules/@types'), { recursive: true });
  for (const types of ['@types/node', 'undici-types'])
    symlinkSync(join(checkout, 'node_modules', types), join(project, 'node_modules', types));
  run(project, process.env, process.execPath, join(checkout, 'node_modules/typescript/bin/tsc'), '-p', '.');
}

const password = 'a password for one letter 42';

/** Starts the installed server, sends a letter with the installed engine, and ends the server. */
async function sendLetter(project: string): Promise<void> {
  const program = join(project, 'node_modules/.bin/letterlock');
  const doors = ['submissions', 'submission', 'exchanger', 'pop3', 'https'].map(
    (door) => `${door} = { port = 0 }`,
  );
  const settings = `host = "localhost"\ndomains = ["letters.example"]\ndata = "data"\n[listen]\n${doors.join('\n')}\n`;
  writeFileSync(join(project, 'letterlock.toml'), settings);
  const config = ['--config', 'letterlock.toml'];
  const user = 'ada@letters.example';
  const added = spawnSync(program, ['account', 'add', user, '--password-stdin', ...config], {
    cwd: project,
    input: `${password}\n`,
    encoding: 'utf8',
  });
  assert.equal(added.status, 0, added.stderr);
  const server = spawn(program, ['serve', ...config], { cwd: project, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => {
    server.once('exit', resolve);
  });
  try {
    let port = '';
    for await (const line of createInterface({ input: server.stdout })) {
      port = /^ {2}submissions +127\.0\.0\.1:(\d+)/.exec(line)?.[1] ?? port;
      if (line.includes('Ctrl-C')) break;
    }
    server.stdout.resume();
    const env = { ...process.env, HOST: 'localhost', PORT: port, MAIL_USER: user, MAIL_PASSWORD: password };
    const trust = { NODE_EXTRA_CA_CERTS: join(project, 'data/tls/ca.pem') };
    const printed = run(project, { ...env, ...trust }, process.execPath, 'send.ts');
    assert.equal(printed, 'SCRAM-SHA-256-PLUS 250\n');
  } finally {
    server.kill();
    await ended;
  }
}

async function main(): Promise<void> {
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
    checkTypes(project);
    await sendLetter(project);
    console.log(`${packed} runs where it is installed, and sends a letter as docs/CLIENT.md shows.`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
