/**
 * Installs what the lock file says, and makes sure that a Node that can run the sources is among it. Plain JavaScript,
 * because it runs on whatever Node the machine has. Quick when nothing is to do, and safe when two terminals start it
 * at once: the second waits for the first.
 *
 *     node scripts/setup.js
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const modules = join(root, 'node_modules');
const stamp = join(modules, '.letterlock-setup');
const lockFile = join(root, '.letterlock', 'setup.lock');
const waitMs = 250;

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** Whether `node_modules` holds the very packages of the lock file; those for other platforms may be missing. */
function isInstalled() {
  try {
    const wanted = readJson(join(root, 'package-lock.json')).packages;
    const present = readJson(join(modules, '.package-lock.json')).packages;
    return Object.entries(wanted).every(([path, one]) => {
      if (path === '') return sameWishes(one);
      const found = present[path];
      if (found === undefined || !existsSync(join(root, path)))
        return one.optional === true || one.peer === true;
      return found.version === one.version && found.integrity === one.integrity;
    });
  } catch (error) {
    if (error.code === 'ENOENT') return false;
    throw error;
  }
}

/** Whether the lock file was made from the dependencies that package.json names now. */
function sameWishes(locked) {
  const wishes = readJson(join(root, 'package.json'));
  return ['dependencies', 'devDependencies', 'optionalDependencies'].every(
    (kind) => JSON.stringify(wishes[kind] ?? {}) === JSON.stringify(locked[kind] ?? {}),
  );
}

/** Whether `node` runs and is new enough for package.json's `engines`. */
function suffices(node) {
  const { stdout, status } = spawnSync(node, ['--version'], { encoding: 'utf8' });
  if (status !== 0) return false;
  const least = readJson(join(root, 'package.json')).engines.node.replace('>=', '').split('.').map(Number);
  const has = stdout.trim().slice(1).split('.').map(Number);
  for (const [index, number] of least.entries()) if (has[index] !== number) return has[index] > number;
  return true;
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Takes the lock, waiting for whoever holds it; one whose holder is gone is taken over. */
function lock() {
  mkdirSync(dirname(lockFile), { recursive: true, mode: 0o700 });
  for (let told = false; ;) {
    try {
      writeFileSync(lockFile, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = holderOfLock();
    if (holder !== null && !isRunning(holder)) {
      discard(holder);
      continue;
    }
    if (!told && holder !== null)
      console.error(`Process ${holder} is setting up; waiting for it (${lockFile}).`);
    told = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, waitMs);
  }
}

/**
 * Removes the lock that a process left behind when it was killed. It is moved away first, so that of two who find it
 * only one removes it, and neither removes the lock that the other has taken since.
 */
function discard(holder) {
  const aside = `${lockFile}.${process.pid}`;
  try {
    renameSync(lockFile, aside);
    if (readFileSync(aside, 'utf8') !== String(holder)) linkSync(aside, lockFile);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  }
  rmSync(aside, { force: true });
}

/** The process that holds the lock; null while it has not written its number, or has just let go. */
function holderOfLock() {
  try {
    const pid = Number(readFileSync(lockFile, 'utf8'));
    return Number.isSafeInteger(pid) && pid > 0 ? pid : null;
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}

function fail(text) {
  console.error(text);
  process.exitCode = 1;
}

function install() {
  console.error('Installing what package-lock.json names (npm ci) …');
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  // npm replaces the Node in node_modules: it must not run on that one.
  const path = process.env.PATH.split(delimiter).filter((folder) => folder !== join(modules, '.bin'));
  const env = { ...process.env, PATH: path.join(delimiter) };
  const { status, error } = spawnSync('npm', ['ci', ...flags], { cwd: root, env, stdio: ['ignore', 2, 2] });
  if (error?.code === 'ENOENT')
    fail('npm is not there: install Node.js with npm (any release from 20 on), then try again.');
  else if (status !== 0)
    fail('npm ci failed (its reason stands above). With a registry in reach, try `make setup` again.');
  return status === 0;
}

function setUp() {
  if (!isInstalled() && !install()) return;
  if (!suffices(join(modules, '.bin', 'node')) && !suffices('node')) {
    const { node } = readJson(join(root, 'package.json')).engines;
    const here = `${process.platform}-${process.arch}`;
    fail(`No Node ${node} came with the dependencies for ${here}, and this machine has none: install one.`);
    return;
  }
  writeFileSync(stamp, '');
}

lock();
try {
  setUp();
} finally {
  unlinkSync(lockFile);
}
