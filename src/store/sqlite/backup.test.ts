import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { deliveryOf, hashOf, letterBytes, makeAccount, mustDeliver } from '../contract.ts';
import { T0 } from '../contract/fixtures.ts';
import type { AccountName, Store } from '../port.ts';
import { auditFolder } from './audit.ts';
import { backUp } from './backup.ts';
import { manifestName, momentOf, parseManifest } from './backup-manifest.ts';
import { BackupObjects } from './backup-objects.ts';
import { folderPaths } from './folder.ts';
import { restore } from './restore.ts';
import { makeOldFolder, startChild, withFolder, withThread } from './testing.ts';

const placesIn = (folder: string) => ({
  target: path.join(folder, '..', 'backups'),
  back: path.join(folder, '..', 'back'),
});

/** An account with letters in rows, in segments and in files, as seeds say. */
const filled = async (store: Store, seeds: readonly number[]): Promise<void> => {
  const account = await store.account('nu1@447.edu' as AccountName);
  const { id } = account ?? (await makeAccount(store, 'nu1@447.edu'));
  for (const seed of seeds) {
    await mustDeliver(store, deliveryOf(letterBytes(5000, seed), [id]));
    await mustDeliver(store, deliveryOf(letterBytes(100_000, seed), [id]));
    await mustDeliver(store, deliveryOf(letterBytes(1_300_000, seed), [id]));
  }
};

const lettersIn = async (folder: string): Promise<number> => {
  let letters = -1;
  await withThread(folder, async (store) => {
    const account = await store.account('nu1@447.edu' as AccountName);
    assert.ok(account);
    for (const place of await store.placed({ account: account.id, mailbox: 1 as never })) {
      const letter = await store.letter(account.id, place.letter);
      const blob = await store.blob(account.id, place.letter);
      assert.ok(letter && blob && hashOf(new Uint8Array(blob)) === letter.hash);
    }
    letters = (await store.mailboxes(account.id))[0]?.letters ?? 0;
  });
  return letters;
};

