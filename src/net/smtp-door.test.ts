import assert from 'node:assert/strict';
import { lettersInInbox } from '../store/contract/inbox.ts';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect as connectPlain, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { connect as connectSecure } from 'node:tls';
import { Authenticator } from '../accounts/authenticator.ts';
import { Enroller } from '../accounts/enrol.ts';
import { makeVerifiers } from '../accounts/verifiers.ts';
import { Admission, defaultAdmissionLimits, type AdmissionLimits } from '../policy/admission.ts';
import { accountNamed, SubmissionPolicy } from '../policy/submission.ts';
import { Secret } from '../sasl/exchange.ts';
import { defaultExtensions } from '../smtp/extensions.ts';
import { defaultLimits, type Limits } from '../smtp/limits.ts';
import { openMemoryStore } from '../store/memory/store.ts';
import type { AccountName, Letter, Store } from '../store/port.ts';
import { systemClock } from './clock.ts';
import type { Door } from './door.ts';
import { Gate } from './gate.ts';
import type { Journal } from './journal.ts';
import { Patience } from './patience.ts';
import { Room } from './room.ts';
import { openSmtpDoor } from './smtp-door.ts';
import { makeClientCertificate } from './tls/authority.ts';
import { testCertificates, testSource } from './tls/loopback.ts';

const alice = 'alice@example.org' as AccountName;
const bob = 'bob@example.org' as AccountName;
const login = `AUTH PLAIN ${Buffer.from('\0alice@example.org\0open sesame').toString('base64')}\r\n`;
const envelope = 'MAIL FROM:<alice@example.org>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n';

type Changes = {
  limits?: Partial<Limits>;
  idleMs?: number;
  roomBytes?: number;
  admission?: AdmissionLimits;
  store?: (store: Store) => Store;
};
type Opened = { door: Door; ca: string; folder: string; store: Store; logged: string[] };

async function openDoor(
  t: TestContext,
  tls: 'implicit' | 'starttls',
  changes: Changes = {},
): Promise<Opened> {
  const certificates = await testCertificates(t);
  const source = await testSource(certificates, {
    applicationProtocols: ['smtp'],
    clientCertificates: 'ask',
    clientAuthority: certificates.authority,
  });
  const memory = openMemoryStore();
  const store = changes.store?.(memory) ?? memory;
  for (const name of [alice, bob]) {
    const verifiers = await makeVerifiers(new Secret('open sesame'), randomBytes);
    await memory.createAccount({ name, verifiers, createdAt: 0 });
  }
  const logged: string[] = [];
  const log = (event: string, fields: object): void =>
    void logged.push(`${event} ${JSON.stringify(fields, errors)}`);
  const journal: Journal = { debug: log, info: log, warn: log, error: log };
  const now = (): number => systemClock.now();
  const domains = ['example.org'];
  const canonical = (user: string): AccountName | null => accountNamed(user, domains);
  const policy = new SubmissionPolicy({
    store,
    authenticator: new Authenticator({ store, now, random: randomBytes, secret: randomBytes(32), canonical }),
    enroller: new Enroller({ store, now, random: randomBytes }),
    host: 'mail.example.org',
    domains,
    passwordKind: 'classic',
    now,
    random: randomBytes,
  });
  const door = await openSmtpDoor({
    name: 'test',
    place: { address: '127.0.0.1', port: 0, shared: false },
    tls,
    gate: new Gate(new Admission(changes.admission ?? defaultAdmissionLimits), systemClock, journal),
    certificates: source,
    house: {
      settings: {
        host: 'mail.example.org',
        door: 'submission',
        extensions: defaultExtensions.submission,
        limits: { ...defaultLimits, ...changes.limits },
        startTls: true,
        enrolment: true,
        mailBeforeAuth: 530,
        protection: 'required',
        trace: true,
        random: randomBytes,
      },
      policy,
      journal,
      patience: new Patience(systemClock, changes.idleMs ?? 60_000),
      room: new Room(changes.roomBytes ?? 100_000_000),
    },
  });
  t.after(() => door.close(0));
  return { door, ca: certificates.ca, folder: certificates.folder, store, logged };
}

/** The store, but for its disk. */
const withoutDisk = (store: Store): Store =>
  broken(store, { deliver: () => Promise.reject(new Error('the disk is on fire')) });

