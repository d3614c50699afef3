import assert from 'node:assert/strict';
import { lettersInInbox } from '../store/contract/inbox.ts';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { connect as connectSecure, type ConnectionOptions } from 'node:tls';
import { defaultThrottleLimits } from '../accounts/throttle.ts';
import { keptPieces } from '../mail/omitted-ranges.ts';
import { startNameServer } from '../net/dns-loopback.ts';
import type { Journal } from '../net/journal.ts';
import { testCertificates } from '../net/tls/loopback.ts';
import { defaultAdmissionLimits } from '../policy/admission.ts';
import { defaultAuthenticationRules } from '../policy/exchanger-rules.ts';
import { recipientTable } from '../policy/local-recipients-table.ts';
import { defaultSubmissionRules } from '../policy/submission.ts';
import { defaultLimits } from '../smtp/limits.ts';
import { testVerifiers } from '../store/contract.ts';
import { openMemoryStore } from '../store/memory/store.ts';
import type { AccountName, Letter, Store } from '../store/port.ts';
import { openHouse } from './house.ts';

const quiet: Journal = { debug() {}, info() {}, warn() {}, error() {} };
const zone = {
  'sender.example': { TXT: ['v=spf1 ip4:127.0.0.1 -all'] },
  'host.sender.example': { TXT: ['v=spf1 ip4:127.0.0.1 -all'] },
  '_dmarc.sender.example': { TXT: ['v=DMARC1; p=reject'] },
  'forged.example': { TXT: ['v=spf1 -all'] },
  '_dmarc.forged.example': { TXT: ['v=DMARC1; p=reject'] },
};

type Exchanger = { readonly port: number; readonly ca: string; readonly store: Store };

/** The door for other servers, in a house with Alice (made first) and Bob, sales for both, and a catch-all. */
async function openExchanger(t: TestContext): Promise<Exchanger> {
  const certificates = await testCertificates(t);
  const names = await startNameServer(t, zone);
  const store = openMemoryStore();
  for (const [at, name] of ['alice@example.org', 'bob@example.org'].entries())
    await store.createAccount({ name: name as AccountName, verifiers: testVerifiers(), createdAt: at });
  const recipients = recipientTable({
    domains: ['example.org', 'all.example'],
    aliases: new Map([['sales@example.org', ['alice@example.org', 'bob@example.org']]]),
    catchAll: new Map([['all.example', 'bob@example.org']]),
    detailSeparator: '+',
    postmaster: 'first',
  });
  assert(recipients.ok);
  const house = await openHouse(
    {
      host: 'mx.example.org',
      domains: recipients.value.domains,
      doors: {
        submissions: null,
        submission: null,
        exchanger: { address: '127.0.0.1', port: 0, shared: false },
        lmtp: null,
        imap: null,
        pop3: null,
        pop3Stls: null,
        https: null,
      },
      tls: {
        ...certificates.server,
        passphrase: null,
        passphraseFile: null,
        clientCertificates: 'require',
        clientAuthority: certificates.authority,
      },
      enrolment: { open: true, password: 'strong', perNetworkHour: 1 },
      submission: defaultSubmissionRules,
      recipients: recipients.value,
      exchanger: {
        authservId: 'mx.example.org',
        waitMs: 4000,
        rules: defaultAuthenticationRules,
        nameServers: [{ address: '127.0.0.1', port: names.port }],
      },
      lmtp: { clients: [], protection: 'not-required', ownReports: null },
      imap: { idleMs: 1_800_000, reusable: true, compressible: true },
      pop3: { idleMs: 60_000 },
      admission: { limits: defaultAdmissionLimits, banned: [] },
      throttle: defaultThrottleLimits,
      trust: { proxies: new Map(), proxyWaitMs: 1000, xclient: [] },
      limits: defaultLimits,
      idleMs: 60_000,
      roomBytes: 100_000_000,
      mailBeforeAuth: 530,
      trace: false,
      ticketKey: new Uint8Array(48),
      secret: new Uint8Array(32),
      tokenIssuer: null,
    },
    store,
    quiet,
  );
  t.after(() => house.close(0));
  const [door] = house.doors;
  assert(door !== undefined);
  return { port: door.port, ca: certificates.ca, store };
}

