/**
 * The search thread: the one of its process that reads letters for their words, and looks for them. It is begun with the
 * first search. What is asked of one account is done one after the other; accounts take turns.
 */
import fs from 'node:fs';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { AccountId } from '../port.ts';
import { diskFault } from './disk-fault.ts';
import { folderPaths, type FolderPaths } from './folder.ts';
import { Gate } from './gate.ts';
import { indexPath, removeIndex } from './search-file.ts';
import { SearchIndex } from './search-index.ts';
import type { SearchAnswer, SearchAsk, SearchOrder } from './search-messages.ts';
import { runQuery } from './search-query.ts';

/** Indexes that are kept open though nobody asks, and places of letters that they keep in memory. */
const MOST_OPEN = 16;
const MOST_PLACES = 1_000_000;

/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const DAMAGED: ReadonlySet<number> = new Set([11, 26]);

const isDamaged = (cause: unknown): boolean =>
  cause instanceof Error &&
  'errcode' in cause &&
  typeof cause.errcode === 'number' &&
  DAMAGED.has(cause.errcode & 0xff);

class SearchThread {
  readonly #paths: FolderPaths;
  readonly #ports = new Set<MessagePort>();
  /** The last thing that is asked of each account; the account that was asked last stands last. */
  readonly #turns = new Map<AccountId, Promise<unknown>>();
  readonly #open = new Map<AccountId, SearchIndex>();
  readonly #gate = new Gate();
  #closed = false;

  constructor(paths: FolderPaths) {
    this.#paths = paths;
  }

  admit(port: MessagePort): void {
    this.#ports.add(port);
    port.on('message', (ask: SearchAsk) => void this.#answer(port, ask));
    port.once('close', () => this.#ports.delete(port));
  }

  async #answer(port: MessagePort, ask: SearchAsk): Promise<void> {
    const { number } = ask;
    try {
      const found = await this.#carryOut(ask);
      const answer: SearchAnswer = { number, ...found };
      port.postMessage(answer, [found.numbers.buffer]);
    } catch (cause) {
      port.postMessage({
        number,
        fault: diskFault(cause, this.#paths.folder).message,
      } satisfies SearchAnswer);
    }
  }

  #carryOut(ask: SearchAsk): ReturnType<typeof runQuery> {
    if (ask.ask === 'search') return this.#inTurn(ask.query.account, (index) => runQuery(index, ask.query));
    const nothing = { total: 0, numbers: new Float64Array() };
    if (!fs.existsSync(indexPath(this.#paths, ask.account))) return Promise.resolve(nothing);
    return this.#inTurn(ask.account, async (index) => {
      index.drop();
      return nothing;
    });
  }

  /** After everything that was asked of the account before. An index that proves to be damaged is made anew, once. */
  #inTurn<Value>(account: AccountId, use: (index: SearchIndex) => Promise<Value>): Promise<Value> {
    const before = this.#turns.get(account) ?? Promise.resolve();
    const turn = before
      .catch(() => null)
      .then(async () => {
        try {
          return await use(this.#index(account));
        } catch (cause) {
          if (!isDamaged(cause) || this.#closed) throw cause;
          this.#remove(account);
          return use(this.#index(account));
        }
      });
    this.#turns.delete(account);
    this.#turns.set(account, turn);
    void turn.catch(() => null).finally(() => this.#done(account, turn));
    return turn;
  }

  #done(account: AccountId, turn: Promise<unknown>): void {
    if (this.#turns.get(account) === turn) this.#turns.delete(account);
    let places = 0;
    for (const index of this.#open.values()) places += index.placesInMemory;
    for (const [idle, index] of this.#open) {
      if (this.#open.size <= MOST_OPEN && places <= MOST_PLACES) return;
      if (this.#turns.has(idle)) continue;
      places -= index.placesInMemory;
      index.forget();
      if (this.#open.size <= MOST_OPEN) continue;
      this.#open.delete(idle);
      index.close();
    }
  }

  #index(account: AccountId): SearchIndex {
    if (this.#closed) throw new Error('the search thread is closed');
    const index = this.#open.get(account) ?? new SearchIndex(this.#paths, account, this.#gate);
    this.#open.delete(account);
    this.#open.set(account, index);
    return index;
  }

  #remove(account: AccountId): void {
    this.#open.get(account)?.close();
    this.#open.delete(account);
    removeIndex(indexPath(this.#paths, account));
  }

  /** Has the indexes catch up, and so forget what is gone, and removes those of accounts that are gone themselves. */
  async sweep(): Promise<void> {
    if (!fs.existsSync(this.#paths.search)) return;
    for (const name of fs.readdirSync(this.#paths.search)) {
      const number = /^(\d+)\.db$/.exec(name)?.[1];
      if (number === undefined || this.#closed) continue;
      const account = Number(number) as AccountId;
      const sweep = this.#inTurn(account, async (index) => {
        if ((await index.look('words', () => true)) === null) this.#remove(account);
      });
      // What keeps this one from it is told to whoever searches there next.
      await sweep.catch(() => null);
    }
  }

  close(): void {
    this.#closed = true;
    for (const port of this.#ports) port.close();
    for (const index of this.#open.values()) index.close();
  }
}

const begin = (parent: MessagePort, folder: string): void => {
  const thread = new SearchThread(folderPaths(folder));
  parent.on('message', (order: SearchOrder) => {
    switch (order.order) {
      case 'admit':
        return thread.admit(order.port);
      case 'sweep':
        return void thread.sweep();
      case 'close':
        thread.close();
        return parent.close();
    }
  });
};

const { folder } = workerData as { readonly folder: string };
if (parentPort === null) throw new Error('the search thread is a worker and not a program');
begin(parentPort, folder);
