import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { connect as connectSecure } from 'node:tls';
import type { Endpoints } from '../mail/transport.ts';
import { Admission, defaultAdmissionLimits, type AdmissionLimits } from '../policy/admission.ts';
import { Networks } from '../policy/networks.ts';
import { defaultLimits } from '../smtp/limits.ts';
import { systemClock } from './clock.ts';
import type { Door } from './door.ts';
import { Gate, type Trust } from './gate.ts';
import { testJournal } from './https-loopback.ts';
import { Patience } from './patience.ts';
import { proxyTo } from './proxy-loopback.ts';
import { Room } from './room.ts';
import type { DoorPolicy } from './smtp-conversation.ts';
import { openSmtpDoor } from './smtp-door.ts';
import { testCertificates, testSource } from './tls/loopback.ts';

type Changes = {
  readonly tls?: 'implicit' | 'starttls';
  readonly trust?: Partial<Trust>;
  readonly admission?: Partial<AdmissionLimits>;
  readonly banned?: readonly string[];
};

/** A door that trusts this machine's proxies where nothing else is said, and what it and its policy saw. */
async function openDoor(t: TestContext, changes: Changes = {}) {
  const certificates = await testCertificates(t);
  const source = await testSource(certificates, { applicationProtocols: ['smtp'] });
  const journal = testJournal();
  const seen: Endpoints[] = [];
  const policy: DoorPolicy = {
    answer: (_, { endpoints }) => {
      seen.push(endpoints);
      return { verdict: 'accepted' };
    },
    deliver: (_, __, { endpoints }) => {
      seen.push(endpoints);
      return Promise.resolve({ verdict: 'delivered', id: '1' });
    },
  };
  const trust: Trust = {
    clients: null,
    proxies: new Networks(['127.0.0.0/8']),
    proxyWaitMs: 60_000,
    xclient: new Networks([]),
    ...changes.trust,
  };
  const admission = new Admission({ ...defaultAdmissionLimits, ...changes.admission }, changes.banned);
  const door = await openSmtpDoor({
    name: 'test',
    place: { address: '127.0.0.1', port: 0, shared: false },
    tls: changes.tls ?? 'starttls',
    gate: new Gate(admission, systemClock, journal, new Map([['test', trust]])),
    certificates: source,
    house: {
      settings: {
        host: 'mail.example',
        door: 'exchanger',
        extensions: new Set(),
        limits: defaultLimits,
        startTls: true,
        enrolment: false,
        mailBeforeAuth: 530,
        protection: 'not-required',
        trace: false,
        random: randomBytes,
      },
      policy,
      journal,
      patience: new Patience(systemClock, 60_000),
      room: new Room(1_000_000),
    },
  });
  t.after(() => door.close(0));
  return { door, journal, seen, ca: certificates.ca };
}

/** A connection that is gone when the test ends. */
function plain(t: TestContext, { port }: Pick<Door, 'port'>): Socket {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  socket.on('error', () => undefined);
  t.after(() => socket.destroy());
  return socket;
}

/** Everything that comes until the connection ends. */
async function all(socket: Socket): Promise<string> {
  let heard = '';
  socket.on('data', (chunk: Buffer) => void (heard += chunk.toString('latin1')));
  if (!socket.closed) await once(socket, 'close');
  return heard;
}

/** Waits for a text that fits, and gives everything up to it. */
async function hears(socket: Socket, pattern: RegExp): Promise<string> {
  let heard = '';
  while (!pattern.test(heard)) {
    const [chunk]: Buffer[] = await once(socket, 'data');
    heard += String(chunk);
  }
  return heard;
}

const letter =
  'EHLO client.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nhi\r\n.\r\nQUIT\r\n';
const line = 'PROXY TCP4 192.0.2.7 198.51.100.1 4711 25\r\n';
const named = { remoteAddress: '192.0.2.7', remotePort: 4711, localAddress: '198.51.100.1', localPort: 25 };
const signature = '\r\n\r\n\0\r\nQUIT\n';
/** Version 2 for 192.0.2.7, with an addition (an authority) that says nothing of use. */
const binary = Buffer.from(
  `${signature}\x21\x11\x00\x15\xc0\x00\x02\x07\xc6\x33\x64\x01\x12\x67\x00\x19\x02\x00\x06mail.x`,
  'latin1',
);

