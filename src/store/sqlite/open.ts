import path from 'node:path';
import { MessageChannel, Worker } from 'node:worker_threads';
import type { Store } from '../port.ts';
import { StoreFault } from '../fault.ts';
import { ok, refused, type Result } from '../../result.ts';
import type { StoreDoor } from './channel.ts';
import { openSqliteStore } from './client.ts';
import type { Compression } from './compression.ts';
import type { Notice, Order, ThreadData } from './control.ts';
import { diskFault, isOfDamage } from './disk-fault.ts';
import { folderPaths, type OpenRefusal } from './folder.ts';
import type { WriterStats } from './writer.ts';

/** How letters that come in are kept; what is there stays as it is. */
export type Keeping = {
  readonly compression?: Compression;
  /** A segment that is as long as this takes no more letters. */
  readonly segmentBytes?: number;
};

/** The store thread of this process, as the thread that started it sees it. */
export interface StoreThread {
  /** A door for one client: `openSqliteStore({ folder, door })` here, or in a worker that it is transferred to. */
  connect(): StoreDoor;
  /** What the writer has done so far. */
  stats(): Promise<WriterStats>;
  /** Resolves when the thread has ended: with null after `close`, else with why. Clients then give `StoreClosed`. */
  readonly ended: Promise<Error | null>;
  /** Writes what waits at the doors, closes them and the database. */
  close(): Promise<void>;
}

// The program runs from `.ts` in a checkout and from `.js` in a package.
const THREAD = new URL(`./thread${path.extname(import.meta.filename)}`, import.meta.url);

class StoreThreadHandle implements StoreThread {
  readonly ended: Promise<Error | null>;
  readonly #worker: Worker;
  readonly #compression: Compression;
  #stats: ((stats: WriterStats) => void)[] = [];
  #closing = false;

  constructor(worker: Worker, ended: Promise<Error | null>, compression: Compression) {
    this.#worker = worker;
    this.#compression = compression;
    this.ended = ended;
    worker.on('message', (notice: Notice) => {
      if (notice.notice === 'stats') this.#stats.shift()?.(notice.stats);
    });
  }

  connect(): StoreDoor {
    if (this.#closing) throw new StoreFault('the store thread is closing');
    const { port1, port2 } = new MessageChannel();
    const listening = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    this.#worker.postMessage({ order: 'admit', port: port2, listening } satisfies Order, [port2]);
    return { port: port1, listening, compression: this.#compression };
  }

  async stats(): Promise<WriterStats> {
    const stats = new Promise<WriterStats>((resolve) => this.#stats.push(resolve));
    this.#worker.postMessage({ order: 'stats' } satisfies Order);
    const found = await Promise.race([stats, this.ended]);
    if (found === null || found instanceof Error)
      throw new StoreFault('the store thread has ended', { cause: found });
    return found;
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#worker.postMessage({ order: 'close' } satisfies Order);
    await this.ended;
  }
}

/**
 * Starts the store thread of this process on a data folder, which is made where it is absent. Refused, with nothing
 * changed, where the folder is not one that this program can keep letters in. Throws where the disk fails.
 */
export const startStoreThread = async (
  folder: string,
  { compression = 'none', segmentBytes }: Keeping = {},
): Promise<Result<StoreThread, OpenRefusal>> => {
  const workerData: ThreadData = { folder: path.resolve(folder), segmentBytes };
  const worker = new Worker(THREAD, { workerData, name: 'store' });
  const ended = new Promise<Error | null>((resolve) => {
    worker.once('error', (cause) => resolve(cause instanceof Error ? cause : new Error(String(cause))));
    worker.once('exit', (code) =>
      resolve(code === 0 ? null : new Error(`the store thread ended with ${code}`)),
    );
  });
  const first = await Promise.race([
    new Promise<Notice>((resolve) => worker.once('message', (notice: Notice) => resolve(notice))),
    ended,
  ]);
  if (first === null || first instanceof Error) {
    const fault = diskFault(first ?? new StoreFault('the store thread ended before it began'), folder);
    if (!isOfDamage(first)) throw fault;
    return refused({ why: 'damaged', path: folderPaths(folder).database, message: fault.message });
  }
  if (first.notice === 'refused') {
    await ended;
    return refused(first.refusal);
  }
  return ok(new StoreThreadHandle(worker, ended, compression));
};

/** A store for a program with one thread (a command, a test): `close` ends the store thread as well. */
export const openStore = async (
  folder: string,
  keeping: Keeping = {},
): Promise<Result<Store, OpenRefusal>> => {
  const started = await startStoreThread(folder, keeping);
  if (!started.ok) return started;
  const thread = started.value;
  try {
    const store = openSqliteStore({ folder, door: thread.connect() });
    const closeClient = store.close.bind(store);
    return ok(
      Object.assign(store, {
        close: async (): Promise<void> => {
          await closeClient();
          await thread.close();
        },
      }),
    );
  } catch (cause) {
    await thread.close();
    throw cause;
  }
};
