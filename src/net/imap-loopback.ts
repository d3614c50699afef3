import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import type { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import { Authenticator } from '../accounts/authenticator.ts';
import { makeVerifiers } from '../accounts/verifiers.ts';
import { defaultLimits } from '../imap/limits.ts';
import { Admission, defaultAdmissionLimits } from '../policy/admission.ts';
import { ImapPolicy } from '../policy/imap/policy.ts';
import { accountNamed } from '../policy/submission.ts';
import { Secret } from '../sasl/exchange.ts';
import { openMemoryStore } from '../store/memory/store.ts';
import type { AccountName, Store } from '../store/port.ts';
import { systemClock } from './clock.ts';
import type { Door } from './door.ts';
import { Gate } from './gate.ts';
import { openImapDoor } from './imap-door.ts';
import type { Journal } from './journal.ts';
import { Patience } from './patience.ts';
import { Room } from './room.ts';
import { SlowAnswers } from './slow-answers.ts';
import { testCertificates, testSource } from './tls/loopback.ts';

const alice = 'alice@example.org' as AccountName;

/** How a door differs from one that tests open where they say nothing. */
export type Changes = {
  readonly newcomersMs?: number;
  readonly loggedInMs?: number;
  readonly roomBytes?: number;
  readonly stillAtItMs?: number;
  readonly store?: (store: Store) => Store;
};
/** A door, and what it wrote into the log. */
export type Opened = {
  readonly door: Door;
  readonly ca: string;
  readonly store: Store;
  readonly logged: string[];
  readonly firstClosed: Promise<void>;
};

/** Opens a door with the account of Alice. */
export async function openDoor(t: TestContext, changes: Changes = {}): Promise<Opened> {
  const certificates = await testCertificates(t);
  const source = await testSource(certificates, { applicationProtocols: ['imap'] });
  const memory = openMemoryStore();
  const store = changes.store?.(memory) ?? memory;
  const verifiers = await makeVerifiers(new Secret('open sesame'), randomBytes);
  await memory.createAccount({ name: alice, verifiers, createdAt: 0 });
  const logged: string[] = [];
  const closed = Promise.withResolvers<void>();
  const log = (event: string, fields: object): void => {
    logged.push(`${event} ${JSON.stringify(fields, errors)}`);
    if (event === 'imap.closed') closed.resolve();
  };
  const journal: Journal = { debug: log, info: log, warn: log, error: log };
  const now = (): number => systemClock.now();
  const canonical = (user: string): AccountName | null => accountNamed(user, ['example.org']);
  const door = await openImapDoor({
    name: 'test',
    place: { address: '127.0.0.1', port: 0, shared: false },
    gate: new Gate(new Admission(defaultAdmissionLimits), systemClock, journal),
    certificates: source,
    house: {
      settings: {
        host: 'mail.example.org',
        limits: defaultLimits,
        takesTokens: false,
        reusable: true,
        compressible: true,
        trace: true,
        random: randomBytes,
      },
      policy: new ImapPolicy({
        store,
        now,
        authenticator: new Authenticator({
          store,
          now,
          random: randomBytes,
          secret: randomBytes(32),
          canonical,
        }),
      }),
      journal,
      patience: {
        newcomers: new Patience(systemClock, changes.newcomersMs ?? 60_000),
        loggedIn: new Patience(systemClock, changes.loggedInMs ?? 60_000),
      },
      room: new Room(changes.roomBytes ?? 100_000_000),
      slowAnswers: new SlowAnswers(changes.stillAtItMs ?? 60_000),
    },
  });
  t.after(() => door.close(0));
  return { door, ca: certificates.ca, store, logged, firstClosed: closed.promise };
}

const errors = (_: string, value: unknown): unknown => (value instanceof Error ? value.message : value);

/** A raw peer: sends bytes, and waits for text. */
export class Peer {
  readonly socket: Duplex;
  #heard = '';
  #wake = Promise.withResolvers<void>();

  constructor(socket: Duplex) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#heard += chunk.toString('latin1');
      this.#stir();
    });
    socket.on('error', () => this.#stir());
    socket.on('close', () => this.#stir());
  }

  #stir(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
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
        `closed before ${pattern}; heard ${JSON.stringify(this.#heard.slice(-200))}`,
      );
      await this.#wake.promise;
    }
  }

  /** Sends a command that must succeed, and gives everything that it gives. */
  async asks(tag: string, command: string): Promise<string> {
    this.socket.write(`${tag} ${command}\r\n`);
    return this.hears(new RegExp(`^${tag} OK.*\r\n`, 'm'));
  }

  /** Resolves when the connection is gone, with what was said and not heard. */
  async closes(): Promise<string> {
    if (!this.socket.closed) await once(this.socket, 'close');
    return this.#heard;
  }
}

/** A peer that was greeted. */
export async function greeted({ door, ca }: Opened): Promise<Peer> {
  const socket = connect({
    host: '127.0.0.1',
    port: door.port,
    servername: 'localhost',
    ca,
    ALPNProtocols: ['imap'],
  });
  socket.setNoDelay(true);
  const peer = new Peer(socket);
  await peer.hears(/Letterlock\r\n/);
  return peer;
}

/** The same, logged in as Alice. */
export async function loggedIn(opened: Opened): Promise<Peer> {
  const peer = await greeted(opened);
  peer.socket.write('l LOGIN alice "open sesame"\r\n');
  await peer.hears(/Logged in\r\n/);
  return peer;
}

/** The same, with INBOX selected. */
export async function inInbox(opened: Opened): Promise<Peer> {
  const peer = await loggedIn(opened);
  await peer.asks('s', 'SELECT INBOX');
  return peer;
}

/** An APPEND of this letter to INBOX. */
export const appended = (letter: string): string => `APPEND INBOX {${letter.length}+}\r\n${letter}`;
