/**
 * The store thread: the one writer of its process. Whatever waits at all its doors goes into one transaction; when the
 * commit has returned, every waiter is answered, then everybody who listens is told. While a commit is under way the
 * next group gathers by itself, so there is no timer and no wait: the slower the disk, the larger the groups.
 */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { Change } from '../port.ts';
import { StoreFault } from '../fault.ts';
import { BlobFiles } from './blob-files.ts';
import type { Notice, Order, ThreadData } from './control.ts';
import { folderPaths, openFolder } from './folder.ts';
import { SearchWorker } from './search-worker.ts';
import { type Answer, bytesOf, type Request, toWire, type WireOutcome, type Write } from './write.ts';
import { Writer } from './writer.ts';

/** A group is no larger than this; what is left goes into the next one. */
const MAX_GROUP_WRITES = 512;
const MAX_GROUP_BYTES = 16 * 1024 * 1024;

/** How long a change by another process may go untold. */
const LOOK_EVERY_MS = 50;

type Door = { readonly port: MessagePort; readonly listening: Int32Array; outcomes: WireOutcome[] };
type Queued = { readonly door: Door; readonly write: Write };

class StoreThread {
  readonly #writer: Writer;
  readonly #parent: MessagePort;
  readonly #searches: SearchWorker;
  readonly #doors = new Set<Door>();
  #queue: Queued[] = [];
  #closing = false;
  #watch: NodeJS.Timeout | null = null;

  constructor(writer: Writer, parent: MessagePort, searches: SearchWorker) {
    this.#writer = writer;
    this.#parent = parent;
    this.#searches = searches;
  }

  /** Takes orders from now on. */
  listen(): void {
    this.#parent.on('message', (order: Order) => this.#obey(order));
    this.#watch = setInterval(() => this.#lookAround(), LOOK_EVERY_MS);
    this.#watch.unref();
  }

  /** Other processes do not say when they write. Nobody looks where nobody listens. */
  #lookAround(): void {
    if (![...this.#doors].some((door) => Atomics.load(door.listening, 0) > 0)) return;
    const news = this.#writer.news();
    if (news.length > 0) this.#tell(news);
  }

  #obey(order: Order): void {
    switch (order.order) {
      case 'admit':
        return this.#admit(order.port, new Int32Array(order.listening));
      case 'stats':
        return this.#parent.postMessage({ notice: 'stats', stats: this.#writer.stats } satisfies Notice);
      case 'close':
        return this.#close();
    }
  }

  #admit(port: MessagePort, listening: Int32Array): void {
    const door: Door = { port, listening, outcomes: [] };
    this.#doors.add(door);
    port.on('message', (request: Request) => {
      this.#enqueue(door, request);
      this.#work();
    });
    port.once('close', () => this.#doors.delete(door));
  }

  #enqueue(door: Door, request: Request): void {
    if ('searches' in request) this.#searches.admit(request.searches);
    else for (const write of request) this.#queue.push({ door, write });
  }

  /** Takes in what has arrived at every door since. */
  #drain(): void {
    for (const door of this.#doors)
      for (
        let found = receiveMessageOnPort(door.port);
        found !== undefined;
        found = receiveMessageOnPort(door.port)
      )
        this.#enqueue(door, found.message as Request);
  }

  #work(): void {
    this.#drain();
    while (this.#queue.length > 0) {
      const group = this.#takeGroup();
      const { outcomes, changes } = this.#writer.run(group.map(({ write }) => write));
      for (const [index, { door, write }] of group.entries()) {
        const outcome = outcomes[index];
        if (outcome === undefined) throw new Error('the writer left a write without an outcome');
        door.outcomes.push(toWire(write.do, outcome));
      }
      this.#tell(changes);
      if (group.some(({ write }) => write.do === 'tidy')) this.#searches.sweep();
      // Whoever is answered nothing but faults from now on is better off with a program that starts again.
      if (this.#writer.lost !== null) throw new StoreFault(this.#writer.lost);
    }
    const news = this.#writer.clearUp();
    if (news.length > 0) this.#tell(news);
  }

  #takeGroup(): readonly Queued[] {
    let bytes = 0;
    let end = 0;
    for (const { write } of this.#queue) {
      bytes += bytesOf(write);
      if (end > 0 && (end === MAX_GROUP_WRITES || bytes > MAX_GROUP_BYTES)) break;
      end += 1;
    }
    if (end < this.#queue.length) return this.#queue.splice(0, end);
    const all = this.#queue;
    this.#queue = [];
    return all;
  }

  #tell(changes: readonly Change[]): void {
    for (const door of this.#doors) {
      // Read after the commit: a listener that was added before it is told, whoever reads when.
      const told = Atomics.load(door.listening, 0) > 0 ? changes : [];
      if (door.outcomes.length === 0 && told.length === 0) continue;
      door.port.postMessage({ outcomes: door.outcomes, changes: told } satisfies Answer);
      door.outcomes = [];
    }
  }

  #close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#work();
    if (this.#watch !== null) clearInterval(this.#watch);
    for (const { port } of this.#doors) port.close();
    this.#searches.close();
    this.#writer.close();
    this.#parent.close();
  }
}

/** Whether a process of that number runs, whosoever it is. */
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return cause instanceof Error && 'code' in cause && cause.code === 'EPERM';
  }
};

const begin = (parent: MessagePort, { folder, segmentBytes }: ThreadData): void => {
  const paths = folderPaths(folder);
  const opened = openFolder(paths);
  if (!opened.ok) {
    parent.postMessage({ notice: 'refused', refusal: opened.refusal } satisfies Notice);
    return;
  }
  const files = new BlobFiles(paths.blobs, segmentBytes);
  const writer = new Writer(opened.value, files);
  writer.sweep();
  files.sweepSpool(isAlive);
  const thread = new StoreThread(writer, parent, new SearchWorker(paths));
  thread.listen();
  parent.postMessage({ notice: 'ready' } satisfies Notice);
};

if (parentPort === null) throw new Error('the store thread is a worker and not a program');
begin(parentPort, workerData as ThreadData);