/** A stranger's server, which says a line at a time. */
class Stranger {
  #socket: Socket;
  #heard = '';

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#socket.on('error', () => undefined);
  }

  /** The next whole reply. */
  async hears(): Promise<string> {
    for (;;) {
      const reply = /^(?:\d{3}-.*\r\n)*\d{3} .*\r\n/.exec(this.#heard)?.[0];
      if (reply !== undefined) {
        this.#heard = this.#heard.slice(reply.length);
        return reply;
      }
      const [chunk]: Buffer[] = await once(this.#socket, 'data');
      this.#heard += String(chunk);
    }
  }

  async says(line: string): Promise<string> {
    this.#socket.write(`${line}\r\n`);
    return this.hears();
  }

  async secure(options: ConnectionOptions): Promise<void> {
    assert.match(await this.says('STARTTLS'), /^220 /);
    this.#socket.removeAllListeners('data');
    const secured = connectSecure({ ...options, socket: this.#socket, servername: 'localhost' });
    await once(secured, 'secureConnect');
    secured.on('error', () => undefined);
    this.#socket = secured;
  }

  /** The reply to the letter, or the first one that is no yes. */
  async sends(from: string, to: readonly string[], letter: string): Promise<string> {
    for (const line of [`MAIL FROM:<${from}>`, ...to.map((path) => `RCPT TO:<${path}>`)]) {
      const reply = await this.says(line);
      if (!reply.startsWith('250')) return reply;
    }
    assert.match(await this.says('DATA'), /^354 /);
    return this.says(`${letter}.`);
  }
}

async function arrive(t: TestContext, { port }: Exchanger): Promise<Stranger> {
  const socket = connect({ host: '127.0.0.1', port });
  t.after(() => socket.destroy());
  const stranger = new Stranger(socket);
  assert.match(await stranger.hears(), /^220 mx\.example\.org /);
  const announced = await stranger.says('EHLO host.sender.example');
  assert.match(announced, /STARTTLS/);
  assert.doesNotMatch(announced, /AUTH|XENROL/);
  return stranger;
}

async function mailOf(
  { store }: Exchanger,
  name: string,
): Promise<{ letters: readonly Letter[]; served: string[] }> {
  const account = await store.account(name as AccountName);
  assert(account !== null);
  const letters = await lettersInInbox(store, account.id);
  const served = letters.map(async ({ prefix, id, omitted }) => {
    const blob = await store.blob(account.id, id);
    assert(blob !== null);
    return Buffer.concat([prefix, ...keptPieces(blob, omitted)]).toString();
  });
  return { letters, served: await Promise.all(served) };
}

const from = 'bob@sender.example';
const letter = `From: ${from}\r\nSubject: hi\r\n\r\nHello\r\n`;

test('a letter from a stranger in the clear is taken, and says that it came so', async (t) => {
  const door = await openExchanger(t);
  const stranger = await arrive(t, door);
  assert.match(await stranger.sends(from, ['alice@example.org'], letter), /^250 2\.0\.0 /);
  const { letters, served } = await mailOf(door, 'alice@example.org');
  const [{ transport } = assert.fail()] = letters;
  assert.equal(transport?.protocol, 'ESMTP');
  assert.equal(transport?.tls, null);
  assert.equal(transport?.authentication, null);
  assert.equal(transport?.senders?.spf.result, 'pass');
  assert.deepEqual(
    transport?.senders?.dmarc.map(({ result }) => result),
    ['pass'],
  );
  assert.match(
    served[0] ?? '',
    /^Return-Path: <bob@sender\.example>\r\nDelivered-To: alice@example\.org\r\nAuthentication-Results: mx\.example\.org;[^]*dmarc=pass[^]*\r\nReceived: from host\.sender\.example [^]*with ESMTP\r\n \(no TLS\) /,
  );
  assert(served[0]?.endsWith(letter));
});

test('STARTTLS from 1.2 on, no ticket, no client certificate; the letter says which version it came by', async (t) => {
  const door = await openExchanger(t);
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const stranger = await arrive(t, door);
    await stranger.secure({ ca: door.ca, maxVersion: version, minVersion: version });
    assert.doesNotMatch(await stranger.says('EHLO host.sender.example'), /STARTTLS|AUTH|XENROL/);
    assert.match(await stranger.sends(from, ['alice@example.org'], letter), /^250 2\.0\.0 /);
    const { letters, served } = await mailOf(door, 'alice@example.org');
    assert.equal(letters[0]?.transport?.tls?.version, version);
    assert.equal(letters[0]?.transport?.protocol, 'ESMTPS');
    assert.match(served[0] ?? '', new RegExp(`version=${version}`));
  }
  const old = await arrive(t, door);
  await assert.rejects(
    old.secure({ ca: door.ca, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }),
  );
});

test('who gets a letter, and who does not', async (t) => {
  const door = await openExchanger(t);
  const stranger = await arrive(t, door);
  const refused: readonly (readonly [string, RegExp])[] = [
    ['alice@far.example', /^550 5\.7\.1 /],
    ['nobody@example.org', /^550 5\.1\.1 /],
    ['alice+@far.example', /^550 5\.7\.1 /],
    ['alice%far.example@example.org', /^550 5\.1\.1 /],
  ];
  for (const [to, reply] of refused) {
    assert.match(await stranger.sends(from, [to], letter), reply, to);
    await stranger.says('RSET');
  }
  const paths = ['Postmaster', 'postmaster@example.org', 'abuse@all.example', 'sales@example.org'];
  for (const path of [...paths, 'bob+news@example.org', 'anyone@all.example'])
    assert.match(await stranger.sends(from, [path], letter), /^250 2\.0\.0 /, path);
  const alice = await mailOf(door, 'alice@example.org');
  const bob = await mailOf(door, 'bob@example.org');
  assert.deepEqual(
    alice.letters.map(({ forwardPath }) => forwardPath),
    paths.toReversed(),
  );
  assert.deepEqual(
    bob.letters.map(({ forwardPath }) => forwardPath),
    ['anyone@all.example', 'bob+news@example.org', 'sales@example.org'],
  );
  assert(bob.served[1]?.includes('\r\nDelivered-To: bob+news@example.org\r\n'));
});

test('a field that claims to be ours is kept and not served', async (t) => {
  const door = await openExchanger(t);
  const stranger = await arrive(t, door);
  const forged = 'Authentication-Results: MX.example.org; dmarc=pass header.from=bank.example\r\n';
  const other = 'Authentication-Results: mx.sender.example; spf=pass\r\n';
  assert.match(await stranger.sends(from, ['alice@example.org'], forged + other + letter), /^250 /);
  const { letters, served } = await mailOf(door, 'alice@example.org');
  assert.deepEqual(letters[0]?.omitted, [{ start: 0, end: forged.length }]);
  assert.equal(letters[0]?.sizeBytes, (forged + other + letter).length);
  assert(!served[0]?.includes('bank.example'));
  assert(served[0]?.endsWith(`\r\n${other}${letter}`));
});

test('a letter whose domain asks for rejection is refused, the null sender is not, and a loop is', async (t) => {
  const door = await openExchanger(t);
  const stranger = await arrive(t, door);
  const forged = 'From: boss@forged.example\r\n\r\nPay\r\n';
  const reply = await stranger.sends('boss@forged.example', ['alice@example.org'], forged);
  assert.match(reply, /^550 5\.7\.\d+ .*forged\.example/);
  const loop = 'Received: from a by b; Tue, 01 Sep 2026 10:00:00 +0000\r\n'.repeat(101);
  assert.match(await stranger.sends(from, ['alice@example.org'], loop + letter), /^5\d\d 5\.4\.6 /);
  assert.deepEqual((await mailOf(door, 'alice@example.org')).letters, []);
  assert.match(await stranger.sends('', ['alice@example.org'], letter), /^250 2\.0\.0 /);
  const { letters, served } = await mailOf(door, 'alice@example.org');
  assert.equal(letters[0]?.transport?.reversePath, '');
  assert(served[0]?.startsWith('Return-Path: <>\r\n'));
});
