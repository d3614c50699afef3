import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { StatementSync } from 'node:sqlite';
import { test } from 'node:test';
import { letterBytes } from '../contract/fixtures.ts';
import type { LetterId } from '../port.ts';
import { auditFolder } from './audit.ts';
import { BlobFiles } from './blob-files.ts';
import { BlobReader } from './blob-reader.ts';
import { compress } from './compression.ts';
import { withWriter, writeOf } from './testing.ts';
import type { Write } from './write.ts';
import type { Writer } from './writer.ts';

const MIDDLE = 100_000;
const TIDY: Write = { do: 'tidy', retention: { now: 10, removedMs: 0, tombstonesMs: 0 } };
const COMPACT: Write = { do: 'compact' };

const howEach = (writer: Writer, writes: readonly Write[]): readonly ('done' | 'fault')[] =>
  writer.run(writes).outcomes.map((outcome) => ('value' in outcome ? 'done' : 'fault'));

const remove = (...letters: readonly number[]): Write => ({
  do: 'remove-letters',
  account: 1 as never,
  letters: letters as never,
  at: 1,
});

const segmentsOf = (blobs: string): readonly string[] => {
  const folder = path.join(blobs, 'segments');
  return fs.existsSync(folder) ? fs.readdirSync(folder).sort() : [];
};

const bytesOf = (blobs: string, segment: number): Buffer =>
  fs.readFileSync(path.join(blobs, 'segments', String(segment)));

test('an empty letter among others outlives them', () =>
  withWriter((writer, { account }) => {
    const writes = [letterBytes(0), letterBytes(20_000, 1)].map((bytes) => writeOf(bytes, account));
    assert.deepEqual(howEach(writer, writes), ['done', 'done']);
    assert.deepEqual(howEach(writer, [remove(2)]), ['done']);
    assert.deepEqual(howEach(writer, [TIDY]), ['done']);
  }));

test('a segment whose name could not be made durable is not built on as if it were', (t) =>
  withWriter((writer, { blobs, account }) => {
    let folders = 0;
    const { fsyncSync } = fs;
    const sync = t.mock.method(fs, 'fsyncSync', (handle: number) => {
      if (fs.fstatSync(handle).isDirectory() && ++folders === 3) throw new Error('EIO');
      fsyncSync(handle);
    });
    assert.deepEqual(howEach(writer, [writeOf(letterBytes(MIDDLE), account)]), ['fault']);
    assert.deepEqual(segmentsOf(blobs), ['1']);
    const before = folders;
    assert.deepEqual(howEach(writer, [writeOf(letterBytes(MIDDLE), account)]), ['done']);
    assert.ok(folders > before, 'the name of the segment is not on disk');
    sync.mock.restore();
  }));

test('of a group that was given up no segment is left without its row', () =>
  withWriter((writer, { folder, db, account }) => {
    db.exec(`CREATE TEMP TRIGGER poison BEFORE INSERT ON letter WHEN NEW.subject = 'poison'
      BEGIN SELECT RAISE(ABORT, 'poisoned'); END`);
    assert.deepEqual(howEach(writer, [writeOf(letterBytes(MIDDLE), account, 'poison')]), ['fault']);
    writer.clearUp();
    assert.deepEqual(auditFolder(folder), []);
  }));

test('what a commit wrote that the disk did not confirm is not written over', (t) =>
  withWriter((writer, { blobs, account }) => {
    const fail = (): never => {
      throw Object.assign(new Error('disk I/O error'), { errcode: 1034 });
    };
    const { run } = Object.getOwnPropertyDescriptors(StatementSync.prototype);
    const commit = t.mock.method(StatementSync.prototype, 'run', function runUnlessCommit(
      this: StatementSync,
      ...values: [never]
    ) {
      return this.sourceSQL === 'COMMIT' ? fail() : run.value?.apply(this, values);
    } as StatementSync['run']);
    const [one, two] = [letterBytes(MIDDLE, 1), letterBytes(MIDDLE, 2)];
    assert.deepEqual(howEach(writer, [writeOf(one, account)]), ['fault']);
    commit.mock.restore();
    assert.deepEqual(howEach(writer, [writeOf(two, account)]), ['done']);
    const found = bytesOf(blobs, 1);
    assert.ok(found.indexOf(one) >= 0 && found.indexOf(two) >= 0);
  }));

