import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { HouseRefused } from '../app/house.ts';
import { deliveryOf, letterBytes, mustDeliver } from '../store/contract.ts';
import { parseUntil } from './backup.ts';
import { accountNamed, careHouse, runProgram } from './care-loopback.ts';

test('a backup of a running server says nothing, and is restored into a folder of its own', async (t) => {
  const { run, look, folder, data } = await careHouse(t);
  const target = path.join(folder, 'backups');
  const back = path.join(folder, 'back');
  assert.match((await run('backup', target)).complaint, /there is no data folder at/);
  await run('account', 'add', 'nu1@447.edu');
  await look(async (store) => {
    const { id } = await accountNamed(store, 'nu1@447.edu');
    await mustDeliver(store, deliveryOf(letterBytes(300_000), [id]));
    assert.deepEqual(await run('backup', target), { status: 0, out: '', complaint: '' });
    assert.match(
      (await run('backup', target, '--verbose')).out,
      /^\S+Z\.json: .* KiB, of which .* are new\.\n$/,
    );
    assert.match((await run('backup', path.join(data, 'x'))).complaint, /is in the data folder/);
  });
  const restored = await runProgram(['restore', target, '--data', back]);
  assert.match(restored.out, /back is as it was at \S+Z, and in order: 1 account, 1 letter\.\n$/);
  const again = await runProgram(['restore', target, '--data', back]);
  assert.deepEqual([again.status, again.out], [1, '']);
  assert.match(again.complaint, /back is there already and not empty/);
  const early = await runProgram(['restore', target, '--data', `${back}2`, '--at', '2020-01-01']);
  assert.match(early.complaint, /there is no such backup in/);
});

test('where the disk of the backups fails, one line says so, and the earlier ones are as they were', async (t) => {
  const { run, folder, config } = await careHouse(t);
  const target = path.join(folder, 'backups');
  await run('account', 'add', 'nu1@447.edu');
  assert.equal((await run('backup', target)).status, 0);
  // No file of this process may grow above 32 KiB: the copy of the database does.
  const main = path.join(import.meta.dirname, 'main.ts');
  const limited = spawnSync(
    'sh',
    ['-c', 'ulimit -f 64; exec "$@"', 'sh', process.execPath, main, 'backup', target, '--config', config],
    { encoding: 'utf8' },
  );
  assert.equal(limited.status, 1);
  assert.match(limited.stderr, /^letterlock: the database could not be copied to \S+: .*\n$/);
  assert.deepEqual(fs.readdirSync(path.join(target, 'drafts')), []);
  assert.equal((await runProgram(['restore', target, '--data', path.join(folder, 'back')])).status, 0);
});

test('a date means all of the day, and a moment all of its minute', () => {
  assert.equal(parseUntil('2026-11-24'), Date.UTC(2026, 10, 25) - 1);
  assert.equal(parseUntil('2026-11-24T22:15'), Date.UTC(2026, 10, 24, 22, 16) - 1);
  assert.equal(parseUntil('2026-11-24T22-15-00.123Z'), Date.UTC(2026, 10, 24, 22, 15, 1) - 1);
  for (const text of ['', 'yesterday', '2026-13-01', '24.11.2026', '2026-11-24T25:00'])
    assert.throws(() => parseUntil(text), HouseRefused, text);
});
