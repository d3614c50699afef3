import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { deliveryOf, letterBytes, makeAccount, mustDeliver } from '../contract.ts';
import { appPasswordOf } from '../contract/credentials.ts';
import type { AccountName, LetterId } from '../port.ts';
import { auditFolder } from './audit.ts';
import { type FolderPaths, folderPaths, type OpenRefusal } from './folder.ts';
import { SCHEMA_VERSION } from './migrations.ts';
import { startStoreThread } from './open.ts';
import { makeOldFolder, startChild, withFolder, withThread } from './testing.ts';

/** Every file under a path with its mode, time of change and bytes. */
const portrait = (root: string): readonly string[] => {
  const { mode, mtimeNs, size } = fs.statSync(root, { bigint: true });
  const own = `${root} ${mode.toString(8)} ${mtimeNs} ${size}`;
  if (!fs.statSync(root).isDirectory()) return [`${own} ${fs.readFileSync(root).toString('base64')}`];
  return [
    own,
    ...fs
      .readdirSync(root)
      .sort()
      .flatMap((name) => portrait(path.join(root, name))),
  ];
};

const patch = (file: string, at: number, bytes: Uint8Array): void => {
  const handle = fs.openSync(file, 'r+');
  fs.writeSync(handle, bytes, 0, bytes.length, at);
  fs.closeSync(handle);
};

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

const changeWith = (paths: FolderPaths, sql: string): void => {
  const db = new DatabaseSync(paths.database);
  db.exec(sql);
  db.close();
};

/** How a sound data folder is spoiled, and what is then answered. */
const SPOILED: readonly (readonly [string, OpenRefusal['why'], (paths: FolderPaths) => void])[] = [
  ['a newer schema', 'newer', ({ database }) => patch(database, 60, uint32(SCHEMA_VERSION + 1))],
  ['another application’s database', 'foreign', ({ database }) => patch(database, 68, uint32(0x12345678))],
  ['a database of no application', 'foreign', ({ database }) => patch(database, 68, uint32(0))],
  [
    'a folder where the database belongs',
    'foreign',
    ({ database }) => (fs.rmSync(database), fs.mkdirSync(database)),
  ],
  ['no schema version', 'damaged', ({ database }) => patch(database, 60, uint32(0))],
  ['an empty file', 'damaged', ({ database }) => fs.truncateSync(database, 0)],
  ['half a header', 'damaged', ({ database }) => fs.truncateSync(database, 50)],
  ['another file', 'damaged', ({ database }) => fs.writeFileSync(database, 'letters '.repeat(1000))],
  [
    'a file cut inside a page',
    'damaged',
    ({ database }) => fs.truncateSync(database, fs.statSync(database).size - 100),
  ],
  [
    'a file cut at a page',
    'damaged',
    ({ database }) => fs.truncateSync(database, fs.statSync(database).size - 4096),
  ],
  ['a schema page of noise', 'damaged', ({ database }) => patch(database, 100, letterBytes(3996))],
  ['a missing index', 'damaged', (paths) => changeWith(paths, 'DROP INDEX placement_changed')],
  ['a missing table', 'damaged', (paths) => changeWith(paths, 'DROP TABLE tally')],
  ['a missing database', 'damaged', ({ database }) => fs.rmSync(database)],
];

