import fs from 'node:fs';
import path from 'node:path';
import { type MessagePort, Worker } from 'node:worker_threads';
import type { FolderPaths } from './folder.ts';
import type { SearchOrder } from './search-messages.ts';

// The program runs from `.ts` in a checkout and from `.js` in a package.
const THREAD = new URL(`./search-thread${path.extname(import.meta.filename)}`, import.meta.url);

/** The search thread as the store thread sees it, which begins it when somebody searches. */
export class SearchWorker {
  readonly #paths: FolderPaths;
  #worker: Worker | null = null;

  constructor(paths: FolderPaths) {
    this.#paths = paths;
  }

  /** Passes a client's way on. */
  admit(port: MessagePort): void {
    this.#begun().postMessage({ order: 'admit', port } satisfies SearchOrder, [port]);
  }

  /** Has the indexes forget what is gone, where there are any. */
  sweep(): void {
    if (fs.existsSync(this.#paths.search))
      this.#begun().postMessage({ order: 'sweep' } satisfies SearchOrder);
  }

  /** The thread ends by itself then, and the store thread not before it. */
  close(): void {
    this.#worker?.postMessage({ order: 'close' } satisfies SearchOrder);
  }

  #begun(): Worker {
    if (this.#worker !== null) return this.#worker;
    const worker = new Worker(THREAD, { workerData: { folder: this.#paths.folder }, name: 'search' });
    // Whoever waits for an answer sees his port close; the next search begins another thread.
    const ended = (): void => {
      if (this.#worker === worker) this.#worker = null;
    };
    worker.once('error', ended);
    worker.once('exit', ended);
    this.#worker = worker;
    return worker;
  }
}
