import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { HouseRefused } from '../app/house.ts';
import { makeAccount } from '../store/contract.ts';
import { StoreFault } from '../store/fault.ts';
import { openMemoryStore } from '../store/memory/store.ts';
import type { AccountId, MailboxId, Store } from '../store/port.ts';
import { LetterImport } from './import-letters.ts';
import { ImportMemory } from './import-memory.ts';

const mailbox = 1 as MailboxId;

/** An account of a store, and imports of the same three letters into it, the second of them twice. */
async function house(t: TestContext) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'letterlock-import-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const store = openMemoryStore();
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const run = async (over: Pick<Store, 'deliver'> = store): Promise<LetterImport> => {
    const memory = new ImportMemory(folder, id, mailbox);
    const parts = { ...store, deliver: over.deliver.bind(over) };
    const letters = new LetterImport({ store: parts, account: id, mailbox, memory });
    try {
      await letters.recall();
      for (const text of ['one', 'two', 'two', 'three']) {
        letters.begin({ receivedAt: 0, keywords: [] });
        await letters.add(Buffer.from(`Subject: ${text}\r\n\r\n`));
        await letters.end();
      }
      await letters.finish();
    } finally {
      await letters.abandon();
      memory.close();
    }
    return letters;
  };
  const count = async (account: AccountId = id): Promise<number> =>
    (await store.mailbox(account, mailbox))?.letters ?? -1;
  const other = (): ImportMemory => new ImportMemory(folder, id, mailbox);
  return { run, count, store, id, other, memory: path.join(folder, 'imports', `${id}-${mailbox}`) };
}

test('an import that ended after a group was on disk, and before it was told, does not double it', async (t) => {
  const { run, count, store } = await house(t);
  const deliver: Store['deliver'] = async (...deliveries) => {
    await store.deliver(...deliveries);
    throw new StoreFault('killed after the commit');
  };
  await assert.rejects(run({ deliver }), /killed after the commit/);
  assert.equal(await count(), 4);
  const again = await run();
  assert.deepEqual([again.imported, again.known, await count()], [0, 4, 4]);
});

test('an import that ended before a group was on disk loses nothing of it', async (t) => {
  const { run, count } = await house(t);
  const deliver: Store['deliver'] = () => Promise.reject(new StoreFault('the disk is full'));
  await assert.rejects(run({ deliver }), /the disk is full/);
  assert.equal(await count(), 0);
  const again = await run();
  assert.deepEqual([again.imported, again.known, await count()], [4, 0, 4]);
});

test('a line that a crash cut short is about nothing that was delivered', async (t) => {
  const { run, count, memory } = await house(t);
  await run();
  fs.appendFileSync(memory, '{"uidNext":5,"letters":["abc');
  const again = await run();
  assert.deepEqual([again.imported, again.known, await count()], [0, 4, 4]);
  fs.appendFileSync(memory, '{"uidNext":5,"letters":["../x"]}\n');
  await assert.rejects(run(), HouseRefused);
});

test('no two imports go into one mailbox at once, and one that is over keeps nobody out', async (t) => {
  const { run, count, other } = await house(t);
  const first = other();
  await assert.rejects(run(), /another import into this mailbox is under way/);
  first.close();
  await run();
  assert.equal(await count(), 4);
});
