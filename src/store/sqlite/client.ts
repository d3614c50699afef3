import type { MessagePort } from 'node:worker_threads';
import type {
  Account,
  AccountId,
  AccountName,
  AppPassword,
  BlobHash,
  BoundCertificate,
  Change,
  Delivery,
  Letter,
  LetterId,
  LetterQuery,
  Mailbox,
  NewAccount,
  Placement,
  Store,
  Tally,
  TallyEvent,
  Verifiers,
} from '../port.ts';
import type { Eventually, Result } from '../../result.ts';
import { StoreClosed, StoreFault, StoreOverloaded } from '../fault.ts';
import { Listeners } from '../listeners.ts';
import { checkAppPassword, checkDelivery, checkSha256 } from '../rules.ts';
import { folderPaths } from './folder.ts';
import { formatOmitted } from './omitted-column.ts';
import { pack } from './outbox.ts';
import { Reader } from './reader.ts';
import { type Answer, fromWire, type PackedDelivery, type Write, type Written } from './write.ts';

/** What may wait at one client: beyond it a write is refused with `StoreOverloaded`. */
export type WaitingBounds = { readonly operations: number; readonly bytes: number };

/** Enough for every session of a busy thread to have a letter under way; little enough to hold in memory. */
const DEFAULT_BOUNDS: WaitingBounds = { operations: 4096, bytes: 64 * 1024 * 1024 };

/** A way to the store thread, to be handed to one thread of this process (`port` in the transfer list). */
export type StoreDoor = {
  readonly port: MessagePort;
  /** One Int32: how many listeners this client has. Set before `onChange` returns, read after each commit. */
  readonly listening: SharedArrayBuffer;
};

type Waiting = {
  readonly bytes: number;
  readonly resolve: (value: Written[keyof Written]) => void;
  readonly reject: (fault: StoreFault) => void;
};

const copyOf = ({ scram, argon2id }: Verifiers): Verifiers => ({
  argon2id,
  // A view of a pooled buffer would be cloned with its whole pool.
  scram: {
    salt: new Uint8Array(scram.salt),
    iterations: scram.iterations,
    storedKey: new Uint8Array(scram.storedKey),
    serverKey: new Uint8Array(scram.serverKey),
  },
});

/** How often a read that finds the database locked (another process recovers it) is tried again, a turn each. */
const BUSY_TURNS = 100_000;

const isBusy = (cause: unknown): boolean =>
  cause instanceof Error &&
  'errcode' in cause &&
  typeof cause.errcode === 'number' &&
  (cause.errcode & 0xff) === 5;

/** The store as one thread of the process sees it: reads on its own connection, writes by message. */
class SqliteStore implements Store {
  readonly #reader: Reader;
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

  constructor(folder: string, door: StoreDoor, bounds: WaitingBounds) {
    this.#reader = new Reader(folderPaths(folder));
    this.#port = door.port;
    this.#listening = new Int32Array(door.listening);
    this.#bounds = bounds;
    this.#port.on('message', (answer: Answer) => this.#answer(answer));
    this.#port.once('close', () => this.#end(new StoreClosed('the store thread has ended')));
  }

  account(name: AccountName): Eventually<Account | null> {
    return this.#read((reader) => reader.account(name));
  }

  accounts(): Eventually<readonly Account[]> {
    return this.#read((reader) => reader.accounts());
  }

  verifiers(account: AccountId): Eventually<Verifiers | null> {
    return this.#read((reader) => reader.verifiers(account));
  }

  appPasswords(account: AccountId): Eventually<readonly AppPassword[]> {
    return this.#read((reader) => reader.appPasswords(account));
  }

  appPassword(account: AccountId, sha256: string): Eventually<AppPassword | null> {
    return this.#read((reader) => reader.appPassword(account, sha256));
  }

  boundCertificates(account: AccountId): Eventually<readonly BoundCertificate[]> {
    return this.#read((reader) => reader.boundCertificates(account));
  }

  accountsOfCertificate(sha256: string): Eventually<readonly Account[]> {
    return this.#read((reader) => reader.accountsOfCertificate(sha256));
  }

  mailboxes(account: AccountId): Eventually<readonly Mailbox[]> {
    return this.#read((reader) => reader.mailboxes(account));
  }

  letters(query: LetterQuery): Eventually<readonly Letter[]> {
    return this.#read((reader) => reader.letters(query));
  }

  letter(account: AccountId, letter: LetterId): Eventually<Letter | null> {
    return this.#read((reader) => reader.letter(account, letter));
  }

  blob(account: AccountId, hash: BlobHash): Eventually<Uint8Array | null> {
    return this.#read((reader) => reader.blob(account, hash));
  }

  tallies(keys: readonly string[]): Eventually<readonly Tally[]> {
    return this.#read((reader) => reader.tallies(keys));
  }

  async createAccount(account: NewAccount): Promise<Result<Account, 'exists'>> {
    const own: NewAccount = { ...account, verifiers: copyOf(account.verifiers) };
    return this.#write({ do: 'create-account', account: own }, 0);
  }

