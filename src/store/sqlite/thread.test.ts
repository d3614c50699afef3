import { lettersInInbox } from '../contract/inbox.ts';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { deliveryOf, letterBytes, makeAccount, mustDeliver } from '../contract.ts';
import type { AccountId, Change } from '../port.ts';
import { auditFolder } from './audit.ts';
import { openSqliteStore } from './client.ts';
import { folderPaths } from './folder.ts';
import { startStoreThread } from './open.ts';
import { withFolder, withThread } from './testing.ts';

/** Makes a fault inside SQLite, half-way through the delivery of a letter with this subject. */
const poison = (folder: string, subject: string, how: 'ABORT' | 'ROLLBACK'): void => {
  const db = new DatabaseSync(folderPaths(folder).database, { timeout: 10_000 });
  db.exec(`CREATE TRIGGER poison_${how} BEFORE INSERT ON letter WHEN NEW.subject = '${subject}'
    BEGIN SELECT RAISE(${how}, 'poisoned'); END`);
  db.close();
};

describe('the store thread', () => {
  test('many deliveries at once share a few commits', async () => {
    await withFolder((folder) =>
      withThread(folder, async (store, thread) => {
        const { id } = await makeAccount(store, 'nu1@447.edu');
        const before = await thread.stats();
        const letters = Array.from({ length: 300 }, (_, n) =>
          mustDeliver(store, deliveryOf(letterBytes(500, n % 100), [id])),
        );
        await Promise.all(letters);
        const after = await thread.stats();
        assert.equal(after.letters - before.letters, 300);
        assert.ok(after.commits - before.commits <= 5, `${after.commits - before.commits} commits`);
        assert.equal(after.reruns, 0);
      }),
    );
  });

  test('what leads to accounts is read once a turn, and a change by others is seen in the next', async () => {
    await withFolder((folder) =>
      withThread(folder, async (store, thread) => {
        const other = openSqliteStore({ folder, door: thread.connect() });
        const before = await other.directoryVersion();
        // Between two awaits of this turn another process may have changed it.
        const db = new DatabaseSync(folderPaths(folder).database, { timeout: 10_000 });
        db.exec("INSERT INTO domain (name) VALUES ('447.edu')");
        db.close();
        assert.equal(await other.directoryVersion(), before);
        await nextTurn();
        const after = await other.directoryVersion();
        assert.notEqual(after, before);
        await store.addDomain('448.edu');
        await nextTurn();
        assert.notEqual(await other.directoryVersion(), after);
        await other.close();
      }),
    );
  });

  test('a refusal and a fault inside a group spoil no neighbour', async () => {
    await withFolder(async (folder) => {
      await withThread(folder, async (store, thread) => {
        const one = await makeAccount(store, 'nu1@447.edu');
        const two = await makeAccount(store, 'nu2@447.edu');
        poison(folder, 'poison', 'ABORT');
        const bytes = (n: number): Uint8Array => letterBytes(n === 5 ? 300_000 : 600, n);
        const settled = await Promise.allSettled(
          Array.from({ length: 12 }, (_, n) =>
            store.deliver(
              deliveryOf(bytes(n), n === 3 ? [one.id, 99 as AccountId] : [one.id, two.id], {
                subject: n === 5 || n === 8 ? 'poison' : 'sound',
              }),
            ),
          ),
        );
        const ends = settled.map((end) =>
          end.status === 'rejected' ? 'fault' : end.value.ok ? 'ok' : end.value.refusal,
        );
        const expected = Array.from({ length: 12 }, (_, n) =>
          n === 3 ? 'no-account' : n === 5 || n === 8 ? 'fault' : 'ok',
        );
        assert.deepEqual(ends, expected);
        const { reruns } = await thread.stats();
        assert.equal(reruns, 1);
        for (const { id } of [one, two]) {
          const [inbox] = await store.mailboxes(id);
          assert.deepEqual([inbox?.letters, inbox?.uidNext, inbox?.highestModSeq], [9, 10, 10n]);
        }
        await mustDeliver(store, deliveryOf(bytes(8), [one.id]));
      });
      // The file of the large letter went with it: the next start has nothing to take away.
      await withThread(folder, async (_store, thread) => assert.equal((await thread.stats()).swept, 0));
      assert.deepEqual(auditFolder(folder), []);
    });
  });

  test('a transaction that SQLite gives up rejects its whole group, and the thread goes on', async () => {
    await withFolder(async (folder) => {
      await withThread(folder, async (store) => {
        const { id } = await makeAccount(store, 'nu1@447.edu');
        const changes: Change[] = [];
        store.onChange((change) => changes.push(change));
        poison(folder, 'lost', 'ROLLBACK');
        const group = ['sound', 'lost', 'sound'].map((subject, n) =>
          store.deliver(deliveryOf(letterBytes(90, n), [id], { subject })),
        );
        for (const end of await Promise.allSettled(group)) assert.equal(end.status, 'rejected');
        assert.deepEqual(await lettersInInbox(store, id), []);
        const [placement] = await mustDeliver(store, deliveryOf(letterBytes(90), [id]));
        assert.equal(placement?.uid, 1);
        assert.equal(changes.length, 1);
      });
      assert.deepEqual(auditFolder(folder), []);
    });
  });

  test('bytes are kept once for all recipients, and in a file across deliveries too', async () => {
    await withFolder(async (folder) => {
      await withThread(folder, async (store) => {
        const ids = [];
        for (const name of ['a', 'b', 'c']) ids.push((await makeAccount(store, name)).id);
        for (const size of [3000, 400_000])
          for (const recipients of [ids.slice(0, 1), ids, ids.slice(1), ids.slice(0, 1)])
            await mustDeliver(store, deliveryOf(letterBytes(size), recipients));
      });
      const db = new DatabaseSync(folderPaths(folder).database, { returnArrays: true });
      const refs = db.prepare('SELECT size_bytes, refs FROM blob ORDER BY size_bytes, id').all();
      db.close();
      assert.deepEqual(refs, [
        [3000, 1],
        [3000, 3],
        [3000, 2],
        [3000, 1],
        [400_000, 7],
      ]);
      assert.deepEqual(auditFolder(folder), []);
    });
  });

  test('two writers of one folder take turns: each goes on from what the other wrote', async () => {
    await withFolder(async (folder) => {
      await withThread(folder, async (one, oneThread) => {
        await withThread(folder, async (two, twoThread) => {
          const { id } = await makeAccount(one, 'nu1@447.edu');
          const found = [];
          for (const [n, store] of [one, two, one, one, two, one].entries())
            found.push(...(await mustDeliver(store, deliveryOf(letterBytes(100, n), [id]))));
          assert.deepEqual(
            found.map(({ uid, modSeq }) => [uid, modSeq]),
            [1, 2, 3, 4, 5, 6].map((uid) => [uid, BigInt(uid + 1)]),
          );
          for (const thread of [oneThread, twoThread]) assert.equal((await thread.stats()).reruns, 0);
        });
      });
      assert.deepEqual(auditFolder(folder), []);
    });
  });

  test('a blob file that was removed is written again when its bytes come again', async () => {
    await withFolder(async (folder) => {
      await withThread(folder, async (store) => {
        const { id } = await makeAccount(store, 'nu1@447.edu');
        const [placement] = await mustDeliver(store, deliveryOf(letterBytes(300_000), [id]));
        assert.ok(placement);
        fs.rmSync(folderPaths(folder).blobs, { recursive: true });
        assert.notDeepEqual(auditFolder(folder), []);
        await assert.rejects(async () => store.blob(id, placement.letter));
        await mustDeliver(store, deliveryOf(letterBytes(300_000), [id]));
      });
      assert.deepEqual(auditFolder(folder), []);
    });
  });

  test('every client of the thread sees the writes and changes of the others', async () => {
    await withFolder((folder) =>
      withThread(folder, async (store, thread) => {
        const other = openSqliteStore({ folder, door: thread.connect() });
        const told = new Promise<Change>((resolve) => other.onChange(resolve));
        const account = await makeAccount(store, 'nu1@447.edu');
        assert.deepEqual(await other.account(account.name), account);
        assert.deepEqual(await told, { account: account.id, modSeq: 1n, mailboxes: [] });
        await other.close();
        await mustDeliver(store, deliveryOf(letterBytes(10), [account.id]));
      }),
    );
  });

  test('above its bounds a client refuses at once, and takes more when there is room', async () => {
    await withFolder((folder) =>
      withThread(
        folder,
        async (store) => {
          const { id } = await makeAccount(store, 'nu1@447.edu');
          const size = 400;
          const deliver = (n: number): Promise<unknown> =>
            store.deliver(deliveryOf(letterBytes(size, n), [id]));
          const ends = await Promise.allSettled([
            deliver(1),
            deliver(2),
            deliver(3),
            store.tally([]),
            store.tally([]),
          ]);
          assert.deepEqual(
            ends.map((end) => (end.status === 'fulfilled' ? 'done' : (end.reason as Error).name)),
            ['done', 'done', 'StoreOverloaded', 'done', 'StoreOverloaded'],
          );
          await deliver(4);
          await mustDeliver(store, deliveryOf(letterBytes(5000), [id]));
        },
        { bounds: { operations: 3, bytes: 1000 } },
      ),
    );
  });

  test('chunks cut from a shared buffer leave the rest of it alone', async () => {
    await withFolder((folder) =>
      withThread(folder, async (store) => {
        const { id } = await makeAccount(store, 'nu1@447.edu');
        const shared = new Uint8Array(200_000).fill(7);
        const whole = letterBytes(100_000);
        const chunks = [shared.subarray(0, 100_000), whole];
        const bytes = Buffer.concat(chunks);
        const given = { ...deliveryOf(bytes, [id]), chunks };
        const [placement] = await mustDeliver(store, given);
        assert.ok(placement);
        assert.equal(shared.length, 200_000, 'the shared buffer was moved');
        assert.equal(whole.length, 0, 'a whole buffer was copied');
        assert.ok(bytes.equals((await store.blob(id, placement.letter)) ?? new Uint8Array()));
        await assert.rejects(store.deliver(given), { name: 'StoreFault' });
      }),
    );
  });

  test('when the thread breaks, every client learns it', async () => {
    await withFolder(async (folder) => {
      const started = await startStoreThread(folder);
      assert.ok(started.ok);
      const store = openSqliteStore({ folder, door: started.value.connect() });
      const { id } = await makeAccount(store, 'nu1@447.edu');
      const { port } = started.value.connect();
      const waiting = store.deliver(deliveryOf(letterBytes(9), [id]));
      // Not a list of writes: iterating it throws where nothing catches it.
      port.postMessage({}, []);
      const cause = await started.value.ended;
      assert.ok(cause instanceof TypeError, 'the thread lives');
      const end = await waiting.then(
        () => 'stored',
        (fault: unknown) => (fault instanceof Error ? fault.name : 'no error'),
      );
      assert.ok(['stored', 'StoreClosed'].includes(end), end);
      await assert.rejects(async () => store.deliver(deliveryOf(letterBytes(9), [id])), {
        name: 'StoreClosed',
      });
      await assert.rejects(started.value.stats(), { name: 'StoreFault' });
      await started.value.close();
      await store.close();
    });
  });

  test('when the thread ends, what waits is rejected and later calls are faults', async () => {
    await withFolder(async (folder) => {
      const started = await startStoreThread(folder);
      assert.ok(started.ok);
      const store = openSqliteStore({ folder, door: started.value.connect() });
      const { id } = await makeAccount(store, 'nu1@447.edu');
      await started.value.close();
      assert.equal(await started.value.ended, null);
      await assert.rejects(async () => store.deliver(deliveryOf(letterBytes(9), [id])), {
        name: 'StoreClosed',
      });
      await assert.rejects(async () => store.accounts(), { name: 'StoreClosed' });
      await store.close();
    });
  });
});
