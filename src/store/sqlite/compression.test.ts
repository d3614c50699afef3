import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { deliveryOf, letterBytes, makeAccount, mustDeliver } from '../contract.ts';
import type { AccountId, LetterId } from '../port.ts';
import { auditFolder } from './audit.ts';
import { compress, decompress } from './compression.ts';
import { folderPaths } from './folder.ts';
import { openStore } from './open.ts';
import { withFolder } from './testing.ts';

const text = (sizeBytes: number, word: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.from(`${word} of many words, `.repeat(sizeBytes / 4)).subarray(0, sizeBytes));

test('what does not become a tenth shorter, or is short or long, is kept as it is', () => {
  const noise = letterBytes(5000, 1);
  for (let at = 0; at < noise.length; at++) noise[at] = (at * 7919 + ((at * at) >> 3)) ^ (at >> 5);
  assert.equal(compress([noise], noise.length), null);
  assert.equal(compress([text(1023, 'a')], 1023), null);
  assert.equal(compress([text(1_048_577, 'a')], 1_048_577), null);
  const letter = text(5000, 'letter');
  const frame = compress([letter.subarray(0, 100), letter.subarray(100)], letter.length);
  assert.ok(frame !== null && frame.length < 500);
  assert.deepEqual(new Uint8Array(decompress(frame, letter.length)), letter);
});

test('a frame that comes to other bytes than were promised is a fault, and no more memory is taken', () => {
  const bomb = compress([text(1_000_000, 'bomb')], 1_000_000);
  assert.ok(bomb !== null);
  assert.throws(() => decompress(bomb, 5000), { name: 'StoreFault', message: /damaged/ });
  assert.throws(() => decompress(bomb, 1_000_001), /has 1000000 bytes and not 1000001/);
  assert.throws(() => decompress(bomb.subarray(1), 1_000_000), /damaged/);
});

test('letters kept either way lie in one store and are served alike, whatever is set', () =>
  withFolder(async (folder) => {
    const letters: (readonly [LetterId, Uint8Array])[] = [];
    let account = 0 as AccountId;
    for (const compression of ['none', 'zstd', 'none'] as const) {
      const opened = await openStore(folder, { compression });
      assert.ok(opened.ok);
      const store = opened.value;
      if (account === 0) account = (await makeAccount(store, 'nu1@447.edu')).id;
      for (const sizeBytes of [5000, 100_000, 700_000]) {
        const bytes = text(sizeBytes, `${compression}${letters.length}`);
        const [placement] = await mustDeliver(store, deliveryOf(bytes, [account]));
        assert.ok(placement);
        letters.push([placement.letter, bytes]);
      }
      for (const [letter, bytes] of letters) {
        assert.deepEqual(new Uint8Array((await store.blob(account, letter)) ?? []), bytes);
        const pieces: Uint8Array[] = [];
        for await (const piece of (await store.blobPieces(account, letter, { start: 7, end: 600_000 })) ?? [])
          pieces.push(piece);
        assert.ok(Buffer.concat(pieces).equals(bytes.subarray(7, 600_000)));
      }
      await store.close();
    }
    // The six that lie as they are, those above 12 KiB in the segment, and three that take next to nothing.
    const { size } = fs.statSync(path.join(folderPaths(folder).blobs, 'segments', '1'));
    assert.ok(size >= 1_600_000 && size < 1_700_000, `${size}`);
    assert.deepEqual(auditFolder(folder), []);
  }));
