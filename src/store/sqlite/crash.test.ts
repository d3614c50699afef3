import { lettersInInbox } from '../contract/inbox.ts';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { hashOf, makeAccount } from '../contract.ts';
import type { AccountId, BlobHash, Store } from '../port.ts';
import { auditFolder } from './audit.ts';
import { folderPaths } from './folder.ts';
import { startChild, withFolder, withThread } from './testing.ts';

const ROUNDS = 4;

/** More letters than a child delivers before it is killed. */
const MANY = 100_000;

/** Every accepted letter is there, whole and once; gives all hashes that are there. */
const verify = async (
  store: Store,
  account: AccountId,
  accepted: ReadonlySet<string>,
): Promise<Set<BlobHash>> => {
  const letters = await lettersInInbox(store, account);
  const byHash = new Map(letters.map(({ id, hash }) => [hash, id]));
  const hashes = new Set(byHash.keys());
  assert.equal(hashes.size, letters.length, 'a letter is there twice');
  for (const hash of accepted) {
    const id = byHash.get(hash as BlobHash);
    assert.ok(id !== undefined, `accepted and lost: ${hash}`);
    const bytes = await store.blob(account, id);
    assert.ok(bytes !== null && hashOf(bytes) === hash, `accepted and not whole: ${hash}`);
  }
  return hashes;
};

test('kill -9 while letters are delivered: what was accepted is there, whole and once', async () => {
  await withFolder(async (folder) => {
    let account = 0 as AccountId;
    await withThread(folder, async (store) => {
      account = (await makeAccount(store, 'nu1@447.edu')).id;
    });
    const accepted = new Set<string>();
    for (let round = 0; round < ROUNDS; round++) {
      const { child, lines, ended } = startChild('deliver.child.ts', [
        folder,
        `${round * MANY}`,
        `${MANY}`,
        'nu1@447.edu',
      ]);
      // The moment is chosen by how much was accepted, so that every round has something to lose.
      const enough = 5 + Math.floor(Math.random() * 150);
      await new Promise<void>((resolve) => {
        const look = (): void => (lines.length >= enough ? resolve() : void setImmediate(look));
        child.stdout?.once('end', resolve);
        look();
      });
      child.kill('SIGKILL');
      await ended;
      assert.equal(child.signalCode, 'SIGKILL', 'the child ended by itself');
      for (const line of lines) if (line.length === 64) accepted.add(line);
      assert.ok(accepted.size >= enough);
      await withThread(folder, async (store) => {
        await verify(store, account, accepted);
      });
      assert.deepEqual(auditFolder(folder), []);
    }
  });
});

test('a file that a crash left without its row is swept at the next start, and nothing else', async () => {
  await withFolder(async (folder) => {
    await withThread(folder, async (store) => void (await makeAccount(store, 'nu1@447.edu')));
    const { blobs } = folderPaths(folder);
    const shelf = `${blobs}/ab`;
    fs.mkdirSync(shelf, { recursive: true });
    const hash = `ab${'0'.repeat(62)}`;
    for (const name of [hash, `${hash}.part`, 'README']) fs.writeFileSync(`${shelf}/${name}`, 'x');
    await withThread(folder, async (_store, thread) => assert.equal((await thread.stats()).swept, 2));
    assert.deepEqual(fs.readdirSync(shelf), ['README']);
  });
});

test('two processes deliver into one folder at once: nothing lost, nothing twice, each sees the other', async () => {
  await withFolder(async (folder) => {
    await withThread(folder, async (store) => {
      const { id } = await makeAccount(store, 'nu1@447.edu');
      const children = [0, 1000].map((seed) =>
        startChild('deliver.child.ts', [folder, `${seed}`, '120', 'nu1@447.edu']),
      );
      const codes = await Promise.all(children.map(({ ended }) => ended));
      assert.deepEqual(codes, [0, 0]);
      const accepted = new Set(children.flatMap(({ lines }) => lines));
      assert.equal(accepted.size, 240);
      assert.equal((await verify(store, id, accepted)).size, 240);
      const [inbox] = await store.mailboxes(id);
      assert.deepEqual([inbox?.letters, inbox?.uidNext, inbox?.highestModSeq], [240, 241, 241n]);
    });
    assert.deepEqual(auditFolder(folder), []);
  });
});
