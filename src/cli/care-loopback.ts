import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { openStore } from '../store/sqlite/open.ts';
import type { Account, AccountName, Store } from '../store/port.ts';

type Ended = { readonly status: number; readonly out: string; readonly complaint: string };

const main = path.join(import.meta.dirname, 'main.ts');

/** A configuration without a data folder yet, and the program's commands on it. */
export const careHouse = async (t: TestContext, more = '') => {
  const folder = await mkdtemp(path.join(tmpdir(), 'letterlock-care-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const config = path.join(folder, 'a.toml');
  const data = path.join(folder, 'data');
  await writeFile(config, `domains = ["447.edu"]\ndata = "data"\n${more}`);
  const run = (...words: readonly string[]): Promise<Ended> => runProgram([...words, '--config', config]);
  /** The store, beside whatever else has it open. */
  const look = async <Value>(use: (store: Store) => Promise<Value>): Promise<Value> => {
    const opened = await openStore(data);
    assert.ok(opened.ok);
    try {
      return await use(opened.value);
    } finally {
      await opened.value.close();
    }
  };
  return { folder, data, config, run, look };
};

/** Runs the program to its end, with nobody at its terminal. */
export const runProgram = (words: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    const child = execFile(process.execPath, [main, ...words], (error, out, complaint) => {
      resolve({ status: typeof error?.code === 'number' ? error.code : 0, out, complaint });
    });
    child.stdin?.end();
  });

/** The account of that name, which must be there. */
export const accountNamed = async (store: Store, name: string): Promise<Account> => {
  const account = await store.account(name as AccountName);
  assert.ok(account !== null);
  return account;
};