/** The store, but for what is otherwise. */
function broken(store: Store, otherwise: Partial<Store>): Store {
  return new Proxy(store, {
    get: (target, name) => {
      const own: unknown = Reflect.get(otherwise, name) ?? Reflect.get(target, name);
      return typeof own === 'function' ? own.bind(target) : own;
    },
  });
}

const errors = (_: string, value: unknown): unknown => (value instanceof Error ? value.message : value);

/** A raw peer: sends bytes, and waits for text. */
class Peer {
  readonly socket: Socket;
  #heard = '';
  #wake = Promise.withResolvers<void>();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#heard += chunk.toString('latin1');
      this.#stir();
    });
    socket.on('end', () => socket.end());
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
      assert(!this.socket.closed, `closed before ${pattern}; heard ${JSON.stringify(this.#heard)}`);
      await this.#wake.promise;
    }
  }

  async all(): Promise<string> {
    if (!this.socket.closed) await once(this.socket, 'close');
    return this.#heard;
  }
}

async function secure(t: TestContext, { door, ca }: Opened, socket?: Socket): Promise<Peer> {
  const options = { servername: 'localhost', ca: [ca], ALPNProtocols: ['smtp'], allowHalfOpen: true };
  const secured =
    socket === undefined
      ? connectSecure({ ...options, host: '127.0.0.1', port: door.port })
      : connectSecure({ ...options, socket });
  t.after(() => secured.destroy());
  const peer = new Peer(secured);
  await once(secured, 'secureConnect');
  return peer;
}

async function lettersOf(store: Store, name: AccountName): Promise<readonly Letter[]> {
  const account = await store.account(name);
  assert(account !== null);
  return lettersInInbox(store, account.id);
}

test('one write carries everything: a whole session piped in, the peer closing its side at once', async (t) => {
  const opened = await openDoor(t, 'implicit');
  const peer = await secure(t, opened);
  await peer.hears(/^220 .*\r\n/);
  peer.socket.end(`EHLO c.example\r\n${login}${envelope}Subject: hi\r\n\r\n..dot\r\n.\r\nQUIT\r\n`);
  const heard = await peer.all();
  assert.match(
    heard,
    /235 2\.7\.0 .*\r\n250 2\.1\.0 .*\r\n250 2\.1\.5 .*\r\n354 .*\r\n250 2\.0\.0 Mail was sent.*\r\n221 /,
  );
  const [letter] = await lettersOf(opened.store, bob);
  assert(letter !== undefined);
  const account = await opened.store.account(bob);
  const bytes = await opened.store.blob(account!.id, letter.id);
  assert.equal(Buffer.from(bytes ?? []).toString(), 'Subject: hi\r\n\r\n.dot\r\n');
  assert.equal(letter.summary.subject, 'hi');
  assert.equal(letter.transport?.protocol, 'ESMTPSA');
  assert.equal(letter.transport?.tls?.version, 'TLSv1.3');
  assert.equal(letter.transport?.tls?.group, 'X25519MLKEM768');
  assert.equal(letter.transport?.authentication?.mechanism, 'PLAIN');
  assert.match(
    Buffer.from(letter.prefix).toString(),
    /\r\nReceived: from c\.example [^]*version=TLSv1\.3[^]*X25519MLKEM768[^]*\r\n$/,
  );
});

test('STARTTLS: the handshake on the same socket, and what was said before is forgotten', async (t) => {
  const opened = await openDoor(t, 'starttls');
  const plain = connectPlain({ host: '127.0.0.1', port: opened.door.port });
  t.after(() => plain.destroy());
  const before = new Peer(plain);
  await before.hears(/^220 .*\r\n/);
  plain.write('EHLO c.example\r\n');
  const announced = await before.hears(/250 .*\r\n/);
  assert.match(announced, /250-STARTTLS\r\n/);
  assert.doesNotMatch(announced, /AUTH|XENROL/);
  plain.write(login);
  await before.hears(/530 5\.7\.0 /);
  plain.write('STARTTLS\r\n');
  await before.hears(/220 2\.0\.0 .*\r\n/);
  plain.removeAllListeners('data');
  const peer = await secure(t, opened, plain);
  peer.socket.write(envelope.slice(0, envelope.indexOf('RCPT')));
  await peer.hears(/503 5\.5\.1 .*EHLO/);
  peer.socket.write(`EHLO c.example\r\n${login}${envelope}x\r\n.\r\nQUIT\r\n`);
  assert.match(await peer.all(), /250 2\.0\.0 Mail was sent/);
  assert.equal((await lettersOf(opened.store, bob)).length, 1);
});

