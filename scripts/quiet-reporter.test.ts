import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const reporter = fileURLToPath(new URL('./quiet-reporter.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'letterlock-reporter-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function report(source: string): { status: number | null; stdout: string } {
  const file = join(folder, 'some.test.mjs');
  writeFileSync(file, `import { test } from 'node:test';\n${source}`);
  // Without this variable the inner run does not take itself for a part of this one.
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
  return spawnSync(process.execPath, ['--test', `--test-reporter=${reporter}`, file], {
    encoding: 'utf8',
    env,
  });
}

test('what passed is counted and not named, what was skipped is named', () => {
  const { status, stdout } = report(`test('fine', () => {});\ntest('left out', { skip: 'why' }, () => {});`);
  assert.equal(status, 0);
  assert.match(stdout, /^﹣ left out .*# why\nℹ tests 2\n[\s\S]*ℹ skipped 1\n[\s\S]*ℹ duration_ms [\d.]+\n$/);
});

test('what failed is shown', () => {
  const { status, stdout } = report(
    `test('fine', () => {});\ntest('bad', () => { throw new Error('because'); });`,
  );
  assert.equal(status, 1);
  assert.doesNotMatch(stdout, /fine/);
  assert.match(stdout, /ℹ fail 1\n[\s\S]*✖ bad[\s\S]*because/);
});
