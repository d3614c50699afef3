import assert from 'node:assert/strict';
import fs from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { deliveryOf, letterBytes, makeAccount, mustDeliver } from '../contract.ts';
import { auditFolder } from './audit.ts';
import { openSqliteStore } from './client.ts';
import { folderPaths } from './folder.ts';
import { SCHEMA_VERSION } from './migrations.ts';
import { startStoreThread } from './open.ts';
import { withFolder, withThread } from './testing.ts';

/** What is done to a data folder under a program that has it open, and how that ends. */
const DONE: readonly (readonly [string, RegExp, (folder: string) => void | Promise<void>])[] = [
  [
    'it is moved away',
    /letterlock\.db is no longer the file/,
    (folder) => fs.renameSync(folder, `${folder}.away`),
  ],
  [
    'another is put in its place',
    /letterlock\.db is no longer the file/,
    async (folder) => {
      fs.renameSync(folder, `${folder}.away`);
      await withThread(folder, async (store) => void (await makeAccount(store, 'nu9@447.edu')));
    },
  ],
  [
    'the log is removed',
    /letterlock\.db-wal is no longer the file/,
    (folder) => fs.rmSync(`${folderPaths(folder).database}-wal`),
  ],
  [
    'a newer program brings it to another schema',
    new RegExp(`to schema ${SCHEMA_VERSION + 1}, and this one knows ${SCHEMA_VERSION}: start the newer`),
    (folder) => {
      const newer = new DatabaseSync(folderPaths(folder).database);
      newer.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
      newer.close();
    },
  ],
];

describe('a data folder that changes under a program that has it open', () => {
  for (const [name, told, change] of DONE)
    test(`${name}: nothing more is taken for written, and the store thread ends and says why`, async () => {
      await withFolder(async (folder) => {
        const started = await startStoreThread(folder);
        assert.ok(started.ok);
        const thread = started.value;
        const store = openSqliteStore({ folder, door: thread.connect() });
        const { id } = await makeAccount(store, 'nu1@447.edu');
        await mustDeliver(store, deliveryOf(letterBytes(500), [id]));
        await change(folder);
        const deliveries = [1, 2, 3].map((seed) => store.deliver(deliveryOf(letterBytes(500, seed), [id])));
        for (const outcome of await Promise.allSettled(deliveries)) {
          assert.equal(outcome.status, 'rejected');
          assert.match(String(outcome.reason), told);
        }
        assert.match(String(await thread.ended), told);
        await assert.rejects(store.deliver(deliveryOf(letterBytes(1), [id])), { name: 'StoreClosed' });
        await store.close();
      });
    });

  test('what others do to it in good order is no reason: they come, write, and go', async () => {
    await withFolder((folder) =>
      withThread(folder, async (store) => {
        const { id } = await makeAccount(store, 'nu1@447.edu');
        for (let seed = 0; seed < 3; seed++) {
          await withThread(
            folder,
            async (other) => void (await mustDeliver(other, deliveryOf(letterBytes(500, seed), [id]))),
          );
          auditFolder(folder);
          await mustDeliver(store, deliveryOf(letterBytes(600, seed), [id]));
        }
        assert.equal((await store.mailboxes(id))[0]?.letters, 6);
      }),
    );
  });
});