for (const [name, header] of [
  ['version 1', Buffer.from(line)],
  ['version 2', binary],
] as const) {
  test(`${name}: the named ends are who is there, for the log and for policy, however the octets come`, async (t) => {
    const { door, journal, seen } = await openDoor(t);
    const atOnce = plain(t, door);
    atOnce.end(Buffer.concat([header, Buffer.from(letter)]));
    // The whole group is read after the greeting, which is nobody's fault: a proxy does not wait.
    assert.match(await all(atOnce), /^220 [^]*250 2\.0\.0 Mail was sent[^]*221 /);
    assert.deepEqual(seen, [named, named, named]);
    const [connected] = journal.of('smtp.connected');
    assert.equal(connected?.fields['peer'], '192.0.2.7');
    assert.equal(connected?.fields['port'], 4711);
    assert.equal(connected?.fields['proxy'], '127.0.0.1');

    const octets = plain(t, door);
    const greeting = hears(octets, /^220 .*\r\n/);
    for (const octet of header) {
      octets.write(Buffer.of(octet));
      // oxlint-disable-next-line no-await-in-loop -- one at a time is the point
      await new Promise((resolve) => setImmediate(resolve));
    }
    await greeting;
    octets.end(letter);
    assert.match(await all(octets), /250 2\.0\.0 Mail was sent/);
    assert.equal(seen.length, 6);
    assert.deepEqual(seen.at(-1), named);
  });

  test(`${name} stands before TLS where TLS is from the first byte`, async (t) => {
    const { door, seen, journal, ca } = await openDoor(t, { tls: 'implicit' });
    const port = await proxyTo(t, door.port, header);
    const secured = connectSecure({ host: '127.0.0.1', port, ca: [ca], servername: 'localhost' });
    secured.on('error', () => undefined);
    secured.write(letter);
    assert.match(await hears(secured, /\r\n221 /), /250 2\.0\.0 Mail was sent/);
    assert.deepEqual(seen.at(-1), named);
    assert.equal(journal.of('smtp.connected')[0]?.fields['peer'], '192.0.2.7');
  });
}

test('a handshake that fails behind a proxy is told with the client’s address', async (t) => {
  const { door, journal } = await openDoor(t, { tls: 'implicit' });
  const failed = journal.next('tls.failed');
  const socket = plain(t, door);
  socket.write(`${line}EHLO a\r\n`);
  assert.equal((await failed)['peer'], '192.0.2.7');
});

test('who is listed and says something else, or nothing, is not let in', async (t) => {
  const { door, journal, seen } = await openDoor(t, { trust: { proxyWaitMs: 50 } });
  for (const words of [
    letter,
    'PROXY TCP9 x\r\n',
    '',
    `PROXY UNKNOWN ${'x'.repeat(200)}`,
    `${signature}\x31`,
  ]) {
    const refused = journal.next('door.no-proxy-header');
    const socket = plain(t, door);
    if (words !== '') socket.write(Buffer.from(words, 'latin1'));
    assert.match(await all(socket), /^421 4\.7\.0 A PROXY header comes first/, words);
    assert.equal((await refused)['peer'], '127.0.0.1');
  }
  const half = journal.next('door.no-proxy-header');
  plain(t, door).end(line.slice(0, 20));
  assert.match(String((await half)['why']), /ended inside/);
  assert.deepEqual(seen, []);
  assert.deepEqual(journal.of('smtp.connected'), []);
  const implicit = await openDoor(t, { tls: 'implicit', trust: { proxyWaitMs: 50 } });
  assert.equal(await all(plain(t, implicit.door)), '', 'nothing is said to who waits for TLS');
});

test('a connection that ends before a word is not worth a warning', async (t) => {
  const { door, journal } = await openDoor(t);
  const silent = plain(t, door);
  await once(silent, 'connect');
  silent.end();
  assert.equal(await all(silent), '');
  assert.deepEqual(journal.of('door.no-proxy-header'), []);
});

test('a proxy that speaks for itself, or does not know for whom, is the client; it may not speak XCLIENT', async (t) => {
  const { door, journal, seen } = await openDoor(t, { trust: { xclient: new Networks(['127.0.0.1']) } });
  for (const header of [
    'PROXY UNKNOWN\r\n',
    `${signature}\x20\x00\x00\x00`,
    `${signature}\x21\x00\x00\x00`,
  ]) {
    const socket = plain(t, door);
    socket.end(`${header}${letter.replace('MAIL', 'XCLIENT ADDR=192.0.2.9\r\nMAIL')}`);
    assert.match(await all(socket), /550 5\.7\.0 XCLIENT [^]*Mail was sent/);
  }
  assert.deepEqual(new Set(seen.map(({ remoteAddress }) => remoteAddress)), new Set(['127.0.0.1']));
  assert.equal(journal.of('smtp.connected')[0]?.fields['proxy'], undefined);
});

test('the named address is what is counted and banned, not the proxy’s', async (t) => {
  const { door } = await openDoor(t, {
    admission: { connectionsPerAddress: 1 },
    banned: ['203.0.113.0/24'],
  });
  const header = (address: string): string => `PROXY TCP4 ${address} 198.51.100.1 4711 25\r\n`;
  const first = plain(t, door);
  first.write(header('192.0.2.7'));
  await hears(first, /^220 /);
  const second = plain(t, door);
  second.write(header('192.0.2.7'));
  assert.match(await all(second), /^421 4\.7\.0 Too many connections at once from your network/);
  const other = plain(t, door);
  other.write(header('192.0.2.8'));
  await hears(other, /^220 /);
  const banned = plain(t, door);
  banned.write(header('203.0.113.9'));
  assert.match(await all(banned), /^421 4\.7\.0 Connections from your network are not taken here/);
  first.destroy();
  await once(first, 'close');
  // The place is free as soon as the door has seen the end.
  for (let tries = 0; ; tries += 1) {
    assert(tries < 100);
    const again = plain(t, door);
    again.write(header('192.0.2.7'));
    if ((await hears(again, /^\d{3} /)).startsWith('220 ')) break;
  }
});