test('where the disk is full, letters are let go of all the same', (t) =>
  withWriter((writer, { blobs, account }) => {
    for (let seed = 1; seed <= 5; seed++)
      assert.deepEqual(howEach(writer, [writeOf(letterBytes(MIDDLE, seed), account)]), ['done']);
    assert.deepEqual(segmentsOf(blobs), ['1', '2']);
    assert.deepEqual(howEach(writer, [remove(1, 2)]), ['done']);
    const full = t.mock.method(fs, 'writevSync', () => {
      throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    });
    assert.deepEqual(howEach(writer, [TIDY, COMPACT]), ['done', 'fault']);
    assert.deepEqual(howEach(writer, [TIDY]), ['done']);
    full.mock.restore();
    assert.deepEqual(howEach(writer, [COMPACT]), ['done']);
    writer.clearUp();
    assert.deepEqual(segmentsOf(blobs), ['2']);
  }, 250_000));

test('a letter that cannot be read stays where it is, and keeps no other from being moved', () =>
  withWriter((writer, { blobs, account }) => {
    for (let seed = 1; seed <= 7; seed++)
      assert.deepEqual(howEach(writer, [writeOf(letterBytes(MIDDLE, seed), account)]), ['done']);
    assert.deepEqual(segmentsOf(blobs), ['1', '2', '3']);
    const first = path.join(blobs, 'segments', '1');
    const whole = fs.readFileSync(first);
    fs.truncateSync(first, 100);
    assert.deepEqual(howEach(writer, [remove(2, 3, 5, 6)]), ['done']);
    assert.deepEqual(howEach(writer, [TIDY, COMPACT]), ['done', 'done']);
    writer.clearUp();
    assert.deepEqual(segmentsOf(blobs), ['1', '3']);
    fs.writeFileSync(first, whole);
    assert.deepEqual(howEach(writer, [COMPACT]), ['done']);
    writer.clearUp();
    assert.deepEqual(segmentsOf(blobs), ['3']);
  }, 250_000));

test('who reads a letter while it is lost, comes again and is kept in another form, reads it there', (t) =>
  withWriter((writer, { blobs, db, account }) => {
    const bytes = new Uint8Array(Buffer.alloc(MIDDLE, 'all alike, '));
    const frame = compress([bytes], bytes.length);
    assert.ok(frame !== null);
    const plain = writeOf(bytes, account);
    assert.ok(plain.do === 'deliver');
    const [delivery] = plain.deliveries;
    assert.ok(delivery !== undefined);
    const packed = { ...delivery, chunks: [frame], zstdBytes: frame.length };
    assert.deepEqual(howEach(writer, [{ ...plain, deliveries: [packed] }]), ['done']);
    const reader = new BlobReader(db, new BlobFiles(blobs));
    for (const [lost, again] of [
      ['1', delivery],
      ['2', packed],
    ] as const) {
      const { openSync } = fs;
      const open = t.mock.method(fs, 'openSync', (...what: Parameters<typeof openSync>) => {
        open.mock.restore();
        fs.rmSync(path.join(blobs, 'segments', lost));
        assert.deepEqual(howEach(writer, [{ ...plain, deliveries: [again] }]), ['done']);
        return openSync(...what);
      });
      const read = reader.blob(account, 1 as LetterId);
      assert.ok(read instanceof Uint8Array && Buffer.from(bytes).equals(read));
    }
  }));

test('letters above 64 KiB that an older program kept in rows are shared there', () =>
  withWriter((writer, { folder, db, blobs, account }) => {
    const bytes = letterBytes(MIDDLE, 1);
    assert.deepEqual(howEach(writer, [writeOf(bytes, account)]), ['done']);
    const insert = db.prepare('INSERT INTO blob_chunk (id, bytes) VALUES (?, ?)');
    insert.run(1, bytes.subarray(0, 65_536));
    insert.run(2, bytes.subarray(65_536));
    db.exec(`UPDATE blob SET chunks = 2, segment = NULL, segment_offset = NULL; DELETE FROM segment;
      UPDATE counter SET value = 3 WHERE name = 'next_blob'`);
    fs.rmSync(path.join(blobs, 'segments'), { recursive: true });
    assert.deepEqual(howEach(writer, [writeOf(bytes, account)]), ['done']);
    assert.deepEqual(auditFolder(folder), []);
  }));
