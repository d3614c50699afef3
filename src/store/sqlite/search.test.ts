import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { letterFor, makeAccount, mustDeliver, put, T0 } from '../contract/fixtures.ts';
import type { AccountId, LetterFilter, LetterId, Store } from '../port.ts';
import { folderPaths } from './folder.ts';
import { openStore } from './open.ts';
import { withFolder, withThread } from './testing.ts';

const withStore = async (folder: string, run: (store: Store) => Promise<void>): Promise<void> => {
  const opened = await openStore(folder);
  assert.ok(opened.ok);
  try {
    await run(opened.value);
  } finally {
    await opened.value.close();
  }
};

const letter = (subject: string): Uint8Array => Buffer.from(`Subject: ${subject}\r\n\r\nText.\r\n`);

const send = async (store: Store, account: AccountId, subject: string): Promise<LetterId> =>
  (await put(store, account, { bytes: letter(subject) })).letter;

/** The letters with these words in the subject. */
const find = async (store: Store, account: AccountId, words: string): Promise<readonly number[]> => {
  const filter: LetterFilter = { where: 'words', field: 'subject', words };
  const query = {
    account,
    mailbox: null,
    filter,
    sort: [],
    threads: 'whole',
    offset: 0,
    count: 9999,
  } as const;
  return (await store.search(query)).hits.map(({ letter: number }) => number);
};

const indexOf = (folder: string, account: AccountId): string =>
  path.join(folderPaths(folder).search, `${account}.db`);

/** The numbers of the letters that stand in an index file. */
const standIn = (file: string): readonly unknown[] => {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const words = db.prepare('SELECT id FROM words_docsize ORDER BY id').all();
    return words.map(({ id }) => id);
  } finally {
    db.close();
  }
};

test('an index is nobody else’s to read, and is there again where it was lost or spoilt', async () => {
  await withFolder(async (folder) => {
    const account = 1 as AccountId;
    const file = indexOf(folder, account);
    await withStore(folder, async (store) => {
      await makeAccount(store, 'nu1@447.edu');
      for (let n = 0; n < 200; n++) await send(store, account, `plan ${n}`);
      assert.equal((await find(store, account, 'plan')).length, 200);
      assert.equal(fs.statSync(file).mode & 0o777, 0o600);
      assert.equal(fs.statSync(path.dirname(file)).mode & 0o777, 0o700);
    });
    const whole = fs.readFileSync(file);
    const spoilt: readonly (() => void)[] = [
      () => fs.rmSync(file),
      () => fs.rmSync(path.dirname(file), { recursive: true }),
      () => fs.writeFileSync(file, ''),
      () =>
        fs.writeFileSync(
          file,
          'no database at all, but some text that is longer than a header of one would be'.repeat(9),
        ),
      () => fs.truncateSync(file, 5000),
      () => fs.truncateSync(file, whole.length - 4096),
      () =>
        fs.writeFileSync(
          file,
          Buffer.concat([whole.subarray(0, 4096), Buffer.alloc(whole.length - 4096, 7)]),
        ),
      () => {
        const db = new DatabaseSync(file);
        db.exec('DROP TABLE letter_known; PRAGMA user_version = 99');
        db.close();
      },
    ];
    for (const [index, spoil] of spoilt.entries()) {
      spoil();
      await withStore(folder, async (store) => {
        assert.equal((await find(store, account, 'plan')).length, 200, `way ${index}`);
        assert.deepEqual(await find(store, account, 'plan 7'), [8, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80]);
      });
    }
  });
});

test('an index of another history of the folder is made anew', async () => {
  for (const later of [0, 1, 5])
    await withFolder(async (folder) => {
      const account = 1 as AccountId;
      const backup = `${folder}.backup`;
      await withStore(folder, async (store) => {
        await makeAccount(store, 'nu1@447.edu');
        await send(store, account, 'plan');
      });
      fs.cpSync(folder, backup, { recursive: true });
      await withStore(folder, async (store) => {
        for (let n = 0; n < 3; n++) await send(store, account, 'lost');
        assert.deepEqual(await find(store, account, 'lost'), [2, 3, 4]);
      });
      fs.cpSync(path.join(folder, 'search'), path.join(backup, 'search'), { recursive: true });
      await withStore(backup, async (store) => {
        const sent: LetterId[] = [];
        for (let n = 0; n < later; n++) sent.push(await send(store, account, 'other'));
        assert.deepEqual(await find(store, account, 'lost'), []);
        assert.deepEqual(await find(store, account, 'other'), sent);
        assert.deepEqual(await find(store, account, 'plan'), [1]);
      });
    });
});

test('the words of what was let go of go as well, and so does the index of an account', async () => {
  await withFolder(async (folder) => {
    await withStore(folder, async (store) => {
      const one = await makeAccount(store, 'nu1@447.edu');
      const two = await makeAccount(store, 'nu2@447.edu');
      for (const { id } of [one, two]) await send(store, id, 'plan');
      const third = await send(store, one.id, 'plan');
      assert.deepEqual(await find(store, one.id, 'plan'), [1, third]);
      assert.deepEqual(await find(store, two.id, 'plan'), [2]);
      await store.removeLetters(one.id, [third], T0);
      await store.removeAccount(two.id);
      await store.tidy({ now: T0, removedMs: 0, tombstonesMs: 0 });
      // Asked after the sweep, which the store thread has ordered before.
      assert.deepEqual(await find(store, one.id, 'plan'), [1]);
    });
    assert.deepEqual(standIn(indexOf(folder, 1 as AccountId)), [1]);
    const files = fs.readdirSync(folderPaths(folder).search);
    assert.deepEqual(
      files.filter((name) => name.endsWith('.db')),
      ['1.db'],
    );
  });
});

