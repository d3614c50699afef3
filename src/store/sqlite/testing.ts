import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Store } from '../port.ts';
import type { WaitingBounds } from './channel.ts';
import { openSqliteStore } from './client.ts';
import { startStoreThread, type StoreThread } from './open.ts';

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
  bounds?: WaitingBounds,
): Promise<void> => {
  const started = await startStoreThread(folder);
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
