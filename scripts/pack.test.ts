import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { strip } from './pack.ts';

const checkout = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = mkdtempSync(join(tmpdir(), 'letterlock-pack-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A package with this much of a source, in a place where Node strips no types. */
function packageOf(name: string, files: Readonly<Record<string, string>>): string {
  const root = join(folder, name, 'node_modules/letterlock');
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  mkdirSync(join(root, 'bin'), { recursive: true });
  cpSync(join(checkout, 'bin/letterlock.js'), join(root, 'bin/letterlock.js'));
  return root;
}

const main = `import { Worker } from 'node:worker_threads';
import process from 'node:process';
import { greeting } from '../bytes/greeting.ts';
import type { Word } from '../bytes/greeting.ts';
const word: Word = greeting;
if (process.argv[2] === 'wait') setInterval(() => process.stdout.write('.'), 10);
else new Worker(new URL('./thread.ts', import.meta.url)).on('exit', (code) => {
  process.stdout.write(word + process.argv.slice(2).join('|'));
  process.exitCode = code;
});
`;
const sources: Readonly<Record<string, string>> = {
  'src/cli/main.ts': main,
  'src/cli/thread.ts': `const status: number = 3;\nprocess.exit(status);\n`,
  'src/bytes/greeting.ts': `export type Word = string;\nexport const greeting: Word = 'hello ';\n`,
  'src/bytes/greeting.test.ts': `throw new Error('tests are not packed');\n`,
  'src/store/contract.ts': `throw new Error('nor is what serves them');\n`,
  'src/store/sqlite/1.sql': `SELECT 1;`,
};
const about = (least: string): string =>
  JSON.stringify({
    name: 'letterlock',
    type: 'module',
    engines: { node: `>=${least}` },
    optionalDependencies: { [`node-${platform}`]: '1' },
  });
const platform = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;

test('the package runs where it is installed, with its workers, and has no tests in it', () => {
  const root = packageOf('sound', { ...sources, 'package.json': about('26.1.0') });
  strip(root);
  assert.deepEqual(globSync('**/*.*', { cwd: join(root, 'dist') }).toSorted(), [
    'bytes/greeting.d.ts',
    'bytes/greeting.js',
    'cli/main.d.ts',
    'cli/main.js',
    'cli/thread.d.ts',
    'cli/thread.js',
    'store/sqlite/1.sql',
  ]);
  const run = spawnSync(process.execPath, [join(root, 'bin/letterlock.js'), 'a', 'b c'], {
    encoding: 'utf8',
  });
  assert.deepEqual([run.stdout, run.stderr, run.status], ['hello a|b c', '', 3]);
});

test('a mistake in a source stops the packing', () => {
  const root = packageOf('broken', { 'src/a.ts': `export const a: number = 'b';\n` });
  assert.throws(() => strip(root), /a\.ts.*TS2322/s);
});

test('on an older Node the program runs on the one installed beside it, signals and exit status passed on', async () => {
  const root = packageOf('older', { ...sources, 'package.json': about('99.0.0') });
  strip(root);
  const program = join(root, 'bin/letterlock.js');
  const without = spawnSync(process.execPath, [program], { encoding: 'utf8' });
  assert.equal(without.status, 1);
  assert.match(
    without.stderr,
    /^letterlock: this is Node .*, Letterlock needs >=99\.0\.0, and no Node was installed/,
  );

  const beside = join(root, `../node-${platform}`);
  mkdirSync(join(beside, 'bin'), { recursive: true });
  writeFileSync(join(beside, 'package.json'), '{}');
  writeFileSync(join(beside, 'bin/node'), `#!/bin/sh\nexec '${process.execPath}' "$@"\n`, { mode: 0o755 });
  const run = spawnSync(process.execPath, [program, 'x'], { encoding: 'utf8' });
  assert.deepEqual([run.stdout, run.stderr, run.status], ['hello x', '', 3]);

  const child = spawn(process.execPath, [program, 'wait'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'close');
  await once(child.stdout, 'data');
  child.stdout.resume();
  child.kill('SIGTERM');
  // The pipe closes only when neither of the two processes is left.
  assert.deepEqual(await ended, [null, 'SIGTERM']);
});

test('a checkout that was never packed says which program to use', () => {
  const root = packageOf('checkout', { 'package.json': about('26.1.0') });
  const run = spawnSync(process.execPath, [join(root, 'bin/letterlock.js')], { encoding: 'utf8' });
  assert.match(
    run.stderr,
    /^letterlock: .*dist.cli.main\.js is not there: this is a checkout, use bin\/letterlock\n$/,
  );
  assert.equal(run.status, 1);
});

test('what npm packs is named in package.json', () => {
  const { files, scripts } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'));
  assert.deepEqual(files, ['bin/letterlock.js', 'dist', 'docs', 'CHANGELOG.md']);
  assert.equal(scripts.prepack, 'node scripts/pack.ts');
  for (const path of ['bin/letterlock.js', 'docs', 'CHANGELOG.md'])
    assert.ok(existsSync(join(checkout, path)), path);
});
