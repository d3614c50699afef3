import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import {
  deliveryOf,
  hashOf,
  INBOX,
  letterBytes,
  makeAccount,
  mustDeliver,
} from '../../src/store/contract/fixtures.ts';
import { StoreFault } from '../../src/store/fault.ts';
import type { AccountId, LetterId, Store } from '../../src/store/port.ts';
import type { Eventually } from '../../src/result.ts';
import { auditFolder } from '../../src/store/sqlite/audit.ts';
import { folderPaths } from '../../src/store/sqlite/folder.ts';
import { openStore } from '../../src/store/sqlite/open.ts';

const ONE = 1 as AccountId;
/** In rows, most of them; every fifth in a segment, and one in a file. */
const SIZES = [700, 4000, 9000, 11_000, 90_000];
const LETTERS = 40;
const IN_FILE = 4;
const IN_SEGMENT = LETTERS / SIZES.length - 1;
const sizeOf = (n: number): number => (n === IN_FILE ? 1_200_000 : (SIZES[n % SIZES.length] ?? 1));
/** How long each property is tried. */
const tries = {
  interruptAfterTimeLimit: process.env['LETTERLOCK_ROUNDS'] === undefined ? 2500 : 60_000,
  numRuns: 10_000,
};

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'letterlock-torn.'));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

/** A data folder as a process leaves it that is killed: what was written last stands in the log. */
type Image = {
  readonly folder: string;
  /** How long the log was when each letter was on disk. */
  readonly logBytes: readonly number[];
  readonly hashes: readonly string[];
};

// By another process: to open and close the database here would end the locks that SQLite has on it.
const copy = (from: string, to: string): void => void execFileSync('cp', ['-a', from, to]);

const makeImage = async (): Promise<Image> => {
  const data = path.join(folder, 'data');
  const image = path.join(folder, 'image');
  const opened = await openStore(data);
  assert.ok(opened.ok);
  const store = opened.value;
  const { id } = await makeAccount(store, 'nu1@447.edu');
  assert.equal(id, ONE);
  const logBytes: number[] = [];
  const hashes: string[] = [];
  for (let n = 0; n < LETTERS; n++) {
    const bytes = letterBytes(sizeOf(n), n + 1);
    hashes.push(hashOf(bytes));
    await mustDeliver(store, deliveryOf(bytes, [id]));
    logBytes.push(fs.statSync(`${folderPaths(data).database}-wal`).size);
  }
  copy(data, image);
  await store.close();
  return { folder: image, logBytes, hashes };
};

const image = await makeImage();
let copies = 0;

/** Spoils a copy of the image, and opens it. */
const withSpoilt = async (
  spoil: (data: string) => void,
  use: (data: string, opened: Awaited<ReturnType<typeof openStore>>) => Promise<void>,
): Promise<void> => {
  const data = path.join(folder, `copy-${(copies += 1)}`);
  copy(image.folder, data);
  spoil(data);
  const opened = await openStore(data);
  try {
    await use(data, opened);
  } finally {
    if (opened.ok) await opened.value.close();
    fs.rmSync(data, { recursive: true });
  }
};

/** Turns bits of so many bytes. */
const turn = (
  file: string,
  at: number,
  { bits, count }: { readonly bits: number; readonly count: number },
): void => {
  const handle = fs.openSync(file, 'r+');
  const bytes = Buffer.alloc(Math.min(count, fs.fstatSync(handle).size - at));
  fs.readSync(handle, bytes, 0, bytes.length, at);
  fs.writeSync(
    handle,
    bytes.map((byte) => byte ^ bits),
    0,
    bytes.length,
    at,
  );
  fs.closeSync(handle);
};

const turns = fc.record({ bits: fc.integer({ min: 1, max: 255 }), count: fc.constantFrom(1, 1, 100, 4096) });

const hashesIn = async (store: Store): Promise<readonly string[]> => {
  const placed = await store.placed({ account: ONE, mailbox: INBOX });
  const found: string[] = [];
  for (const { letter } of placed) {
    const bytes = await store.blob(ONE, letter);
    found.push(bytes === null ? 'nothing' : hashOf(bytes));
  }
  return found;
};

/** A part of the whole, as likely in its middle as at its ends. */
const where = fc.noBias(fc.nat(999_999)).map((millionths) => millionths / 1_000_000);