test('a connection through a proxy is one connection', async (t) => {
  const { door } = await openDoor(t, { admission: { connections: 1 } });
  const only = plain(t, door);
  only.write(line);
  assert.match(await hears(only, /^\d{3} /), /^220 /);
  const second = plain(t, door);
  assert.match(await all(second), /^421 4\.3\.2 Too many connections at once/);
});

test('who is not listed and sends a header is hung up on, with a line in the log', async (t) => {
  const { door, journal, seen } = await openDoor(t, { trust: { proxies: new Networks(['192.0.2.0/24']) } });
  for (const header of [Buffer.from(line), binary]) {
    const foreign = journal.next('smtp.foreign');
    const socket = plain(t, door);
    socket.write(Buffer.concat([header, Buffer.from(letter)]));
    assert.match(await all(socket), /\r\n421 4\.7\.0 A PROXY header is taken from the proxies/);
    assert.match(String((await foreign)['why']), /PROXY header/);
  }
  assert.deepEqual(seen, []);
});

test('HTTP, and TLS where the door begins in the clear, are hung up on with one line each', async (t) => {
  const { door, journal, ca } = await openDoor(t, { trust: { proxies: new Networks([]) } });
  const http = plain(t, door);
  http.write('GET /');
  assert.match(await all(http), /\r\n554 5\.5\.1 This is SMTP, not HTTP; closing\r\n$/);
  const told = journal.next('smtp.foreign');
  const secured = connectSecure({ host: '127.0.0.1', port: door.port, ca: [ca] });
  await assert.rejects(once(secured, 'secureConnect'), /wrong version number/i);
  await told;
  assert.deepEqual(
    journal.of('smtp.foreign').map(({ fields }) => String(fields['why']).slice(0, 23)),
    ['the client speaks HTTP ', 'the client speaks TLS f'],
  );
});

test('XCLIENT: the client that is spoken for is who is there, is counted, and is forgotten when TLS begins', async (t) => {
  const { door, journal, seen, ca } = await openDoor(t, {
    trust: { proxies: new Networks([]), xclient: new Networks(['127.0.0.1']) },
    admission: { connectionsPerAddress: 1 },
    banned: ['203.0.113.0/24'],
  });
  const socket = plain(t, door);
  await hears(socket, /^220 /);
  socket.write(
    'EHLO p.example\r\nXCLIENT ADDR=192.0.2.7 PORT=4711\r\nEHLO c.example\r\nMAIL FROM:<a@b.example>\r\n',
  );
  assert.match(await hears(socket, /250 2\.1\.0 /), /250 XCLIENT [^]*\r\n220 /);
  const { remoteAddress, remotePort, localAddress } = seen.at(-1) ?? assert.fail();
  assert.deepEqual([remoteAddress, remotePort, localAddress], ['192.0.2.7', 4711, '127.0.0.1']);
  const [proxied] = journal.of('smtp.proxied');
  assert.deepEqual([proxied?.fields['peer'], proxied?.fields['proxy']], ['192.0.2.7', '127.0.0.1']);

  for (const [address, reply] of [
    ['192.0.2.7', /421 4\.7\.0 Too many connections at once from your network/],
    ['203.0.113.1', /421 4\.7\.0 Connections from your network are not taken here/],
  ] as const) {
    const refused = plain(t, door);
    refused.write(`EHLO p.example\r\nXCLIENT ADDR=${address}\r\n${letter}`);
    assert.match(await all(refused), reply);
  }

  socket.write('RSET\r\nSTARTTLS\r\n');
  await hears(socket, /220 2\.0\.0 /);
  const secured = connectSecure({ socket, ca: [ca], servername: 'localhost' });
  secured.write('EHLO p.example\r\nMAIL FROM:<a@b.example>\r\n');
  await hears(secured, /250 2\.1\.0 /);
  assert.equal(seen.at(-1)?.remoteAddress, '127.0.0.1');
  // Its place is free again.
  const next = plain(t, door);
  next.write('EHLO p.example\r\nXCLIENT ADDR=192.0.2.7\r\n');
  await hears(next, /220 .*\r\n[^]*\r\n220 /);
});

test('a door that closes waits for no proxy', async (t) => {
  const { door } = await openDoor(t);
  const socket = plain(t, door);
  socket.write(line.slice(0, 10));
  const other = plain(t, door);
  other.write(line);
  await hears(other, /^220 /);
  const closed = Promise.all([once(socket, 'close'), all(other)]);
  await door.close(60_000);
  assert.match((await closed)[1], /421 4\.3\.2 /);
});
