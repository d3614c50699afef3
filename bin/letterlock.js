#!/usr/bin/env node
/**
 * The installed program. It runs `dist/cli/main.js` in this process where this Node is new enough, and otherwise on the
 * Node that came as an optional dependency. Plain JavaScript, because it starts on whatever Node the machine has.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const program = join(root, 'dist', 'cli', 'main.js');
const { engines, optionalDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Whether this Node is at least the one that `engines` names. */
function isNewEnough() {
  const least = engines.node.replace('>=', '').split('.').map(Number);
  const has = process.versions.node.split('.').map(Number);
  for (const [index, number] of least.entries()) if (has[index] !== number) return has[index] > number;
  return true;
}

/** The file of the Node that was installed for this platform, null where there is none. */
function installedNode() {
  const require = createRequire(import.meta.url);
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  for (const name of [`node-${platform}-${process.arch}`, `node-bin-${platform}-${process.arch}`]) {
    if (!Object.hasOwn(optionalDependencies, name)) continue;
    try {
      const folder = dirname(require.resolve(`${name}/package.json`));
      const file = join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
      if (existsSync(file)) return file;
    } catch (error) {
      if (error.code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  return null;
}

/** Runs the program on `node`; this process passes signals on and ends as that one ends. */
function runOn(node) {
  const child = spawn(node, [program, ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal sends these two to both processes by itself; passing them on would make two of one.
  const atTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  const handlers = new Map();
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR2']) {
    const fromTerminal = atTerminal && (signal === 'SIGINT' || signal === 'SIGQUIT');
    const handler = () => void (fromTerminal || child.kill(signal));
    if (!(signal in constants.signals)) continue;
    handlers.set(signal, handler);
    process.on(signal, handler);
  }
  child.on('error', (error) => fail(`${node} cannot be started: ${error.message}`));
  child.on('exit', (code, signal) => {
    for (const [name, handler] of handlers) process.off(name, handler);
    if (signal === null) process.exit(code);
    process.kill(process.pid, signal);
  });
}

function fail(text) {
  console.error(`letterlock: ${text}`);
  process.exitCode = 1;
}

if (!existsSync(program)) fail(`${program} is not there: this is a checkout, use bin/letterlock`);
else if (isNewEnough()) {
  process.argv[1] = program;
  await import(program);
} else {
  const node = installedNode();
  if (node !== null) runOn(node);
  else {
    fail(
      `this is Node ${process.versions.node}, Letterlock needs ${engines.node}, and no Node was installed beside it ` +
        `for ${process.platform}-${process.arch} (was npm told to leave optional dependencies out?)`,
    );
  }
}