test('STARTTLS with commands in the same packet ends the connection, and none of them counts', async (t) => {
  const opened = await openDoor(t, 'starttls');
  const plain = connectPlain({ host: '127.0.0.1', port: opened.door.port });
  const peer = new Peer(plain);
  await peer.hears(/^220 .*\r\n/);
  plain.write('EHLO c.example\r\nSTARTTLS\r\nEHLO evil.example\r\n');
  assert.match(await peer.all(), /554 5\.5\.1 /);
});

test('a fault of the store is 451 with an id that the log has, and the session goes on', async (t) => {
  const opened = await openDoor(t, 'implicit', { store: withoutDisk });
  const peer = await secure(t, opened);
  peer.socket.write(`EHLO c.example\r\n${login}${envelope}x\r\n.\r\nNOOP\r\n`);
  const heard = await peer.hears(/250 2\.0\.0 Still here\r\n/);
  const id = /451 4\.3\.0 .* as (\S+)\r\n/.exec(heard)?.[1];
  assert(id !== undefined, heard);
  assert(opened.logged.some((line) => line.includes(id) && line.includes('the disk is on fire')));
});

test('a login that the store has no room to count is put off, and the session goes on', async (t) => {
  const overloaded = Object.assign(new Error('too much'), { name: 'StoreOverloaded' });
  const opened = await openDoor(t, 'implicit', {
    store: (store) => broken(store, { tally: () => Promise.reject(overloaded) }),
  });
  const peer = await secure(t, opened);
  const wrong = `AUTH PLAIN ${Buffer.from('\0alice@example.org\0wrong').toString('base64')}\r\n`;
  peer.socket.write(`EHLO c.example\r\n${wrong}NOOP\r\n`);
  assert.match(await peer.hears(/250 2\.0\.0 Still here\r\n/), /\r\n454 4\.7\.0 /);
  assert(opened.logged.some((line) => /^smtp\.login .*"outcome":"unavailable"/.test(line)));
});

test('silence ends the session in words, and one byte at a time is silence as well', async (t) => {
  const opened = await openDoor(t, 'implicit', { idleMs: 60 });
  const silent = await secure(t, opened);
  assert.match(await silent.all(), /421 4\.4\.2 /);
  const slow = await secure(t, opened);
  const trickle = setInterval(() => slow.socket.write('x'), 5);
  t.after(() => clearInterval(trickle));
  assert.match(await slow.all(), /421 4\.4\.2 /);
});

test('letters that do not fit into memory are put off, and the next one is taken', async (t) => {
  const opened = await openDoor(t, 'implicit', { roomBytes: 10_000 });
  const peer = await secure(t, opened);
  peer.socket.write(`EHLO c.example\r\n${login}${envelope}${'x'.repeat(70)}\r\n`);
  await peer.hears(/354 .*\r\n/);
  peer.socket.write(`${`${'y'.repeat(70)}\r\n`.repeat(300)}.\r\n`);
  await peer.hears(/452 4\.3\.1 .*\r\n/);
  peer.socket.write(
    `${envelope}small\r\n.\r\nMAIL FROM:<alice@example.org> SIZE=20000\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n`,
  );
  await peer.hears(/250 2\.0\.0 Mail was sent.*\r\n/);
  await peer.hears(/452 4\.3\.1 .*\r\n/);
});

test('a door that closes lets a letter under way end, refuses the next, and is gone', async (t) => {
  const opened = await openDoor(t, 'implicit');
  const peer = await secure(t, opened);
  peer.socket.write(`EHLO c.example\r\n${login}${envelope}half`);
  await peer.hears(/354 .*\r\n/);
  const closing = opened.door.close(10_000);
  peer.socket.write(' and whole\r\n.\r\n');
  await peer.hears(/250 2\.0\.0 Mail was sent.*\r\n421 4\.3\.2 .*\r\n/);
  await closing;
  assert.equal((await lettersOf(opened.store, bob)).length, 1);
  await assert.rejects(once(connectPlain({ host: '127.0.0.1', port: opened.door.port }), 'connect'));
});

