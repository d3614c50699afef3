import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { everything } from '../../../src/store/contract/everything.ts';
import {
  deliveryOf,
  INBOX,
  letterBytes,
  makeAccount,
  mustBeOk,
  mustDeliver,
  put,
  T0,
} from '../../../src/store/contract/fixtures.ts';
import { auditFolder } from '../../../src/store/sqlite/audit.ts';
import { backUp } from '../../../src/store/sqlite/backup.ts';
import { folderPaths } from '../../../src/store/sqlite/folder.ts';
import { restore } from '../../../src/store/sqlite/restore.ts';
import { makeOldFolder } from '../../../src/store/sqlite/testing.ts';
import { LARGE, MIDDLE, ONE, SMALL, withStore } from './deeds.ts';
import { placesIn, type Places } from './places.ts';

const steps = path.join(import.meta.dirname, 'steps.child.ts');
const deed = path.join(import.meta.dirname, 'deed.child.ts');
const program = path.join(import.meta.dirname, '..', '..', '..', 'src', 'cli', 'main.ts');

const FULL_SEGMENT_BYTES = 64 * 1024 * 1024;

/** Something that is killed in its middle. */
export type Scenario = {
  readonly name: string;
  /** What is there before. */
  readonly prepare: (places: Places) => Promise<void>;
  /** The program and what it is told. */
  readonly words: (places: Places) => readonly string[];
  /** Everything that is looked at afterwards; what was left is cleared up by then. */
  readonly look: (places: Places) => Promise<unknown>;
  /** What doing it again comes to. */
  readonly again: 'the same' | 'once more' | 'refused';
};

const twoAccounts = ({ data }: Places): Promise<void> =>
  withStore(data, async (store) => {
    for (const name of ['nu1@447.edu', 'nu2@447.edu']) await makeAccount(store, name);
  });

/** Letters in two mailboxes, small and large. */
const letters = async (places: Places): Promise<void> => {
  await twoAccounts(places);
  await withStore(places.data, async (store) => {
    for (const size of [SMALL, LARGE, MIDDLE]) await put(store, ONE, { bytes: letterBytes(size, size) });
    const { id } = await mustBeOk(store.createMailbox(ONE, { name: 'Old', parent: null, createdAt: T0 }));
    await put(store, ONE, { bytes: letterBytes(200, 1), mailboxes: [id] });
    await put(store, ONE, { bytes: letterBytes(200, 2), mailboxes: [id, INBOX] });
  });
};

/** Letters that are removed, and wait to be let go of. */
const removed = async (places: Places): Promise<void> => {
  await letters(places);
  await withStore(places.data, (store) => store.removeLetters(ONE, [1, 2, 4] as never, T0));
};

/** A full segment, of which most is nobody's any more, and one that is written to. */
const sparseSegment = async (places: Places): Promise<void> => {
  await twoAccounts(places);
  const seeds = [1, 2, 3] as const;
  const deliver = (seed: number): Promise<unknown> =>
    withStore(places.data, (store) => put(store, ONE, { bytes: letterBytes(MIDDLE, seed) }));
  for (const seed of seeds) await deliver(seed);
  await withStore(places.data, async (store) => {
    await store.removeLetters(ONE, [1, 3] as never, T0);
    await store.tidy({ now: T0, removedMs: 0, tombstonesMs: 0 });
  });
  const { database, blobs } = folderPaths(places.data);
  fs.truncateSync(path.join(blobs, 'segments', '1'), FULL_SEGMENT_BYTES);
  const db = new DatabaseSync(database);
  db.exec(`UPDATE segment SET size_bytes = ${FULL_SEGMENT_BYTES}`);
  db.close();
  await deliver(4);
};

const oldSchema = async ({ data }: Places): Promise<void> => makeOldFolder(folderPaths(data), 1);

const withBackup = async (places: Places): Promise<void> => {
  await letters(places);
  await backUp(places.data, places.target, T0);
};

const separator = 'From a@b.example Fri Jul  3 01:03:05 2020';

const withMbox = async (places: Places): Promise<void> => {
  await twoAccounts(places);
  const letter = (text: string): string => `${separator}\nSubject: ${text}\n\n${text}\n\n`;
  const long = 'x'.repeat(1_200_000);
  fs.writeFileSync(places.mbox, ['one', 'two', 'two', long].map(letter).join(''));
  fs.writeFileSync(places.config, 'domains = ["447.edu"]\ndata = "data"\n');
};

const withConfig =
  (prepare: (places: Places) => Promise<void>) =>
  async (places: Places): Promise<void> => {
    await prepare(places);
    fs.writeFileSync(places.config, 'domains = ["447.edu"]\ndata = "data"\n');
  };

const lookAtStore = async ({ data }: Places): Promise<unknown> => {
  const found = await withStore(data, everything);
  assert.deepEqual(auditFolder(data), []);
  // Nothing is left of what was under way.
  const names = fs.readdirSync(data, { recursive: true, encoding: 'utf8' });
  assert.deepEqual(
    names.filter((name) => /\.part$|\.new-|spool./.test(name)),
    [],
  );
  return found;
};