describe('opening a data folder', () => {
  for (const [name, why, spoil] of SPOILED)
    test(`${name}: refused as ${why}, and nothing is touched`, async () => {
      await withFolder(async (folder) => {
        const paths = folderPaths(folder);
        await withThread(folder, async (store) => {
          const { id } = await makeAccount(store, 'nu1@447.edu');
          await mustDeliver(store, deliveryOf(letterBytes(300_000), [id]));
        });
        spoil(paths);
        const before = portrait(folder);
        const opened = await startStoreThread(folder);
        assert.ok(!opened.ok);
        assert.equal(opened.refusal.why, why, opened.refusal.message);
        assert.ok(opened.refusal.message.includes(opened.refusal.path));
        assert.deepEqual(portrait(folder), before);
      });
    });

  test('a folder of every older schema comes to this one with all that is in it', async () => {
    for (let version = 1; version < SCHEMA_VERSION; version++)
      await withFolder(async (folder) => {
        const paths = folderPaths(folder);
        makeOldFolder(paths, version);
        await withThread(folder, async (store) => {
          // What an older program looks at is the version in the file itself, while this one has it open.
          assert.equal(fs.readFileSync(paths.database).readUInt32BE(60), SCHEMA_VERSION);
          const account = await store.account('nu1@447.edu' as AccountName);
          assert.ok(account !== null);
          assert.equal((await store.verifiers(account.id))?.argon2id, 'phc');
          assert.deepEqual(await store.appPasswords(account.id), []);
          assert.deepEqual(await store.addAppPassword(account.id, appPasswordOf(1)), {
            ok: true,
            value: null,
          });
          const was = await store.letter(account.id, 1 as LetterId);
          assert.deepEqual([was?.summary.subject, was?.omitted], ['old', []]);
          assert.deepEqual(await store.blob(account.id, 1 as LetterId), letterBytes(7));
          const omitted = [{ start: 2, end: 4 }];
          const delivery = { ...deliveryOf(letterBytes(9), [account.id]), omitted };
          const [placement] = await mustDeliver(store, delivery);
          assert.equal(placement?.uid, 2);
          assert.deepEqual((await store.letter(account.id, 2 as LetterId))?.omitted, omitted);
        });
        assert.deepEqual(auditFolder(folder), []);
      });
  });

  test('a newer schema that is still in the log is refused, and nothing of the letters is touched', async () => {
    await withFolder(async (folder) => {
      const paths = folderPaths(folder);
      await withThread(folder, async (store) => void (await makeAccount(store, 'nu1@447.edu')));
      const newer = new DatabaseSync(paths.database);
      newer.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
      const read = (): readonly Buffer[] =>
        [paths.database, `${paths.database}-wal`].map((file) => fs.readFileSync(file));
      const before = read();
      const opened = await startStoreThread(folder);
      assert.ok(!opened.ok && opened.refusal.why === 'newer');
      assert.deepEqual(read(), before);
      newer.close();
    });
  });

  test('a file where the folder belongs, or above it, is refused', async () => {
    await withFolder(async (folder) => {
      fs.writeFileSync(folder, 'not a folder');
      for (const wanted of [folder, path.join(folder, 'inside')]) {
        const opened = await startStoreThread(wanted);
        assert.ok(!opened.ok && opened.refusal.why === 'not-a-folder', wanted);
      }
      assert.equal(fs.readFileSync(folder, 'utf8'), 'not a folder');
    });
  });

  test('a link that leads nowhere, and a place where no folder can be, are refused', async () => {
    await withFolder(async (folder) => {
      fs.symlinkSync(`${folder}.gone`, folder);
      const dead = await startStoreThread(folder);
      assert.ok(!dead.ok && dead.refusal.why === 'not-a-folder');
      assert.match(dead.refusal.message, /is a link to a place that does not exist/);
      assert.ok(!fs.existsSync(`${folder}.gone`));
    });
    if (process.platform !== 'linux') return;
    const nowhere = await startStoreThread('/proc/letterlock/data');
    assert.ok(!nowhere.ok && nowhere.refusal.why === 'not-a-folder');
  });

  test('a folder of this user’s that others can enter is closed to them when it is opened', async () => {
    const umask = process.umask(0o000);
    try {
      for (const [mode, content, becomes] of [
        [0o777, null, 0o700],
        [0o755, 'letterlock.db', 0o700],
        [0o755, 'something-else', 0o755],
        [0o1777, null, 0o1777],
      ] as const)
        await withFolder(async (folder) => {
          if (content === 'letterlock.db') await withThread(folder, async () => undefined);
          else fs.mkdirSync(folder);
          if (content === 'something-else') fs.writeFileSync(path.join(folder, content), '');
          fs.chmodSync(folder, mode);
          await withThread(folder, async () => undefined);
          assert.equal(fs.statSync(folder).mode & 0o7777, becomes, `${mode.toString(8)} with ${content}`);
        });
    } finally {
      process.umask(umask);
    }
  });

  test('a folder that this user cannot write is refused', async () => {
    await withFolder(async (folder) => {
      fs.mkdirSync(folder, { mode: 0o555 });
      fs.chmodSync(path.dirname(folder), 0o755);
      const { lines, ended } = startChild('unprivileged.child.ts', [folder]);
      assert.equal(await ended, 0);
      assert.deepEqual(lines, ['not-writable']);
      assert.deepEqual(fs.readdirSync(folder), []);
    });
  });

  test('folders and files are for their owner only, whatever the umask', async () => {
    await withFolder(async (folder) => {
      const before = process.umask(0o000);
      try {
        await withThread(folder, async (store) => {
          const { id } = await makeAccount(store, 'nu1@447.edu');
          for (const sizeBytes of [100_000, 1_300_000])
            await mustDeliver(store, deliveryOf(letterBytes(sizeBytes), [id]));
          const names = ['', ...fs.readdirSync(folder, { recursive: true, encoding: 'utf8' })];
          assert.ok(
            names.includes('letterlock.db-wal') &&
              names.some((name) => /^blobs.[0-9a-f]{2}.[0-9a-f]{64}$/.test(name)),
          );
          for (const name of names) {
            const { mode } = fs.statSync(path.join(folder, name));
            assert.equal(
              mode & 0o777,
              fs.statSync(path.join(folder, name)).isDirectory() ? 0o700 : 0o600,
              name,
            );
          }
        });
      } finally {
        process.umask(before);
      }
    });
  });

  test('several that begin in one absent folder at once all get the same store', async () => {
    await withFolder(async (folder) => {
      const started = await Promise.all(Array.from({ length: 4 }, () => startStoreThread(folder)));
      for (const [index, each] of started.entries()) assert.ok(each.ok, `start ${index}`);
      for (const each of started) if (each.ok) await each.value.close();
      assert.deepEqual(fs.readdirSync(folder), ['letterlock.db']);
    });
  });
});
