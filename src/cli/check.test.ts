import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { careHouse } from './care-loopback.ts';

test('check tells that all is well, or each thing that is not, also while the server runs', async (t) => {
  const house = await careHouse(t);
  assert.match((await house.run('check')).complaint, /^letterlock: there is no data folder at .*\n$/);
  await house.run('account', 'add', 'nu1@447.edu');
  const fine = await house.run('check');
  assert.deepEqual(
    [fine.status, fine.complaint, fine.out],
    [0, '', `${house.data} is in order: 1 account, 0 letters, 0 B in 0 blobs.\n`],
  );
  await house.look(async () => {
    const db = new DatabaseSync(path.join(house.data, 'letterlock.db'));
    db.exec('UPDATE mailbox SET letters = 3 WHERE id = 1');
    db.close();
    const wrong = await house.run('check');
    assert.deepEqual([wrong.status, wrong.out], [1, 'mailbox: counts: 1/1\n']);
  });
  fs.writeFileSync(path.join(house.data, 'letterlock.db'), 'letters '.repeat(1000));
  const damaged = await house.run('check');
  assert.equal(damaged.status, 1);
  assert.match(damaged.complaint, /^letterlock: .*letterlock\.db is damaged/);
});