describe('backups', () => {
  test('each is whole, keeps what is there only once, and comes back by its date', async () => {
    await withFolder(async (folder) => {
      const { target, back } = placesIn(folder);
      await withThread(folder, async (store) => {
        await filled(store, [1, 2]);
        fs.mkdirSync(path.join(folder, 'tls'));
        fs.writeFileSync(path.join(folder, 'tls', 'key.pem'), 'secret', { mode: 0o600 });
        fs.symlinkSync('/etc/passwd', path.join(folder, 'tls', 'link'));
        const first = await backUp(folder, target, T0);
        assert.ok(first.written >= 2_600_000);
        await filled(store, [3]);
        const second = await backUp(folder, target, T0 + 3_600_000);
        assert.ok(second.written < first.written && second.written > 1_300_000, `${second.written}`);
        const third = await backUp(folder, target, T0 + 7_200_000);
        assert.ok(third.written < 1_300_000, `${third.written}`);
      });
      const newest = restore(target, back, null);
      assert.ok(newest.ok, JSON.stringify(newest));
      assert.deepEqual([newest.value.at, newest.value.audit.letters], ['2026-01-02T05:04:05.678Z', 9]);
      assert.deepEqual(auditFolder(back), []);
      assert.equal(await lettersIn(back), 9);
      assert.deepEqual(fs.readdirSync(path.join(back, 'tls')), ['key.pem']);
      assert.equal(fs.statSync(path.join(back, 'tls', 'key.pem')).mode & 0o777, 0o600);
      assert.equal(fs.statSync(back).mode & 0o777, 0o700);
      assert.deepEqual(restore(target, back, null), { ok: false, refusal: { why: 'not-empty' } });
      const earlier = restore(target, `${back}2`, T0 + 1000);
      assert.ok(earlier.ok && earlier.value.audit.letters === 6);
      assert.deepEqual(restore(target, `${back}3`, T0 - 1), { ok: false, refusal: { why: 'no-backup' } });
      assert.ok(!fs.existsSync(`${back}3`));
    });
  });

  test('a backup that is damaged is not restored, and nothing is left of the attempt', async () => {
    await withFolder(async (folder) => {
      const { target, back } = placesIn(folder);
      await withThread(folder, (store) => filled(store, [1]));
      await backUp(folder, target, T0);
      const objects = path.join(target, 'objects');
      for (const shelf of fs.readdirSync(objects))
        for (const name of fs.readdirSync(path.join(objects, shelf))) {
          const file = path.join(objects, shelf, name);
          const sound = fs.readFileSync(file);
          const spoiled = Buffer.from(sound);
          spoiled[spoiled.length >> 1] = (spoiled[spoiled.length >> 1] ?? 0) ^ 1;
          for (const bytes of [spoiled, null]) {
            fs.rmSync(file);
            if (bytes !== null) fs.writeFileSync(file, bytes);
            const outcome = restore(target, back, null);
            assert.ok(!outcome.ok && outcome.refusal.why === 'damaged', name);
            assert.deepEqual(fs.readdirSync(path.dirname(back)).sort(), ['backups', 'data']);
          }
          fs.writeFileSync(file, sound);
        }
      assert.ok(restore(target, back, null).ok);
    });
  });

  test('while a server takes letters in and lets go of them, every backup is whole', async () => {
    await withFolder(async (folder) => {
      const { target, back } = placesIn(folder);
      await withThread(folder, (store) => filled(store, [1]));
      const { child, ended } = startChild('tidy.child.ts', [folder, 'nu1@447.edu', `${T0}`]);
      let backups = 0;
      for (; child.exitCode === null; backups++) {
        await backUp(folder, target, T0 + backups);
        const restored = restore(target, `${back}${backups}`, T0 + backups);
        assert.ok(restored.ok, JSON.stringify(restored));
        fs.rmSync(`${back}${backups}`, { recursive: true });
      }
      assert.equal(await ended, 0);
      assert.ok(backups > 1);
    });
  });

  test('a run that is killed anywhere leaves the earlier backups whole, and the next one clears up', async () => {
    await withFolder(async (folder) => {
      const { target, back } = placesIn(folder);
      await withThread(folder, (store) => filled(store, [1]));
      await backUp(folder, target, T0);
      for (let round = 0; round < 6; round++) {
        await withThread(folder, (store) => filled(store, [10 + round]));
        const { child, ended } = startChild('backup.child.ts', [folder, target, `${T0 + 1 + round}`]);
        const drafts = path.join(target, 'drafts');
        // The moment is chosen by what is there already, so that rounds end in different places.
        while (child.exitCode === null && fs.readdirSync(drafts).length === 0)
          await new Promise((resolve) => setImmediate(resolve));
        for (let turn = 0; turn < round * 30; turn++) await new Promise((resolve) => setImmediate(resolve));
        child.kill('SIGKILL');
        await ended;
        const restored = restore(target, `${back}${round}`, T0);
        assert.ok(restored.ok && restored.value.audit.letters === 3, JSON.stringify(restored));
        assert.ok(restore(target, `${back}${round}+`, null).ok);
      }
      await backUp(folder, target, T0 + 1000);
      assert.deepEqual(fs.readdirSync(path.join(target, 'drafts')), []);
    });
  });

  test('what an older program has backed up comes back in the form of this one', async () => {
    await withFolder(async (folder) => {
      const { target, back } = placesIn(folder);
      const paths = folderPaths(folder);
      makeOldFolder(paths, 4);
      const objects = new BackupObjects(target);
      objects.prepare();
      const keep = (moment: number): void => {
        const handle = fs.openSync(paths.database, 'r');
        const database = objects.keepPieces(handle, { pieceBytes: 4096, bytes: Infinity });
        fs.closeSync(handle);
        const at = new Date(moment).toISOString();
        objects.name(manifestName(at), JSON.stringify({ format: 1, at, database, files: [] }));
      };
      keep(T0);
      const restored = restore(target, back, null);
      assert.ok(restored.ok, JSON.stringify(restored));
      assert.equal(restored.value.audit.letters, 1);
      assert.equal(await lettersIn(back), 1);
      const db = new DatabaseSync(paths.database);
      db.exec('PRAGMA user_version = 1000');
      db.close();
      keep(T0 + 1);
      assert.deepEqual(restore(target, `${back}2`, null), { ok: false, refusal: { why: 'newer' } });
    });
  });

  test('manifests that nobody here wrote', () => {
    const hash = 'ab'.repeat(32);
    const sound = {
      format: 2,
      at: '2026-01-02T03:04:05.678Z',
      database: { sha256: hash, sizeBytes: 4096, pieces: [hash] },
      segments: [{ segment: 1, sha256: hash, sizeBytes: 4096, pieces: [hash] }],
      files: [{ path: 'tls/key.pem', mode: 0o600, sha256: hash }],
    };
    assert.ok(parseManifest(JSON.stringify(sound)).ok);
    const spoil = (changes: object): unknown => parseManifest(JSON.stringify({ ...sound, ...changes }));
    const no = { ok: false, refusal: 'no-manifest' };
    for (const name of ['/etc/x', '../x', 'a/../../x', 'a//b', '', '.', 'a\0', 'a\\..\\b'])
      assert.deepEqual(spoil({ files: [{ path: name, mode: 0o600, sha256: hash }] }), no, name);
    assert.deepEqual(spoil({ files: [{ path: 'a', mode: 0o4755, sha256: hash }] }), no);
    assert.deepEqual(spoil({ database: { ...sound.database, pieces: ['../../etc/passwd'] } }), no);
    for (const segment of [0, -1, 1.5, '../1', null])
      assert.deepEqual(spoil({ segments: [{ ...sound.segments[0], segment }] }), no, String(segment));
    // The first backups knew no segments.
    const first = parseManifest(JSON.stringify({ ...sound, format: 1, segments: undefined }));
    assert.ok(first.ok && first.value.segments.length === 0);
    assert.deepEqual(spoil({ format: 3 }), { ok: false, refusal: 'newer' });
    for (const text of ['', '{', 'null', '[]', '7']) assert.deepEqual(parseManifest(text), no);
    assert.equal(momentOf('2026-01-02T03-04-05.678Z.json'), T0);
    for (const name of ['x.json', '2026-13-99T03-04-05.678Z.json']) assert.equal(momentOf(name), null);
  });
});
