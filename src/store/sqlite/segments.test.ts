import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { deliveryOf, letterBytes, makeAccount, mustDeliver } from '../contract.ts';
import { T0 } from '../contract/fixtures.ts';
import type { AccountId, LetterId, Store } from '../port.ts';
import { auditFolder } from './audit.ts';
import { folderPaths } from './folder.ts';
import { withFolder, withThread } from './testing.ts';

const MIDDLE = 100_000;
const FULL = 64 * 1024 * 1024;
const AT_ONCE = { now: T0 + 2, removedMs: 0, tombstonesMs: 0 };

const segmentsOf = (folder: string): readonly string[] => {
  const segments = path.join(folderPaths(folder).blobs, 'segments');
  return fs.existsSync(segments) ? fs.readdirSync(segments).sort() : [];
};

const segmentPath = (folder: string, name: string): string =>
  path.join(folderPaths(folder).blobs, 'segments', name);

const deliver = async (store: Store, account: AccountId, bytes: Uint8Array): Promise<LetterId> => {
  const [placement] = await mustDeliver(store, deliveryOf(bytes, [account]));
  assert.ok(placement);
  return placement.letter;
};

const assertServed = async (
  store: Store,
  account: AccountId,
  letter: LetterId,
  bytes: Uint8Array,
): Promise<void> => {
  assert.deepEqual(new Uint8Array((await store.blob(account, letter)) ?? []), bytes);
};

/** As if the first segment had been filled by letters that are gone. */
const fillFirst = (folder: string): void => {
  fs.truncateSync(segmentPath(folder, '1'), FULL);
  const db = new DatabaseSync(folderPaths(folder).database);
  db.exec(`UPDATE segment SET size_bytes = ${FULL} WHERE id = 1`);
  db.close();
};

test('one small letter lies in rows, many at once and larger ones in a segment; each is served, and in pieces', () =>
  withFolder(async (folder) => {
    await withThread(folder, async (store) => {
      const { id } = await makeAccount(store, 'nu1@447.edu');
      await assertServed(store, id, await deliver(store, id, letterBytes(4000, 1)), letterBytes(4000, 1));
      assert.deepEqual(segmentsOf(folder), []);
      const many = Array.from({ length: 12 }, (_, n) => letterBytes(4000, 10 + n));
      const letters = await Promise.all(many.map((bytes) => deliver(store, id, bytes)));
      for (const [n, letter] of letters.entries())
        await assertServed(store, id, letter, many[n] ?? new Uint8Array());
      assert.deepEqual(segmentsOf(folder), ['1']);
      const long = letterBytes(700_000, 2);
      const letter = await deliver(store, id, long);
      const pieces: Uint8Array[] = [];
      for await (const piece of (await store.blobPieces(id, letter, { start: 300_001, end: 600_002 })) ?? [])
        pieces.push(piece);
      assert.ok(pieces.length > 1 && Buffer.concat(pieces).equals(long.subarray(300_001, 600_002)));
    });
    assert.deepEqual(auditFolder(folder), []);
  }));

test('a letter without a byte lies in no segment, whatever comes with it', () =>
  withFolder(async (folder) => {
    await withThread(folder, async (store) => {
      const { id } = await makeAccount(store, 'nu1@447.edu');
      const empty = new Uint8Array();
      const delivered = await store.deliver(
        deliveryOf(empty, [id]),
        deliveryOf(letterBytes(20_000, 1), [id]),
      );
      assert.ok(delivered.ok);
      const [first, second] = delivered.value;
      assert.ok(first && second);
      await assertServed(store, id, first.letter, empty);
      await assertServed(store, id, second.letter, letterBytes(20_000, 1));
    });
    assert.deepEqual(auditFolder(folder), []);
  }));

