import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { deliveryOf, hashOf, letterBytes, makeAccount, mustDeliver } from '../contract.ts';
import { T0 } from '../contract/fixtures.ts';
import type { Store } from '../port.ts';
import { auditFolder, auditStore } from './audit.ts';
import { folderPaths, type FolderPaths } from './folder.ts';
import { startChild, withFolder, withThread } from './testing.ts';

const small = letterBytes(5000, 1);
const middle = letterBytes(100_000, 4);
const large = letterBytes(1_300_000, 2);

const filled = async (store: Store): Promise<void> => {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await mustDeliver(store, deliveryOf(small, [id]));
  await mustDeliver(store, deliveryOf(middle, [id]));
  await mustDeliver(store, deliveryOf(large, [id]));
  await store.search({
    account: id,
    mailbox: null,
    filter: { where: 'words', field: 'anywhere', words: 'nobody' },
    sort: [],
    threads: 'whole',
    offset: 0,
    count: 1,
  });
};

const changeWith = ({ database }: FolderPaths, sql: string): void => {
  const db = new DatabaseSync(database);
  db.exec(sql);
  db.close();
};

const fileOf = ({ blobs }: FolderPaths): string => {
  const hash = hashOf(large);
  return path.join(blobs, hash.slice(0, 2), hash);
};

/** How a sound folder is spoiled, and the line that tells of it. */
const SPOILED: readonly (readonly [string, RegExp, (paths: FolderPaths) => void])[] = [
  ['a file is missing', /^blob file missing: [0-9a-f]{64}$/, (paths) => fs.rmSync(fileOf(paths))],
  ['a file is cut', /^blob differs from its hash: /, (paths) => fs.truncateSync(fileOf(paths), 1000)],
  [
    'a byte of a file turns',
    /^blob differs from its hash: /,
    (paths) => fs.writeFileSync(fileOf(paths), letterBytes(1_300_000, 3)),
  ],
  [
    'a byte of a row turns',
    new RegExp(`^blob differs from its hash: ${hashOf(small)}$`),
    (paths) => changeWith(paths, 'UPDATE blob_chunk SET bytes = zeroblob(length(bytes))'),
  ],
  [
    'a file has no row',
    /^orphan: .*\/[0-9a-f]{64}$/,
    (paths) => fs.writeFileSync(`${path.dirname(fileOf(paths))}/${'ab'.repeat(32)}`, 'x'),
  ],
  [
    'a byte of a segment turns',
    new RegExp(`^blob differs from its hash: ${hashOf(middle)}$`),
    ({ blobs }) => fs.writeFileSync(path.join(blobs, 'segments', '1'), letterBytes(100_000, 5)),
  ],
  [
    'a segment is cut',
    new RegExp(
      `^blob ${hashOf(middle)}: segment 1 ends at 5000, in the middle of a letter: put it back from a backup; `,
    ),
    ({ blobs }) => fs.truncateSync(path.join(blobs, 'segments', '1'), 5000),
  ],
  [
    'a segment is missing',
    new RegExp(`^blob ${hashOf(middle)}: ENOENT: `),
    ({ blobs }) => fs.rmSync(path.join(blobs, 'segments', '1')),
  ],
  [
    'a segment has no row',
    /^orphan: .*[/\\]segments[/\\]7$/,
    ({ blobs }) => fs.writeFileSync(path.join(blobs, 'segments', '7'), 'x'),
  ],
  [
    'a segment is said to be used more than it is',
    /^segment: used: 1$/,
    (paths) => changeWith(paths, 'UPDATE segment SET used_bytes = used_bytes + 1'),
  ],
  [
    'a number of a segment would be given twice',
    /^counter: next segment: 1$/,
    (paths) => changeWith(paths, "UPDATE counter SET value = 1 WHERE name = 'next_segment'"),
  ],
  [
    'a count is wrong',
    /^mailbox: counts: 1\/1$/,
    (paths) => changeWith(paths, 'UPDATE mailbox SET letters = 7 WHERE id = 1'),
  ],
  [
    'the number of references is wrong',
    /^blob: references: /,
    (paths) => changeWith(paths, 'UPDATE blob SET refs = 2 WHERE id = 1'),
  ],
  [
    'an index of words is no database',
    /^search index: .* cannot be read$/,
    ({ search }) => {
      const [name = ''] = fs.readdirSync(search);
      fs.writeFileSync(path.join(search, name), 'letters '.repeat(1000));
    },
  ],
  ['the schema is older', /^schema: /, (paths) => changeWith(paths, 'PRAGMA user_version = 1')],
];

describe('a data folder is verified', () => {
  for (const [name, told, spoil] of SPOILED)
    test(`${name}: one line tells of it`, async () => {
      await withFolder(async (folder) => {
        await withThread(folder, filled);
        assert.deepEqual(auditFolder(folder), []);
        spoil(folderPaths(folder));
        const wrong = auditFolder(folder);
        assert.ok(wrong.length > 0 && wrong.every((line) => told.test(line)), wrong.join('\n'));
      });
    });

  test('what is there is counted, and the way to the end is told', async () => {
    await withFolder(async (folder) => {
      await withThread(folder, filled);
      const steps: (readonly [number, number])[] = [];
      const audit = auditStore(folder, (done, total) => steps.push([done, total]));
      assert.deepEqual(audit, { wrong: [], accounts: 1, letters: 3, blobs: 3, bytes: 1_405_000 });
      assert.deepEqual(steps.at(-1), [1_405_000, 1_405_000]);
    });
  });

  test('a damaged page in the database is told, and the rest is looked at', async () => {
    await withFolder(async (folder) => {
      await withThread(folder, filled);
      const { database } = folderPaths(folder);
      const handle = fs.openSync(database, 'r+');
      const noise = letterBytes(4096, 9);
      for (let at = 4096 * 5; at < fs.statSync(database).size; at += 4096 * 4)
        fs.writeSync(handle, noise, 0, noise.length, at);
      fs.closeSync(handle);
      assert.ok(auditFolder(folder).length > 0);
    });
  });

  test('while a server takes letters in and lets go of them, nothing is taken for wrong', async () => {
    await withFolder(async (folder) => {
      await withThread(folder, async (store) => void (await makeAccount(store, 'nu1@447.edu')));
      const { ended, child } = startChild('tidy.child.ts', [folder, 'nu1@447.edu', `${T0}`]);
      let audits = 0;
      while (child.exitCode === null) {
        assert.deepEqual(auditFolder(folder), []);
        audits += 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.equal(await ended, 0);
      assert.ok(audits > 3, `${audits} audits`);
      assert.deepEqual(auditFolder(folder), []);
    });
  });
});