test('a peer that goes away in the middle of a letter leaves nothing behind', async (t) => {
  const opened = await openDoor(t, 'implicit');
  const peer = await secure(t, opened);
  peer.socket.write(`EHLO c.example\r\n${login}${envelope}half`);
  await peer.hears(/354 .*\r\n/);
  peer.socket.destroy();
  const other = await secure(t, opened);
  other.socket.write(`EHLO c.example\r\n${login}${envelope}whole\r\n.\r\nQUIT\r\n`);
  await other.all();
  assert.equal((await lettersOf(opened.store, bob)).length, 1);
});

test('a peer that resets the connection behind the last octet of its handshake keeps no place', async (t) => {
  for (const tls of ['implicit', 'starttls'] as const) {
    const admission = { ...defaultAdmissionLimits, connections: 4, connectionsPerMinute: 0 };
    const opened = await openDoor(t, tls, { admission });
    for (let times = 0; times < 12; times += 1) {
      let tries = 0;
      // Places are given back in time, not at once.
      while (!(await resetBehindHandshake(opened, tls)))
        assert((tries += 1) < 500, `nobody is let in any more after ${times} resets`);
    }
  }
});

/** Whether the server took part in a handshake, whose last octets of the client have a reset right behind them. */
async function resetBehindHandshake({ door, ca }: Opened, tls: 'implicit' | 'starttls'): Promise<boolean> {
  const plain = connectPlain({ host: '127.0.0.1', port: door.port });
  const closed = once(plain, 'close');
  const peer = new Peer(plain);
  if (tls === 'starttls') {
    plain.write('EHLO c.example\r\nSTARTTLS\r\n');
    await peer.hears(/^(?:220 2|421 ).*\r\n/m);
    plain.removeAllListeners('data');
  }
  let answered = false;
  const way = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      plain.write(chunk);
      if (answered) plain.resetAndDestroy();
      done();
    },
  });
  plain.on('data', (chunk) => {
    answered = true;
    way.push(chunk);
  });
  const secured = connectSecure({ socket: way, servername: 'localhost', ca: [ca] });
  secured.on('error', () => undefined);
  await closed.catch(() => undefined);
  secured.destroy();
  return answered;
}

test('the log has what came of each AUTH, of one that was tampered with as well', async (t) => {
  const opened = await openDoor(t, 'implicit');
  const peer = await secure(t, opened);
  const downgraded = Buffer.from('y,,n=alice@example.org,r=abcdefgh').toString('base64');
  const other = Buffer.from('bob@example.org\0alice@example.org\0open sesame').toString('base64');
  peer.socket.write(
    `EHLO c.example\r\nAUTH SCRAM-SHA-256 ${downgraded}\r\nAUTH PLAIN ${other}\r\nAUTH open-sesame\r\n` +
      `AUTH LOGIN\r\n*\r\n${login}QUIT\r\n`,
  );
  await peer.all();
  const results = opened.logged.flatMap((line) => {
    const [, json] = /^smtp\.login (.*)$/.exec(line) ?? [];
    return json === undefined ? [] : [JSON.parse(json) as Record<string, unknown>];
  });
  assert.deepEqual(
    results.map(({ outcome, account, mechanism, peer: from }) => [outcome, account, mechanism, from]),
    [
      ['channel-binding', 'alice@example.org', 'SCRAM-SHA-256', '127.0.0.1'],
      ['authorization', 'alice@example.org', 'PLAIN', '127.0.0.1'],
      ['no-such-mechanism', null, null, '127.0.0.1'],
      ['cancelled', null, 'LOGIN', '127.0.0.1'],
      ['in', 'alice@example.org', 'PLAIN', '127.0.0.1'],
    ],
  );
  assert(!opened.logged.some((line) => /open.sesame/.test(line)));
});