test('the same bytes are kept once, and once more where their segment is gone', () =>
  withFolder(async (folder) => {
    await withThread(folder, async (store) => {
      const { id } = await makeAccount(store, 'nu1@447.edu');
      const bytes = letterBytes(MIDDLE, 1);
      const first = await deliver(store, id, bytes);
      await deliver(store, id, letterBytes(MIDDLE, 1));
      assert.equal(fs.statSync(segmentPath(folder, '1')).size, MIDDLE);
      // The file is removed while the server has it open: what comes now must not go to a file without a name.
      fs.rmSync(segmentPath(folder, '1'));
      await deliver(store, id, letterBytes(MIDDLE, 1));
      await assertServed(store, id, first, bytes);
      assert.deepEqual(segmentsOf(folder), ['2']);
    });
    assert.deepEqual(auditFolder(folder), []);
  }));

test('a write that fails in a group spoils no neighbour in the segment', () =>
  withFolder(async (folder) => {
    await withThread(folder, async (store, thread) => {
      const { id } = await makeAccount(store, 'nu1@447.edu');
      const bytes = [1, 2, 3].map((seed) => letterBytes(MIDDLE, seed));
      const lost = await store.spool();
      await lost.discard();
      const deliveries = bytes.map((each) => deliveryOf(each, [id]));
      const outcomes = await Promise.allSettled(
        deliveries.map((delivery, n) =>
          store.deliver(n === 1 ? { ...delivery, chunks: [], spool: lost.id } : delivery),
        ),
      );
      assert.equal((await thread.stats()).reruns, 1);
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled'],
      );
      for (const outcome of [outcomes[0], outcomes[2]]) {
        assert.ok(outcome?.status === 'fulfilled' && outcome.value.ok);
        const [placement] = outcome.value.value;
        const index = outcome === outcomes[0] ? 0 : 2;
        await assertServed(store, id, placement?.letter ?? (0 as LetterId), bytes[index] ?? new Uint8Array());
      }
    });
    assert.deepEqual(auditFolder(folder), []);
  }));

test('what is left in a segment is moved when most of it is gone, and its file goes', () =>
  withFolder(async (folder) => {
    let account = 0 as AccountId;
    let kept = 0 as LetterId;
    await withThread(folder, async (store) => {
      account = (await makeAccount(store, 'nu1@447.edu')).id;
      kept = await deliver(store, account, letterBytes(MIDDLE, 1));
    });
    fillFirst(folder);
    await withThread(folder, async (store) => {
      const gone = await deliver(store, account, letterBytes(MIDDLE, 2));
      const stays = await deliver(store, account, letterBytes(MIDDLE, 3));
      assert.deepEqual(segmentsOf(folder), ['1', '2']);
      // Whoever began to read before goes on to the end.
      const pieces = (await store.blobPieces(account, kept))?.[Symbol.asyncIterator]();
      assert.ok(pieces);
      const { value: piece } = (await pieces.next()) as IteratorYieldResult<Uint8Array>;
      await store.removeLetters(account, [gone], T0);
      const tidied = await store.tidy(AT_ONCE);
      assert.deepEqual(tidied, { letters: 1, tombstones: 3, more: false });
      await store.tidy(AT_ONCE);
      assert.deepEqual(segmentsOf(folder), ['2']);
      assert.deepEqual([new Uint8Array(piece), (await pieces.next()).done], [letterBytes(MIDDLE, 1), true]);
      await assertServed(store, account, kept, letterBytes(MIDDLE, 1));
      await assertServed(store, account, stays, letterBytes(MIDDLE, 3));
    });
    assert.deepEqual(auditFolder(folder), []);
  }));

test('a segment that a crash left without its row is swept at the next start, and its number may come again', () =>
  withFolder(async (folder) => {
    let account = 0 as AccountId;
    await withThread(folder, async (store) => {
      account = (await makeAccount(store, 'nu1@447.edu')).id;
    });
    fs.mkdirSync(path.dirname(segmentPath(folder, '1')), { recursive: true });
    fs.writeFileSync(segmentPath(folder, '1'), letterBytes(MIDDLE, 9));
    fs.writeFileSync(segmentPath(folder, 'README'), 'x');
    await withThread(folder, async (store, thread) => {
      assert.equal((await thread.stats()).swept, 1);
      assert.deepEqual(segmentsOf(folder), ['README']);
      await deliver(store, account, letterBytes(MIDDLE, 1));
    });
    assert.deepEqual(segmentsOf(folder), ['1', 'README']);
    assert.deepEqual(auditFolder(folder), []);
  }));
