import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { deliveryOf, hashOf, letterBytes, testVerifiers } from '../contract/fixtures.ts';
import type { AccountId, AccountName } from '../port.ts';
import { auditFolder } from './audit.ts';
import { BlobFiles } from './blob-files.ts';
import { folderPaths, openFolder } from './folder.ts';
import { withFolder } from './testing.ts';
import type { Write } from './write.ts';
import { Writer } from './writer.ts';

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

const writeOf = (bytes: Uint8Array<ArrayBuffer>, account: AccountId): Write => {
  const { hash, sizeBytes, chunks, summary, receivedAt, recipients } = deliveryOf(bytes, [account]);
  const letter = { hash, sizeBytes, chunks, summary, receivedAt, recipients, keptBytes: sizeBytes };
  const rest = {
    spool: null,
    zstdBytes: null,
    parsed: null,
    threadKeys: new Uint8Array(),
    transport: '{}',
    omitted: null,
    savedAt: 1,
  };
  return { do: 'deliver', deliveries: [{ ...letter, ...rest }] };
};

/** Makes a writer on a fresh folder with one account, and closes it. */
const withWriter = async (
  run: (
    writer: Writer,
    parts: { blobs: string; account: AccountId; limit: (pages: number | null) => void },
  ) => void,
): Promise<void> =>
  withFolder(async (folder) => {
    const paths = folderPaths(folder);
    const opened = openFolder(paths);
    assert.ok(opened.ok);
    const db = opened.value;
    const writer = new Writer(db, new BlobFiles(paths.blobs));
    const [made] = writer.run([
      {
        do: 'create-account',
        wanted: { name: 'nu1@447.edu' as AccountName, createdAt: 1, verifiers: testVerifiers() },
      },
    ]).outcomes;
    assert.ok(made !== undefined && 'value' in made);
    const limit = (pages: number | null): void => db.exec(`PRAGMA max_page_count = ${pages ?? 1_000_000}`);
    run(writer, { blobs: paths.blobs, account: 1 as AccountId, limit });
    writer.close();
    assert.deepEqual(auditFolder(folder), []);
  });

test('a large letter whose rows find no room takes its file with it', () =>
  withWriter((writer, { blobs, account, limit }) => {
    limit(1);
    let taken = 0;
    // What is left of the pages has room for some letters.
    while (isTaken(writer, taken, account)) {
      taken += 1;
      assert.ok(taken < 1000, 'the database never ran full');
    }
    limit(null);
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