describe('the log of a killed process', () => {
  /** The letters whose commits end before this byte of the log are there, and no others. */
  const upTo = (bytes: number): readonly string[] =>
    image.hashes.slice(0, image.logBytes.filter((end) => end <= bytes).length);

  const asserted = async (
    data: string,
    opened: Awaited<ReturnType<typeof openStore>>,
    expected: readonly string[],
  ): Promise<void> => {
    assert.ok(opened.ok, opened.ok ? '' : opened.refusal.message);
    const store = opened.value;
    assert.deepEqual(await hashesIn(store), expected);
    assert.deepEqual(auditFolder(data), []);
    // What comes next is written where the torn letters were.
    const next = letterBytes(90_000, 999);
    await mustDeliver(store, deliveryOf(next, [ONE]));
    assert.deepEqual(await hashesIn(store), [...expected, hashOf(next)]);
    assert.deepEqual(auditFolder(data), []);
  };
  const [first = 0] = image.logBytes;
  const last = image.logBytes.at(-1) ?? 0;
  const inLog = (share: number): number => first + Math.floor(share * (last - first));

  test('cut anywhere: each letter before is there, whole and once, nothing of those behind', async () => {
    const cut = fc.asyncProperty(where, async (share) => {
      const at = inLog(share);
      const spoil = (data: string): void => fs.truncateSync(`${folderPaths(data).database}-wal`, at);
      await withSpoilt(spoil, (data, opened) => asserted(data, opened, upTo(at)));
    });
    await fc.assert(cut, tries);
  });

  test('a byte turned anywhere, or the index of the log turned to noise: the same', async () => {
    const turned = fc.asyncProperty(where, turns, fc.boolean(), async (share, how, noise) => {
      const at = inLog(share);
      const spoil = (data: string): void => {
        const { database } = folderPaths(data);
        turn(`${database}-wal`, at, how);
        if (noise) fs.writeFileSync(`${database}-shm`, letterBytes(32_768, how.bits));
      };
      await withSpoilt(spoil, (data, opened) => asserted(data, opened, upTo(at)));
    });
    await fc.assert(turned, tries);
  });
});

/** A folder that was closed in good order: everything is in the database. */
const settle = async (): Promise<void> => {
  const opened = await openStore(image.folder);
  assert.ok(opened.ok);
  await opened.value.close();
};

describe('what lies in a data folder', () => {
  test('a byte turned, or an end cut off, anywhere in the database: refused, or what can be read is right, or it is told', async () => {
    await settle();
    const { size } = fs.statSync(folderPaths(image.folder).database);
    let [refusals, faults, wrong] = [0, 0, 0];
    const spoilt = fc.asyncProperty(where, turns, fc.boolean(), async (share, how, cut) => {
      const at = Math.floor(share * size);
      const spoil = (data: string): void => {
        const { database } = folderPaths(data);
        if (cut) fs.truncateSync(database, at);
        else turn(database, at, how);
      };
      await withSpoilt(spoil, async (data, opened) => {
        if (!opened.ok) {
          refusals += 1;
          assert.ok(['damaged', 'foreign', 'newer'].includes(opened.refusal.why), opened.refusal.message);
          return;
        }
        assert.ok(!cut, 'a database that was cut short was opened');
        const store = opened.value;
        const seen = await outcomeOf(() => hashesIn(store));
        if (seen instanceof Error) faults += 1;
        else if (!sameAs(seen, image.hashes)) {
          wrong += 1;
          assert.notDeepEqual(auditFolder(data), [], 'letters are others, and nobody is told');
        }
        // Whatever became of that, the store thread lives, and says what it cannot do.
        await outcomeOf(() => store.deliver(deliveryOf(letterBytes(500, 7), [ONE])));
        await outcomeOf(() => store.mailboxes(ONE));
      });
    });
    await fc.assert(spoilt, tries);
    console.log(
      `a spoilt database: refused ${refusals} times, ${faults} faults, ${wrong} times other letters, told by the check`,
    );
  });

  for (const [name, spoil] of [
    ['is missing', (file: string): void => fs.rmSync(file)],
    ['is cut short', (file: string): void => fs.truncateSync(file, 1000)],
  ] as const)
    test(`the file of letters ${name}: those in it are faults that say what to do, all others are read, and it is told`, async () => {
      await settle();
      for (const isSegment of [true, false]) {
        const fileIn = (data: string): string => {
          const { blobs } = folderPaths(data);
          const hash = image.hashes[IN_FILE] ?? '';
          return isSegment ? path.join(blobs, 'segments', '1') : path.join(blobs, hash.slice(0, 2), hash);
        };
        await withSpoilt(
          (data) => spoil(fileIn(data)),
          async (data, opened) => {
            assert.ok(opened.ok);
            const store = opened.value;
            let faults = 0;
            for (const [index, hash] of image.hashes.entries()) {
              const found = await outcomeOf(() => store.blob(ONE, (index + 1) as LetterId));
              if (found instanceof Error) {
                faults += 1;
                assert.match(found.message, /letterlock check/);
              } else assert.ok(found !== null && hashOf(found) === hash);
            }
            assert.equal(faults, isSegment ? IN_SEGMENT : 1);
            assert.equal(auditFolder(data).length, isSegment ? IN_SEGMENT : 1);
            // The same letter once more brings its bytes back, and a new one finds a place.
            await mustDeliver(store, deliveryOf(letterBytes(1_200_000, IN_FILE + 1), [ONE]));
            await mustDeliver(store, deliveryOf(letterBytes(20_000, 77), [ONE]));
            if (!isSegment) assert.deepEqual(auditFolder(data), []);
          },
        );
      }
    });
});

const sameAs = (one: readonly string[], other: readonly string[]): boolean => one.join() === other.join();

/** The value, or the fault, which has to be the store's own. */
const outcomeOf = async <Value>(read: () => Eventually<Value>): Promise<Value | StoreFault> => {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof StoreFault) return cause;
    throw cause;
  }
};