test('the log has each command and reply, the login, and no secret', async (t) => {
  const opened = await openDoor(t, 'implicit');
  const peer = await secure(t, opened);
  peer.socket.write(`EHLO c.example\r\nXENROL carol@example.org\r\n`);
  const password = /Password: (\S+)/.exec(await peer.all())?.[1];
  assert(password !== undefined);
  const again = await secure(t, opened);
  again.socket.write(`EHLO c.example\r\n${login}QUIT\r\n`);
  await again.all();
  const log = opened.logged.join('\n');
  for (const line of [
    '"EHLO c.example"',
    '"XENROL carol@example.org"',
    '"AUTH PLAIN ***"',
    '"235 Authenticated as alice@example.org"',
  ]) {
    assert(log.includes(line), line);
  }
  assert.match(log, /smtp\.login .*"outcome":"in","account":"alice@example\.org","mechanism":"PLAIN"/);
  const secrets = [password, 'open sesame', login.slice(11).trim()];
  for (const secret of secrets) assert(!log.includes(secret), `the log has ${secret}`);
});

test('TLS 1.2 is refused with one line that says why', async (t) => {
  const opened = await openDoor(t, 'implicit');
  const old = connectSecure({
    host: '127.0.0.1',
    port: opened.door.port,
    ca: [opened.ca],
    servername: 'localhost',
    maxVersion: 'TLSv1.2',
  });
  await assert.rejects(once(old, 'secureConnect'));
  const settled = await secure(t, opened);
  settled.socket.end('QUIT\r\n');
  await settled.all();
  assert.equal(opened.logged.filter((line) => line.startsWith('tls.failed')).length, 1);
});

test('more connections than are let in: the one that begins in the clear is told why, the other is shut out', async (t) => {
  const full = { ...defaultAdmissionLimits, connections: 0 };
  const clear = await openDoor(t, 'starttls', { admission: full });
  const plain = connectPlain({ host: '127.0.0.1', port: clear.door.port });
  assert.match(await new Peer(plain).all(), /^421 4\.3\.2 Too many connections/);
  const implicit = await openDoor(t, 'implicit', { admission: full });
  const shut = connectSecure({
    host: '127.0.0.1',
    port: implicit.door.port,
    ca: [implicit.ca],
    servername: 'localhost',
  });
  await assert.rejects(once(shut, 'secureConnect'));
  assert(implicit.logged.some((line) => line.startsWith('door.refused')));
  assert(!implicit.logged.some((line) => line.startsWith('tls.failed')));
});

test('a door that closes does not wait for who has not even begun a handshake', async (t) => {
  const opened = await openDoor(t, 'implicit');
  const silent = connectPlain({ host: '127.0.0.1', port: opened.door.port });
  await once(silent, 'connect');
  // The server has taken it in when a later connection is served.
  const peer = await secure(t, opened);
  peer.socket.end('QUIT\r\n');
  await peer.all();
  const closed = once(silent, 'close');
  await opened.door.close(60_000);
  await closed;
});

test('EXTERNAL: a trusted certificate that names an account logs in to it, and to no other', async (t) => {
  const opened = await openDoor(t, 'implicit');
  const pair = await makeClientCertificate(opened.folder, 'alice@example.org');
  assert(pair.ok);
  const own = { cert: await readFile(pair.value.certificate), key: await readFile(pair.value.key) };
  const talk = async (line: string): Promise<string> => {
    const socket = connectSecure({
      ...own,
      host: '127.0.0.1',
      port: opened.door.port,
      servername: 'localhost',
      ca: [opened.ca],
    });
    t.after(() => socket.destroy());
    const peer = new Peer(socket);
    socket.write(`EHLO c.example\r\n${line}\r\nQUIT\r\n`);
    return peer.all();
  };
  const right = await talk('AUTH EXTERNAL =');
  assert.match(right, /250-AUTH SCRAM-SHA-256-PLUS EXTERNAL /);
  assert.match(right, /235 2\.7\.0 Authenticated as alice@example\.org/);
  assert.match(
    await talk(`AUTH EXTERNAL ${Buffer.from('bob@example.org').toString('base64')}`),
    /\r\n535 5\.7\.8 /,
  );
  const without = await secure(t, opened);
  without.socket.write('EHLO c.example\r\nAUTH EXTERNAL =\r\nQUIT\r\n');
  const heard = await without.all();
  assert.doesNotMatch(heard, /EXTERNAL /);
  assert.match(heard, /\r\n504 5\.5\.4 /);
});
