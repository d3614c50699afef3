import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Change } from '../port.ts';
import { StoreClosed, StoreFault, StoreFull, StoreOverloaded } from '../fault.ts';
import { Listeners } from '../listeners.ts';
import type { Compression } from './compression.ts';
import { pack } from './outbox.ts';
import {
  type Answer,
  fromWire,
  type Outcome,
  type Request,
  type Write,
  type WriteKind,
  type WriteOf,
  type Written,
} from './write.ts';

/** What may wait at one client: beyond it a write is refused with `StoreOverloaded`. */
export type WaitingBounds = { readonly operations: number; readonly bytes: number };

/** Enough for every session of a busy thread to have a letter under way; little enough to hold in memory. */
export const DEFAULT_BOUNDS: WaitingBounds = { operations: 4096, bytes: 64 * 1024 * 1024 };

/** A way to the store thread, to be handed to one thread of this process (`port` in the transfer list). */
export type StoreDoor = {
  readonly port: MessagePort;
  /** One Int32: how many listeners this client has. Set before `onChange` returns, read after each commit. */
  readonly listening: SharedArrayBuffer;
  /** How letters are kept that come in by it. */
  readonly compression: Compression;
};

type Waiting = {
  readonly bytes: number;
  readonly resolve: (value: Written) => void;
  readonly reject: (fault: StoreFault) => void;
};

/** One thread's way to the store thread: writes go out, outcomes and changes come back. */
export class Channel {
  readonly #port: MessagePort;
  readonly #listening: Int32Array;
  readonly #bounds: WaitingBounds;
  readonly #listeners = new Listeners();
  /** In the order of the writes; the first `#answered` of them have their outcome. */
  #waiting: Waiting[] = [];
  #answered = 0;
  #waitingBytes = 0;
  #outbox: Write[] = [];
  #closed: StoreClosed | null = null;
  #idle: (() => void) | null = null;
  #closing: Promise<void> | null = null;

  constructor(door: StoreDoor, bounds: WaitingBounds) {
    this.#port = door.port;
    this.#listening = new Int32Array(door.listening);
    this.#bounds = bounds;
    this.#port.on('message', (answer: Answer) => this.#answer(answer));
    this.#port.once('close', () => this.#end(new StoreClosed('the store thread has ended')));
  }

  /** As the port has it. */
  onChange(listener: (change: Change) => void): () => void {
    this.mustBeOpen();
    const remove = this.#listeners.add(listener);
    Atomics.store(this.#listening, 0, this.#listeners.size);
    return () => {
      remove();
      Atomics.store(this.#listening, 0, this.#listeners.size);
    };
  }

  /** A way of its own to the search thread. */
  openSearches(): MessagePort {
    this.mustBeOpen();
    const { port1, port2 } = new MessageChannel();
    this.#port.postMessage({ searches: port2 } satisfies Request, [port2]);
    return port1;
  }

  /** Waits for what is under way, then lets go. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed ??= new StoreClosed('the store is closed');
    if (this.#waiting.length > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    this.#listeners.clear();
    this.#port.close();
  }

  /** Throws where there is no store any more. */
  mustBeOpen(): void {
    if (this.#closed !== null) throw new StoreClosed(this.#closed.message);
  }

  /** Resolves with what the write gives when it is on disk; `bytes` is what it holds in memory until then. */
  write<Kind extends WriteKind>(write: WriteOf<Kind>, bytes = 0): Promise<Written<Kind>> {
    this.mustBeOpen();
    const waits = this.#waiting.length - this.#answered;
    if (waits >= this.#bounds.operations || (waits > 0 && this.#waitingBytes + bytes > this.#bounds.bytes))
      throw new StoreOverloaded(`${waits} writes of ${this.#waitingBytes} bytes wait to be stored`);
    return new Promise<Written<Kind>>((resolve, reject) => {
      this.#waiting.push({ bytes, resolve, reject });
      this.#waitingBytes += bytes;
      // One message for all that the sessions of this turn have to write.
      if (this.#outbox.push(write as Write) === 1) setImmediate(() => this.#post());
    });
  }

  #post(): void {
    const writes = this.#outbox;
    this.#outbox = [];
    if (writes.length === 0) return;
    try {
      const parcel = pack(writes);
      this.#port.postMessage(parcel.writes, [...parcel.move]);
    } catch (cause) {
      // Nothing was posted; these writes are the last that wait.
      for (const { bytes, reject } of this.#waiting.splice(-writes.length)) {
        this.#waitingBytes -= bytes;
        reject(new StoreFault('a write could not be handed to the store thread', { cause }));
      }
      if (this.#answered === this.#waiting.length) this.#settled();
    }
  }

  #answer({ outcomes, changes }: Answer): void {
    for (const wire of outcomes) {
      const outcome = fromWire(wire);
      const waiting = this.#waiting[this.#answered++];
      if (waiting === undefined) throw new StoreFault('the store thread answered what was not asked');
      this.#waitingBytes -= waiting.bytes;
      if ('value' in outcome) waiting.resolve(outcome.value);
      else waiting.reject(faultOf(outcome.fault));
    }
    if (this.#answered === this.#waiting.length) this.#settled();
    else if (this.#answered > 1024) {
      this.#waiting.splice(0, this.#answered);
      this.#answered = 0;
    }
    this.#listeners.tell(changes);
  }

  #settled(): void {
    this.#waiting = [];
    this.#answered = 0;
    this.#idle?.();
  }

  #end(fault: StoreClosed): void {
    this.#closed ??= fault;
    for (const { reject } of this.#waiting.slice(this.#answered)) reject(fault);
    this.#outbox = [];
    this.#waitingBytes = 0;
    this.#listeners.clear();
    this.#settled();
  }
}

const faultOf = ({ why, message }: Extract<Outcome, { fault: unknown }>['fault']): StoreFault =>
  why === 'full' ? new StoreFull(message) : new StoreFault(message);
