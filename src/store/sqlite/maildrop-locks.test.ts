import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { makeAccount } from '../contract.ts';
import type { Store } from '../port.ts';
import { auditFolder } from './audit.ts';
import { folderPaths } from './folder.ts';
import { startChild, withFolder, withThread } from './testing.ts';

/** What another process came to that asked for the maildrop of account 1, while it holds on to that. */
const inProcess = async (
  folder: string,
  run: (outcome: string | undefined, kill: () => Promise<void>) => Promise<void>,
): Promise<void> => {
  const { child, lines, ended } = startChild('lock.child.ts', [folder, '1']);
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  try {
    assert.ok(child.stdout);
    await once(child.stdout, 'data');
    await run(lines[0], kill);
  } finally {
    await kill();
  }
};

/** Whether account 1 can be had now; it is let go of at once. */
const isFree = async (store: Store): Promise<boolean> => {
  const [account] = await store.accounts();
  assert.ok(account);
  const lock = await store.lockMaildrop(account.id);
  if (lock.ok) lock.value.release();
  return lock.ok;
};

const withAccount = (run: (store: Store, folder: string) => Promise<void>): Promise<void> =>
  withFolder((folder) =>
    withThread(folder, async (store) => {
      await makeAccount(store, 'nu1@447.edu');
      await run(store, folder);
    }),
  );

test('a maildrop that another process has is locked, and free when that process is killed', async () => {
  await withAccount(async (store, folder) => {
    assert.ok(await isFree(store));
    await inProcess(folder, async (outcome, kill) => {
      assert.equal(outcome, 'taken');
      assert.equal(await isFree(store), false);
      await kill();
      assert.ok(await isFree(store));
    });
    assert.deepEqual(auditFolder(folder), []);
  });
});

test('what this process has, another cannot have, also after this one asked for it again', async () => {
  await withAccount(async (store, folder) => {
    const [account] = await store.accounts();
    assert.ok(account);
    assert.ok((await store.lockMaildrop(account.id)).ok);
    assert.equal(await isFree(store), false);
    await inProcess(folder, async (outcome) => assert.equal(outcome, 'locked'));
    const { mode } = fs.statSync(path.join(folderPaths(folder).maildrops, `${account.id}.lock`));
    assert.equal(mode & 0o777, 0o600);
  });
});

test('a maildrop that another thread has is locked, and free when that thread ends', async () => {
  await withAccount(async (store, folder) => {
    const worker = new Worker(new URL('lock.child.ts', import.meta.url), { workerData: [folder, '1'] });
    try {
      assert.deepEqual(await once(worker, 'message'), ['taken']);
      assert.equal(await isFree(store), false);
    } finally {
      await worker.terminate();
    }
    assert.ok(await isFree(store));
  });
});

test('close lets go of what the store has', async () => {
  await withFolder((folder) =>
    withThread(folder, async (other) => {
      const { id } = await makeAccount(other, 'nu1@447.edu');
      await withThread(folder, async (store) => {
        assert.ok((await store.lockMaildrop(id)).ok);
        assert.equal(await isFree(other), false);
      });
      assert.ok(await isFree(other));
    }),
  );
});
