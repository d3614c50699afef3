import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createInterface } from 'node:readline';
import type { AccountId, AccountName, Store } from '../port.ts';
import { auditFolder } from './audit.ts';
import { BlobFiles } from './blob-files.ts';
import type { WaitingBounds } from './channel.ts';
import { openSqliteStore } from './client.ts';
import { deliveryOf, hashOf, letterBytes, testVerifiers } from '../contract/fixtures.ts';
import { folderPaths, openFolder, type FolderPaths } from './folder.ts';
import { APPLICATION_ID, MIGRATIONS } from './migrations.ts';
import { startStoreThread, type Keeping, type StoreThread } from './open.ts';
import type { Write } from './write.ts';
import { Writer } from './writer.ts';

/** A fresh folder's path inside another that is removed after the test; the folder itself does not exist yet. */
export const withFolder = async (run: (folder: string) => Promise<void>): Promise<void> => {
  const parent = fs.mkdtempSync(path.join(os.tmpdir(), 'letterlock-store.'));
  try {
    await run(path.join(parent, 'data'));
  } finally {
    fs.rmSync(parent, { recursive: true, force: true });
  }
};

/** A store thread with one client on it, closed after the test. */
export const withThread = async (
  folder: string,
  run: (store: Store, thread: StoreThread) => Promise<void>,
  { bounds, ...keeping }: Keeping & { readonly bounds?: WaitingBounds } = {},
): Promise<void> => {
  const started = await startStoreThread(folder, keeping);
  assert.ok(started.ok, 'the store thread was refused');
  const thread = started.value;
  const door = thread.connect();
  const store = openSqliteStore(bounds === undefined ? { folder, door } : { folder, door, bounds });
  try {
    await run(store, thread);
  } finally {
    await store.close();
    await thread.close();
  }
};

/** The delivery of these bytes to the account, as the store thread gets it. */
export const writeOf = (bytes: Uint8Array<ArrayBuffer>, account: AccountId, subject = ''): Write => {
  const { hash, sizeBytes, chunks, summary, receivedAt, recipients } = deliveryOf(bytes, [account], {
    subject,
  });
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

/** Makes a writer in this thread on a fresh folder with one account; closes it, and looks whether all is well. */
export const withWriter = async (
  run: (
    writer: Writer,
    parts: {
      readonly folder: string;
      readonly blobs: string;
      readonly db: DatabaseSync;
      readonly account: AccountId;
    },
  ) => void,
  segmentBytes?: number,
): Promise<void> =>
  withFolder(async (folder) => {
    const paths = folderPaths(folder);
    const opened = openFolder(paths);
    assert.ok(opened.ok);
    const db = opened.value;
    const writer = new Writer(db, new BlobFiles(paths.blobs, segmentBytes));
    const [made] = writer.run([
      {
        do: 'create-account',
        wanted: { name: 'nu1@447.edu' as AccountName, createdAt: 1, verifiers: testVerifiers() },
      },
    ]).outcomes;
    assert.ok(made !== undefined && 'value' in made);
    run(writer, { folder, blobs: paths.blobs, db, account: 1 as AccountId });
    writer.close();
    assert.deepEqual(auditFolder(folder), []);
  });

/** A child process that runs a file beside this one, and the lines that it prints. */
export const startChild = (
  file: string,
  args: readonly string[],
): { readonly child: ChildProcess; readonly lines: string[]; readonly ended: Promise<number | null> } => {
  const program = path.join(import.meta.dirname, file);
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  assert.ok(child.stdout);
  const reader = createInterface({ input: child.stdout });
  reader.on('line', (line) => lines.push(line));
  const ended = new Promise<number | null>((resolve) => {
    let code: number | null = null;
    child.once('exit', (status) => (code = status));
    child.once('close', () => resolve(code));
  });
  return { child, lines, ended };
};

/** Makes a data folder of an older schema, with one account and a letter of 7 bytes. */
export const makeOldFolder = (paths: FolderPaths, version: number): void => {
  fs.mkdirSync(paths.folder, { mode: 0o700 });
  const old = new DatabaseSync(paths.database);
  old.exec(`PRAGMA page_size = 4096; PRAGMA application_id = ${APPLICATION_ID}; PRAGMA journal_mode = WAL`);
  // The schemas from the fourth on keep letters in other tables, so theirs come from the third.
  const filled = Math.min(version, 3);
  for (const step of MIGRATIONS.slice(0, filled)) old.exec(step);
  old.exec(`INSERT INTO account (name, created_at, mod_seq, next_mailbox, next_letter, last_uid_validity)
      VALUES ('nu1@447.edu', 1000, 1, 2, 1, 1);
    INSERT INTO mailbox (account, id, name, role, uid_validity, uid_next, mod_seq, letters)
      VALUES (1, 1, 'INBOX', 'inbox', 1, 2, 2, 1);
    UPDATE account SET mod_seq = 2, next_letter = 2;
    INSERT INTO blob (hash, id, size_bytes, chunks, refs, account, account_refs)
      VALUES (x'${hashOf(letterBytes(7))}', 1, 7, 1, 1, 1, 1);
    INSERT INTO blob_chunk (id, bytes) VALUES (1, x'${Buffer.from(letterBytes(7)).toString('hex')}');
    UPDATE counter SET value = 2 WHERE name = 'next_blob';
    INSERT INTO letter (account, id, blob, hash, size_bytes, prefix, forward_path, subject, from_text, transport,
      received_at) VALUES (1, 1, 1, x'${hashOf(letterBytes(7))}', 7, x'', 'nu1@447.edu', 'old', '', '{}', 1000);
    INSERT INTO placement (account, letter, mailbox, uid, mod_seq, letter_row) VALUES (1, 1, 1, 1, 2, 1);
    INSERT INTO verifier VALUES (1, x'01', 4096, x'02', x'03', 'phc')`);
  for (const step of MIGRATIONS.slice(filled, version)) old.exec(step);
  old.exec(`PRAGMA user_version = ${version}`);
  old.close();
};