/** What is moved from one segment to another is the same to everybody who asks the store. */
const lookAtSegments = async (places: Places): Promise<unknown> => {
  const found = await lookAtStore(places);
  const db = new DatabaseSync(folderPaths(places.data).database, { readOnly: true });
  const lie = db.prepare('SELECT id, segment FROM blob ORDER BY id').all();
  db.close();
  return { found, lie };
};

/** What the newest backup has in it, and that the ones before are whole. */
const lookAtBackups = async (places: Places): Promise<unknown> => {
  const names = fs.readdirSync(path.join(places.target, 'backups'));
  const newest = path.join(places.root, 'newest');
  const restored = restore(places.target, newest, null);
  assert.ok(restored.ok, JSON.stringify(restored));
  const first = restore(places.target, `${newest}-1`, T0);
  assert.ok(first.ok, JSON.stringify(first));
  const found = await withStore(newest, everything);
  for (const folder of [newest, `${newest}-1`]) fs.rmSync(folder, { recursive: true });
  return { backups: names.length, found };
};

const lookAtRestored = async ({ root, back, ...rest }: Places): Promise<unknown> => {
  if (!fs.existsSync(back)) return null;
  return lookAtStore({ root, ...rest, back, data: back });
};

const lookAtImported = async (places: Places): Promise<unknown> => {
  await lookAtStore(places);
  return withStore(places.data, async (store) => {
    const placed = await store.placed({ account: ONE, mailbox: INBOX });
    const found = await store.lettersById(
      ONE,
      placed.map(({ letter }) => letter),
    );
    return found.map(({ hash }) => hash);
  });
};

const inStore = (name: string, prepare: Scenario['prepare'], again: Scenario['again']): Scenario => ({
  name,
  prepare,
  words: ({ root }) => [deed, name, root],
  look: lookAtStore,
  again,
});

const config = ({ config: file }: Places): readonly string[] => ['--config', file];

/** In the order of docs/STORE.md. */
export const scenarios: readonly Scenario[] = [
  inStore('deliver a small letter', twoAccounts, 'once more'),
  inStore('deliver a letter of middle length', twoAccounts, 'once more'),
  inStore('deliver a large letter', twoAccounts, 'once more'),
  inStore('deliver a spooled letter', twoAccounts, 'once more'),
  inStore('move', letters, 'the same'),
  inStore('expunge', letters, 'the same'),
  inStore('remove a mailbox', letters, 'the same'),
  inStore('tidy', removed, 'the same'),
  {
    ...inStore('move out of a segment', sparseSegment, 'the same'),
    look: lookAtSegments,
    words: ({ root }) => [deed, 'tidy', root],
  },
  { ...inStore('new folder', async () => undefined, 'the same'), words: ({ root }) => [deed, 'open', root] },
  { ...inStore('migration', oldSchema, 'the same'), words: ({ root }) => [deed, 'open', root] },
  {
    name: 'backup',
    prepare: withConfig(async (places) => {
      await withBackup(places);
      await withStore(places.data, (store) => mustDeliver(store, deliveryOf(letterBytes(LARGE, 9), [ONE])));
    }),
    words: (places) => [program, 'backup', places.target, ...config(places)],
    look: lookAtBackups,
    again: 'once more',
  },
  {
    name: 'restore',
    prepare: withBackup,
    words: (places) => [program, 'restore', places.target, '--data', places.back],
    look: lookAtRestored,
    again: 'refused',
  },
  {
    name: 'import',
    prepare: withMbox,
    words: (places) => [program, 'import', 'nu1@447.edu', '--from', places.mbox, ...config(places)],
    look: lookAtImported,
    again: 'the same',
  },
];

/** Runs the scenario's program, which dies at that step, or comes to its end where it is null. */
export const run = async (
  scenario: Scenario,
  root: string,
  dieAt: string | null,
): Promise<'killed' | 'ended' | 'refused'> => {
  const notes = `${root}.notes`;
  fs.mkdirSync(notes, { recursive: true });
  const env = {
    ...process.env,
    LETTERLOCK_STEPS_ROOT: root,
    LETTERLOCK_STEPS_NOTES: notes,
    LETTERLOCK_STEPS_DIE: dieAt ?? '',
  };
  const words = scenario.words(placesIn(root));
  const child = spawn(process.execPath, ['--import', steps, ...words], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  child.stdout.resume();
  return new Promise((resolve, reject) => {
    child.once('close', (code, signal) => {
      if (signal === 'SIGKILL') resolve('killed');
      else if (code === 0) resolve('ended');
      else if (code === 1 && /^letterlock: .*\n$/.test(said)) resolve('refused');
      else reject(new Error(`${scenario.name} ended with ${code}: ${said}`));
    });
  });
};
