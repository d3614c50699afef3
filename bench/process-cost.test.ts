import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { countedByTree, openCost } from './process-cost.ts';

const off = process.platform === 'linux' ? false : 'what processes cost is read from /proc, which Linux has';

/** On a line of input, has a process of its own keep a core busy for 200 ms, waits for its end, and says so. */
const parent = `
  const { spawnSync } = require('node:child_process');
  const busy = 'while (process.cpuUsage().user + process.cpuUsage().system < 200_000);';
  process.stdin.once('data', () => {
    spawnSync(process.execPath, ['-e', busy]);
    console.log('done');
  });
  console.log('ready');`;

for (const [by, open] of [
  ['a group or the tree', openCost],
  ['the tree', countedByTree],
] as const)
  test(`the time of a process that is over is counted by ${by}`, { skip: off }, async () => {
    const child = spawn(process.execPath, ['-e', parent], { stdio: ['pipe', 'pipe', 'inherit'] });
    const closed = once(child, 'close');
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    assert.equal((await lines.next()).value, 'ready');
    assert.ok(child.pid !== undefined);
    const cost = open([child.pid]);
    const before = cost.cpuSeconds();
    child.stdin.write('\n');
    assert.equal((await lines.next()).value, 'done');
    // The tree tells hundredths, each of its figures rounded down.
    assert.ok(cost.cpuSeconds() - before >= 0.15);
    const { residentMiB, proportionalMiB } = cost.memory();
    assert.ok(residentMiB >= proportionalMiB && proportionalMiB > 1);
    child.stdin.end();
    await closed;
    cost.close();
  });
