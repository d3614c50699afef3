import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deliveryOf, letterBytes, mustDeliver } from '../store/contract.ts';
import type { LetterId } from '../store/port.ts';
import { accountNamed, careHouse } from './care-loopback.ts';

test('removed letters are listed and put back, some or all, while a server has the store open', async (t) => {
  const { run, look } = await careHouse(t);
  await run('account', 'add', 'nu1@447.edu');
  await look(async (store) => {
    const { id } = await accountNamed(store, 'nu1@447.edu');
    const letters: LetterId[] = [];
    for (const subject of ['one\u001b[31m', 'two', 'three']) {
      const placed = await mustDeliver(store, deliveryOf(letterBytes(2048), [id], { subject }));
      letters.push(...placed.map(({ letter }) => letter));
    }
    await store.removeLetters(id, letters, Date.UTC(2026, 0, 2, 3, 4));
    const listed = await run('undelete', 'nu1@447.edu', '--list');
    const lines = listed.out.trimEnd().split('\n');
    assert.deepEqual([lines.length, listed.status], [3, 0]);
    assert.match(lines[2] ?? '', /^1\tremoved 2026-01-02 03:04 UTC\tINBOX\t2\.0 KiB\t.*\tone\\u\{1b\}\[31m$/);
    assert.equal((await run('undelete', 'nu1@447.edu')).out, listed.out);
    const some = await run('undelete', 'nu1@447.edu', '2', '99');
    assert.deepEqual([some.status, some.out], [1, '1 letter put back in nu1@447.edu.\n']);
    assert.match(some.complaint, /^letterlock: nu1@447\.edu has no removed letter 99;/);
    assert.equal((await store.mailboxes(id))[0]?.letters, 1);
    await store.setQuota(id, { bytes: null, letters: 1 });
    assert.match(
      (await run('undelete', 'nu1@447.edu', '--all')).complaint,
      /the quota of nu1@447\.edu has no room/,
    );
    await store.setQuota(id, { bytes: null, letters: null });
    assert.equal((await run('undelete', 'nu1@447.edu', '--all')).out, '2 letters put back in nu1@447.edu.\n');
    assert.equal((await store.mailboxes(id))[0]?.letters, 3);
    for (const words of [['--all', '1'], ['x'], ['0'], ['-1'], ['--list', '--all']])
      assert.equal((await run('undelete', 'nu1@447.edu', ...words)).status, 1);
  });
});