test('letters that left unseen by the index are forgotten though nothing tells of it any more', async () => {
  await withFolder(async (folder) => {
    const account = 1 as AccountId;
    const file = indexOf(folder, account);
    await withStore(folder, async (store) => {
      await makeAccount(store, 'nu1@447.edu');
      for (let n = 0; n < 3; n++) await send(store, account, 'plan');
      assert.deepEqual(await find(store, account, 'plan'), [1, 2, 3]);
    });
    const kept = `${file}.kept`;
    fs.renameSync(file, kept);
    await withStore(folder, async (store) => {
      await store.removeLetters(account, [2 as LetterId], T0);
      await store.tidy({ now: T0, removedMs: 0, tombstonesMs: 0 });
      await send(store, account, 'plan');
    });
    fs.renameSync(kept, file);
    await withStore(folder, async (store) => assert.deepEqual(await find(store, account, 'plan'), [1, 3, 4]));
    assert.deepEqual(standIn(file), [1, 3, 4]);
  });
});

test('a search in one account is answered while another account’s letters are read', async () => {
  await withFolder(async (folder) => {
    await withStore(folder, async (store) => {
      const one = await makeAccount(store, 'nu1@447.edu');
      const two = await makeAccount(store, 'nu2@447.edu');
      await Promise.all(Array.from({ length: 1500 }, (_, n) => send(store, one.id, `plan ${n}`)));
      await send(store, two.id, 'plan');
      const order: string[] = [];
      await Promise.all([
        find(store, one.id, 'plan').then((found) => order.push(`one ${found.length}`)),
        find(store, two.id, 'plan').then((found) => order.push(`two ${found.length}`)),
      ]);
      assert.deepEqual(order, ['two 1', 'one 1500']);
    });
  });
});

test('two processes’ stores on one folder find each other’s letters at once', async () => {
  await withFolder(async (folder) => {
    await withThread(folder, (one) =>
      withThread(folder, async (other) => {
        const { id } = await makeAccount(one, 'nu1@447.edu');
        const round = async (store: Store, n: number): Promise<void> => {
          const sent = await send(store, id, `plan ${n}`);
          for (const reader of [one, other]) assert.ok((await find(reader, id, 'plan')).includes(sent));
        };
        await Promise.all(Array.from({ length: 40 }, (_, n) => round(n % 2 === 0 ? one : other, n)));
        await one.dropIndex(id);
        const found = await Promise.all([find(one, id, 'plan'), find(other, id, 'plan')]);
        assert.deepEqual(
          found.map(({ length }) => length),
          [40, 40],
        );
      }),
    );
  });
});

test('a letter whose bytes are gone keeps no other from being found', async () => {
  await withFolder(async (folder) => {
    await withStore(folder, async (store) => {
      const { id } = await makeAccount(store, 'nu1@447.edu');
      const large = Buffer.concat([letter('plan'), Buffer.alloc(1_300_000, 65)]);
      await mustDeliver(store, letterFor(id, { bytes: large }));
      const { hash } = letterFor(id, { bytes: large });
      fs.rmSync(path.join(folderPaths(folder).blobs, hash.slice(0, 2), hash));
      const second = await send(store, id, 'plan');
      assert.deepEqual(await find(store, id, 'plan'), [second]);
    });
  });
});

test('what is under way when the store is closed is given up, and nothing is lost of it', async () => {
  await withFolder(async (folder) => {
    await withStore(folder, async (store) => {
      const { id } = await makeAccount(store, 'nu1@447.edu');
      await Promise.all(Array.from({ length: 1500 }, (_, n) => send(store, id, `plan ${n}`)));
      const searches = Promise.allSettled([find(store, id, 'plan'), find(store, id, 'plan')]);
      await store.close();
      for (const outcome of await searches) {
        assert.equal(outcome.status, 'rejected');
        if (outcome.status === 'rejected') assert.equal((outcome.reason as Error).name, 'StoreClosed');
      }
      await assert.rejects(async () => find(store, id, 'plan'), { name: 'StoreClosed' });
    });
    await withStore(folder, async (store) =>
      assert.equal((await find(store, 1 as AccountId, 'plan')).length, 1500),
    );
  });
});

test('a filter beyond its bounds is a fault, and the largest within them is not', async () => {
  await withFolder(async (folder) => {
    await withStore(folder, async (store) => {
      const { id } = await makeAccount(store, 'nu1@447.edu');
      const sent = await send(store, id, 'plan');
      const search = (filter: LetterFilter) =>
        store.search({ account: id, mailbox: null, filter, sort: [], threads: 'whole', offset: 0, count: 9 });
      const words: LetterFilter = { where: 'words', field: 'anywhere', words: 'plan' };
      const nested = (depth: number): LetterFilter =>
        depth === 1 ? words : { where: 'any', of: [nested(depth - 1)] };
      const wide = (count: number): LetterFilter => ({
        where: 'every',
        of: Array.from({ length: count - 1 }, () => words),
      });
      for (const filter of [nested(50), wide(1000)])
        assert.deepEqual(
          (await search(filter)).hits.map(({ letter: number }) => number),
          [sent],
        );
      for (const filter of [nested(51), wide(1001), nested(2000)])
        await assert.rejects(async () => search(filter), { name: 'StoreFault' });
    });
  });
});