  async setVerifiers(account: AccountId, verifiers: Verifiers): Promise<Result<null, 'no-account'>> {
    return this.#write({ do: 'set-verifiers', account, verifiers: copyOf(verifiers) }, 0);
  }

  async addAppPassword(
    account: AccountId,
    password: Omit<AppPassword, 'lastUsedOn'>,
  ): Promise<Result<null, 'no-account' | 'exists' | 'too-many'>> {
    checkAppPassword(password);
    return this.#write({ do: 'add-app-password', account, password }, 0);
  }

  async removeAppPassword(account: AccountId, label: string): Promise<Result<null, 'no-app-password'>> {
    return this.#write({ do: 'remove-app-password', account, label }, 0);
  }

  async noteAppPasswordUse(account: AccountId, sha256: string, usedOn: number): Promise<void> {
    checkSha256(sha256);
    await this.#write({ do: 'use-app-password', account, sha256, usedOn }, 0);
  }

  async bindCertificate(
    account: AccountId,
    certificate: BoundCertificate,
  ): Promise<Result<null, 'no-account' | 'exists' | 'too-many'>> {
    checkSha256(certificate.sha256);
    return this.#write({ do: 'bind-certificate', account, certificate }, 0);
  }

  async unbindCertificate(account: AccountId, sha256: string): Promise<Result<null, 'not-bound'>> {
    checkSha256(sha256);
    return this.#write({ do: 'unbind-certificate', account, sha256 }, 0);
  }

  async deliver(...deliveries: readonly Delivery[]): Promise<Result<readonly Placement[], 'no-account'>> {
    deliveries.forEach(checkDelivery);
    const bytes = deliveries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    return this.#write({ do: 'deliver', deliveries: deliveries.map(crossing) }, bytes);
  }

  async tally(events: readonly TallyEvent[]): Promise<void> {
    await this.#write({ do: 'tally', events }, 0);
  }

  async forgetTallies(keys: readonly string[]): Promise<void> {
    await this.#write({ do: 'forget-tallies', keys }, 0);
  }

  onChange(listener: (change: Change) => void): () => void {
    this.#mustBeOpen();
    const remove = this.#listeners.add(listener);
    Atomics.store(this.#listening, 0, this.#listeners.size);
    return () => {
      remove();
      Atomics.store(this.#listening, 0, this.#listeners.size);
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed ??= new StoreClosed('the store is closed');
    if (this.#waiting.length > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    this.#listeners.clear();
    this.#port.close();
    this.#reader.close();
  }

  #mustBeOpen(): void {
    if (this.#closed !== null) throw new StoreClosed(this.#closed.message);
  }

  #read<Value>(read: (reader: Reader) => Eventually<Value>): Eventually<Value> {
    this.#mustBeOpen();
    try {
      return read(this.#reader);
    } catch (cause) {
      if (isBusy(cause)) return this.#readLater(read);
      throw cause;
    }
  }

  /** Gives the thread back between two tries, so that other sessions go on while another process recovers the log. */
  async #readLater<Value>(read: (reader: Reader) => Eventually<Value>): Promise<Value> {
    for (let turn = 0; turn < BUSY_TURNS; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      this.#mustBeOpen();
      try {
        return await read(this.#reader);
      } catch (cause) {
        if (!isBusy(cause)) throw cause;
      }
    }
    throw new StoreFault('the database stays locked by another process');
  }

  #write<Kind extends Write['do']>(
    write: Extract<Write, { do: Kind }>,
    bytes: number,
  ): Promise<Written[Kind]> {
    this.#mustBeOpen();
    const waits = this.#waiting.length - this.#answered;
    if (waits >= this.#bounds.operations || (waits > 0 && this.#waitingBytes + bytes > this.#bounds.bytes))
      throw new StoreOverloaded(`${waits} writes of ${this.#waitingBytes} bytes wait to be stored`);
    return new Promise<Written[Kind]>((resolve, reject) => {
      this.#waiting.push({ bytes, resolve: resolve as Waiting['resolve'], reject });
      this.#waitingBytes += bytes;
      // One message for all that the sessions of this turn have to write.
      if (this.#outbox.push(write) === 1) setImmediate(() => this.#post());
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
      else waiting.reject(new StoreFault(outcome.fault));
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

/** The delivery as plain data. */
const crossing = (delivery: Delivery): PackedDelivery => {
  const { hash, sizeBytes, chunks, summary, receivedAt, recipients, omitted = [] } = delivery;
  const transport = JSON.stringify(delivery.transport);
  return {
    hash,
    sizeBytes,
    chunks,
    summary,
    transport,
    receivedAt,
    recipients,
    omitted: formatOmitted(omitted),
  };
};

/** Opens the store on a thread of this process; `door` comes from this process's store thread for the same folder. */
export const openSqliteStore = (options: {
  readonly folder: string;
  readonly door: StoreDoor;
  readonly bounds?: WaitingBounds;
}): Store => new SqliteStore(options.folder, options.door, options.bounds ?? DEFAULT_BOUNDS);
