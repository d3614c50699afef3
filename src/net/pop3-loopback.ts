import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectPlain, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { connect as connectSecure } from 'node:tls';
import { Authenticator } from '../accounts/authenticator.ts';
import { makeVerifiers } from '../accounts/verifiers.ts';
import { Admission, defaultAdmissionLimits, type AdmissionLimits } from '../policy/admission.ts';
import { Pop3Policy } from '../policy/pop3.ts';
import { accountNamed } from '../policy/submission.ts';
import { defaultLimits, type Limits } from '../pop3/limits.ts';
import { Secret } from '../sasl/exchange.ts';
import { put } from '../store/contract/fixtures.ts';
import { openMemoryStore } from '../store/memory/store.ts';
import type { AccountId, AccountName, Store } from '../store/port.ts';
import { systemClock } from './clock.ts';
import type { Door } from './door.ts';
import { Gate } from './gate.ts';
import type { Journal } from './journal.ts';
import { Patience } from './patience.ts';
import { openPop3Door } from './pop3-door.ts';
import { testCertificates, testSource } from './tls/loopback.ts';

/** How a door differs from one that tests open where they say nothing. */
export type Changes = {
  readonly limits?: Partial<Limits>;
  readonly idleMs?: number;
  readonly admission?: AdmissionLimits;
  readonly store?: (store: Store) => Store;
};

/** A door that stands open, and an account behind it. */
export type Opened = {
  readonly door: Door;
  readonly ca: string;
  /** The store itself, whatever the door was given in its place. */
  readonly store: Store;
  readonly alice: AccountId;
  readonly logged: readonly string[];
};

export const letter = (subject: string, body = 'Hello\r\n'): Buffer =>
  Buffer.from(`Subject: ${subject}\r\n\r\n${body}`);

/** Opens a door of POP3 on a free port of loopback, where `alice@example.org` has `open sesame` and these letters. */
export async function openDoor(
  t: TestContext,
  tls: 'implicit' | 'starttls',
  letters: readonly Uint8Array[],
  changes: Changes = {},
): Promise<Opened> {
  const certificates = await testCertificates(t);
  const source = await testSource(certificates, { applicationProtocols: ['pop3'] });
  const memory = openMemoryStore();
  const store = changes.store?.(memory) ?? memory;
  const verifiers = await makeVerifiers(new Secret('open sesame'), randomBytes);
  const name = 'alice@example.org' as AccountName;
  const made = await memory.createAccount({ name, verifiers, createdAt: 0 });
  assert(made.ok);
  const alice = made.value.id;
  for (const bytes of letters) await put(memory, alice, { bytes });
  const logged: string[] = [];
  const log = (event: string, fields: object): void =>
    void logged.push(`${event} ${JSON.stringify(fields, errors)}`);
  const journal: Journal = { debug: log, info: log, warn: log, error: log };
  const now = (): number => systemClock.now();
  const canonical = (user: string): AccountName | null => accountNamed(user, ['example.org']);
  const secret = randomBytes(32);
  const door = await openPop3Door({
    name: 'test',
    place: { address: '127.0.0.1', port: 0, shared: false },
    tls,
    gate: new Gate(new Admission(changes.admission ?? defaultAdmissionLimits), systemClock, journal),
    certificates: source,
    house: {
      settings: {
        host: 'mail.example.org',
        limits: { ...defaultLimits, ...changes.limits },
        startTls: tls === 'starttls',
        trace: true,
        takesTokens: false,
        random: randomBytes,
      },
      policy: new Pop3Policy({
        store,
        authenticator: new Authenticator({ store, now, random: randomBytes, secret, canonical }),
        now,
      }),
      journal,
      patience: new Patience(systemClock, changes.idleMs ?? 60_000),
    },
  });
  t.after(() => door.close(0));
  return { door, ca: certificates.ca, store: memory, alice, logged };
}

const errors = (_: string, value: unknown): unknown => (value instanceof Error ? value.message : value);

/** Waits until the log has this event. */
export async function whenLogged(opened: Opened, event: string): Promise<void> {
  while (!opened.logged.some((line) => line.startsWith(`${event} `)))
    await new Promise((resolve) => setImmediate(resolve));
}

/** The store, but for what is otherwise. */
export function otherwise(store: Store, changes: Partial<Store>): Store {
  return new Proxy(store, {
    get: (target, name) => {
      const own: unknown = Reflect.get(changes, name) ?? Reflect.get(target, name);
      return typeof own === 'function' ? own.bind(target) : own;
    },
  });
}

/** A client without manners: sends bytes, and waits for text. */
export class Peer {
  readonly socket: Socket;
  #heard = '';
  #wake = Promise.withResolvers<void>();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', this.#hear);
    socket.on('end', () => socket.end());
    socket.on('error', () => this.#stir());
    socket.on('close', () => this.#stir());
  }

  /** Reads no more of this socket. */
  leave(): void {
    this.socket.off('data', this.#hear);
  }

  readonly #hear = (chunk: Buffer): void => {
    this.#heard += chunk.toString('latin1');
    this.#stir();
  };

  #stir(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  send(text: string): void {
    this.socket.write(text);
  }

  /** Everything up to and with the match. */
  async hears(pattern: RegExp): Promise<string> {
    for (;;) {
      const match = pattern.exec(this.#heard);
      if (match !== null) {
        const end = match.index + match[0].length;
        const heard = this.#heard.slice(0, end);
        this.#heard = this.#heard.slice(end);
        return heard;
      }
      assert(
        !this.socket.closed,
        `closed before ${pattern}; heard ${JSON.stringify(this.#heard.slice(-300))}`,
      );
      await this.#wake.promise;
    }
  }

  /** Everything that comes until the connection is gone. */
  async all(): Promise<string> {
    if (!this.socket.closed) await once(this.socket, 'close');
    return this.#heard;
  }
}

/** A client that is protected, on a connection of its own or on one that was answered to STLS. */
export async function secure(t: TestContext, { door, ca }: Opened, on?: Socket): Promise<Peer> {
  const options = { servername: 'localhost', ca: [ca], ALPNProtocols: ['pop3'], allowHalfOpen: true };
  const socket = connectSecure(
    on === undefined ? { ...options, host: '127.0.0.1', port: door.port } : { ...options, socket: on },
  );
  t.after(() => socket.destroy());
  const peer = new Peer(socket);
  await once(socket, 'secureConnect');
  return peer;
}

/** A client in the clear. */
export async function connect(t: TestContext, { door }: Opened): Promise<Peer> {
  const socket = connectPlain({ host: '127.0.0.1', port: door.port, allowHalfOpen: true });
  t.after(() => socket.destroy());
  const peer = new Peer(socket);
  await once(socket, 'connect');
  return peer;
}

export const login = 'USER alice\r\nPASS open sesame\r\n';

/** A client that is in. */
export async function enter(t: TestContext, opened: Opened): Promise<Peer> {
  const peer = await secure(t, opened);
  peer.send(login);
  await peer.hears(/\+OK Logged in.*\r\n/);
  return peer;
}
