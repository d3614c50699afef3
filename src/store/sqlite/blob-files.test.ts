import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { hashOf, letterBytes } from '../contract/fixtures.ts';
import type { AccountId } from '../port.ts';
import { BlobFiles } from './blob-files.ts';
import { withFolder, withWriter, writeOf } from './testing.ts';
import type { Writer } from './writer.ts';

const filesIn = (folder: string): readonly string[] =>
  fs.existsSync(folder)
    ? fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes(path.sep))
    : [];

test('of a letter that cannot be written whole, nothing is left', (t) =>
  withFolder(async (folder) => {
    fs.mkdirSync(folder);
    const blobs = path.join(folder, 'blobs');
    const files = new BlobFiles(blobs);
    const bytes = letterBytes(1_300_000);
    for (const step of ['writeSync', 'fsyncSync', 'renameSync'] as const) {
      const broken = t.mock.method(fs, step, () => {
        throw new Error('the disk is full');
      });
      assert.throws(() => files.write(hashOf(bytes), [bytes]), /the disk is full/, step);
      broken.mock.restore();
      assert.deepEqual(filesIn(blobs), [], step);
    }
    files.write(hashOf(bytes), [bytes]);
    assert.equal(filesIn(blobs).length, 1);
  }));

test('a folder whose name could not be made durable is not built on as if it were', (t) =>
  withWriter((writer, { blobs, account }) => {
    let fails = true;
    const synced: string[] = [];
    const [{ openSync, fsyncSync }, paths] = [fs, new Map<number, string>()] as const;
    t.mock.method(fs, 'openSync', (...what: Parameters<typeof openSync>) => {
      const handle = openSync(...what);
      paths.set(handle, String(what[0]));
      return handle;
    });
    t.mock.method(fs, 'fsyncSync', (handle: number) => {
      const file = paths.get(handle) ?? '';
      if (fails && file === blobs) throw new Error('EIO');
      fsyncSync(handle);
      synced.push(file);
    });
    assert.ok(!isTaken(writer, 1, account));
    fails = false;
    assert.ok(!synced.includes(blobs));
    assert.ok(isTaken(writer, 1, account));
    assert.ok(synced.includes(blobs));
    // Once is enough.
    synced.length = 0;
    for (const seed of [2, 3]) assert.ok(isTaken(writer, seed, account));
    assert.ok(!synced.includes(path.dirname(blobs)));
    t.mock.restoreAll();
  }));

test('a large letter whose rows find no room takes its file with it', () =>
  withWriter((writer, { blobs, db, account }) => {
    const limit = (pages: number): void => db.exec(`PRAGMA max_page_count = ${pages}`);
    limit(1);
    let taken = 0;
    // What is left of the pages has room for some letters.
    while (isTaken(writer, taken, account)) {
      taken += 1;
      assert.ok(taken < 1000, 'the database never ran full');
    }
    limit(1_000_000);
    // The next transaction takes the file away, whatever it is for.
    assert.ok('value' in (writer.run([writeOf(letterBytes(100), account)]).outcomes[0] ?? {}));
    assert.equal(filesIn(blobs).length, taken);
    assert.ok(isTaken(writer, taken, account));
    assert.equal(filesIn(blobs).length, taken + 1);
  }));

const isTaken = (writer: Writer, seed: number, account: AccountId): boolean => {
  const [outcome] = writer.run([writeOf(letterBytes(1_300_000, seed), account)]).outcomes;
  return outcome !== undefined && 'value' in outcome;
};
