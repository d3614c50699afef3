import assert from 'node:assert/strict';
import { X509Certificate, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect as plainConnect, createServer as createPlainServer } from 'node:net';
import { test } from 'node:test';
import { connect, createServer } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { systemClock } from '../clock.ts';
import { makeClientCertificate } from './authority.ts';
import { channelBinding } from './channel-binding.ts';
import { tlsFacts, tlsFactsLine } from './facts.ts';
import { issueAuthority, issueLeaf } from './issuing.ts';
import { sessionGroup } from './key-agreement.ts';
import { bothEnds, listening, testCertificates, testServer, testSource } from './loopback.ts';
import { emailNames, nameOnOneLine } from './subject-names.ts';

test('each group is told on both sides, as the client hears it from OpenSSL', async (t) => {
  const certificates = await testCertificates(t);
  const at = await testServer(t, await testSource(certificates));
  const cases = [
    ['X25519MLKEM768', 'X25519MLKEM768', true],
    ['X25519', 'x25519', false],
    ['P-256', 'secp256r1', false],
    ['P-384', 'secp384r1', false],
  ] as const;
  for (const [offered, name, postQuantum] of cases) {
    const ends = await bothEnds(t, at, { ca: certificates.ca, ecdhCurve: offered });
    for (const side of ['server', 'client'] as const) {
      const facts = tlsFacts(ends[side], side);
      assert.equal(facts.group, name);
      assert.equal(facts.postQuantum, postQuantum);
      assert.equal(facts.version, 'TLSv1.3');
      assert.equal(facts.cipher, 'TLS_AES_256_GCM_SHA384');
      assert.equal(facts.resumed, false);
      assert.equal(facts.serverName, 'localhost');
      assert.equal(facts.alpn, null);
      assert.equal(tlsFactsLine(facts), `TLSv1.3 TLS_AES_256_GCM_SHA384 ${name}`);
    }
    const info: unknown = ends.client.getEphemeralKeyInfo();
    assert.ok(typeof info === 'object' && info !== null && 'name' in info && typeof info.name === 'string');
    assert.equal(info.name.toLowerCase().replace('prime256v1', 'secp256r1'), name.toLowerCase());
  }
});

test('a resumed session tells the group of this connection, not of the first', async (t) => {
  const certificates = await testCertificates(t);
  const at = await testServer(t, await testSource(certificates));
  let session: Buffer | undefined;
  for (const [index, offered] of ['X25519', 'P-384', 'X25519MLKEM768', 'P-256'].entries()) {
    const ends = await bothEnds(t, at, {
      ca: certificates.ca,
      ecdhCurve: offered,
      ...(session ? { session } : {}),
    });
    const facts = tlsFacts(ends.server, 'server');
    assert.equal(facts.resumed, index > 0);
    assert.equal(facts.group, ['x25519', 'secp384r1', 'X25519MLKEM768', 'secp256r1'][index]);
    assert.equal(tlsFacts(ends.client, 'client').group, facts.group);
    assert.equal(tlsFactsLine(facts).endsWith(' resumed'), index > 0);
    session ??= await ends.session;
  }
});

test('TLS 1.2 is told as such, where a door allows it, and gives no channel binding', async (t) => {
  const certificates = await testCertificates(t);
  const at = await testServer(t, await testSource(certificates, { minVersion: 'TLSv1.2' }));
  const ends = await bothEnds(t, at, {
    ca: certificates.ca,
    maxVersion: 'TLSv1.2',
    ecdhCurve: 'X25519:P-256',
  });
  const facts = tlsFacts(ends.server, 'server');
  assert.equal(facts.version, 'TLSv1.2');
  assert.equal(facts.cipher, 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384');
  assert.equal(facts.group, 'x25519');
  assert.equal(channelBinding(ends.server), null);
});

/** RFC 9266 section 3. */
test('the channel binding is the same 32 octets on both sides and new for each connection', async (t) => {
  const certificates = await testCertificates(t);
  const at = await testServer(t, await testSource(certificates));
  const first = await bothEnds(t, at, { ca: certificates.ca });
  const second = await bothEnds(t, at, { ca: certificates.ca, session: await first.session });
  const binding = channelBinding(first.server);
  assert.equal(binding?.length, 32);
  assert.deepEqual(channelBinding(first.client), binding);
  assert.notDeepEqual(channelBinding(second.server), binding);
  assert.deepEqual(channelBinding(second.client), channelBinding(second.server));
});

test('own and peer certificates: fingerprints, subject, addresses, trust and why not', async (t) => {
  const certificates = await testCertificates(t);
  const elsewhere = await testCertificates(t);
  const source = await testSource(certificates, {
    clientCertificates: 'ask',
    clientAuthority: certificates.authority,
    applicationProtocols: ['x-test'],
  });
  const at = await testServer(t, source);
  const nobody = await bothEnds(t, at, { ca: certificates.ca });
  assert.equal(tlsFacts(nobody.server, 'server').peerCertificate, null);
  assert.equal(tlsFacts(nobody.server, 'server').ownCertificate, source.certificate.sha256);
  assert.equal(source.knownFingerprint, source.certificate.sha256);
  assert.equal(tlsFacts(nobody.client, 'client').ownCertificate, null);
  const serverSeen = tlsFacts(nobody.client, 'client').peerCertificate;
  assert.deepEqual(serverSeen, {
    sha256: source.certificate.sha256,
    subject: 'CN=localhost',
    trusted: true,
    distrust: null,
    emails: [],
  });
  for (const [from, trusted] of [
    [certificates, true],
    [elsewhere, false],
  ] as const) {
    const made = await makeClientCertificate(from.folder, '"a,email:b"@c.example');
    assert.ok(made.ok);
    const [cert, key] = await Promise.all([readFile(made.value.certificate), readFile(made.value.key)]);
    const ends = await bothEnds(t, at, { ca: certificates.ca, cert, key, ALPNProtocols: ['x-test'] });
    const facts = tlsFacts(ends.server, 'server');
    assert.equal(facts.alpn, 'x-test');
    assert.deepEqual(facts.peerCertificate, {
      sha256: new X509Certificate(cert).fingerprint256.replaceAll(':', '').toLowerCase(),
      subject: 'CN=\\"a\\,email:b\\"@c.example',
      trusted,
      distrust: trusted ? null : 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      emails: ['"a,email:b"@c.example'],
    });
    const resumed = await bothEnds(t, at, { ca: certificates.ca, cert, key, session: await ends.session });
    const again = tlsFacts(resumed.server, 'server');
    assert.equal(again.resumed, true);
    assert.deepEqual(again.peerCertificate, facts.peerCertificate);
  }
});

test('what a huge certificate puts into the facts is bounded', async (t) => {
  const certificates = await testCertificates(t);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const authority = new X509Certificate(await issueAuthority(privateKey, systemClock.now()));
  const holder = {
    commonName: 'x'.repeat(5000),
    usage: 'client' as const,
    names: [
      { type: 'email' as const, value: `${'y'.repeat(400)}@x.example` },
      ...Array.from({ length: 100 }, (_, index) => ({
        type: 'email' as const,
        value: `a${index}@x.example`,
      })),
    ],
  };
  const cert = await issueLeaf(
    { certificate: authority, key: privateKey },
    privateKey,
    holder,
    systemClock.now(),
  );
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const at = await testServer(t, await testSource(certificates, { clientCertificates: 'ask' }));
  const peer = tlsFacts(
    (await bothEnds(t, at, { ca: certificates.ca, cert, key })).server,
    'server',
  ).peerCertificate;
  assert.equal(peer?.subject.length, 500);
  assert.equal(peer.emails.length, 32);
  assert.equal(peer.emails[0], 'a0@x.example');
});

test('no server name and no secured connection are told apart', async (t) => {
  const certificates = await testCertificates(t);
  const at = await testServer(t, await testSource(certificates));
  const ends = await bothEnds(t, at, { ca: certificates.ca, servername: '' });
  assert.equal(tlsFacts(ends.server, 'server').serverName, null);
  assert.equal(tlsFacts(ends.client, 'client').serverName, null);
  ends.client.destroy();
  assert.throws(() => tlsFacts(ends.client, 'client'));
});

test('facts cost less than a twentieth of a handshake', async (t) => {
  const certificates = await testCertificates(t);
  const source = await testSource(certificates);
  const ends = await bothEnds(t, await testServer(t, source), { ca: certificates.ca });
  const costUs: number[] = [];
  for (let round = 0; round < 300; round++) {
    const before = process.hrtime.bigint();
    tlsFacts(ends.server, 'server', source.certificate.sha256);
    costUs.push(Number(process.hrtime.bigint() - before) / 1000);
  }
  const median = costUs.sort((a, b) => a - b)[150] ?? Infinity;
  assert.ok(median < 30, `${median} µs`);
});

test('only the field at the end of a session names a group', () => {
  const at = (hex: string) => sessionGroup(Buffer.from(hex, 'hex'))?.name ?? null;
  const table: readonly (readonly [string, string | null])[] = [
    ['b30302011d', 'x25519'],
    ['30820100b304020211ec', 'X25519MLKEM768'],
    ['00b305020300001d', 'x25519'],
    ['b30302011d00', null],
    ['b30402011d', null],
    ['b30303011d', null],
    ['b3030201ff', null],
    ['b305020301001d', null],
    ['0302011d', null],
    ['1d', null],
    ['', null],
  ];
  for (const [hex, group] of table) assert.equal(at(hex), group, hex);
  assert.equal(sessionGroup(undefined), null);
});

test('addresses in certificates cannot be forged by a name that looks like several', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const now = Date.UTC(2030, 0, 1);
  const authority = new X509Certificate(await issueAuthority(privateKey, now));
  const values = [
    'a@b.c',
    'a,email:b@c',
    'a, email:b@c',
    '"x", email:"y"',
    'a@b, DNS:x',
    '\\u0040',
    'a\nemail:b@c',
    'a"b',
  ];
  const pem = await issueLeaf(
    { certificate: authority, key: privateKey },
    privateKey,
    {
      commonName: 'x, O=evil\nCN=other\u202e',
      usage: 'client',
      names: [
        { type: 'dns', value: 'email:dns@x, email:y@z' },
        ...values.map((value) => ({ type: 'email' as const, value })),
        { type: 'ip', value: '::1' },
      ],
    },
    now,
  );
  const certificate = new X509Certificate(pem);
  assert.deepEqual(emailNames(certificate.subjectAltName), values);
  assert.equal(nameOnOneLine(certificate.subject), 'CN=x\\, O=evil\\0ACN=other\\u{202e}');
  assert.equal(nameOnOneLine(undefined), '');
});

test('the written forms of subject alternative names', () => {
  const table: readonly (readonly [string | undefined, readonly string[]])[] = [
    [undefined, []],
    ['', []],
    ['email:a@b', ['a@b']],
    ['DNS:x, email:a@b, IP Address:1.2.3.4, email:c@d', ['a@b', 'c@d']],
    ['othername:SmtpUTF8Mailbox:ü@x.example, email:a@b', ['ü@x.example', 'a@b']],
    ['othername:"SmtpUTF8Mailbox:ü, x@y"', ['ü, x@y']],
    ['othername:UPN:a@b, othername:<unsupported>, email:c@d', ['c@d']],
    ['email:a@b,email:c@d', []],
    ['email:"a', []],
    ['email:"\\x"', []],
    ['email:a@b, "', ['a@b']],
  ];
  for (const [text, emails] of table) assert.deepEqual(emailNames(text), emails, String(text));
});

test('STARTTLS: a plain socket handed to a server that listens nowhere becomes a secured one with all facts', async (t) => {
  const certificates = await testCertificates(t);
  const source = await testSource(certificates, {
    clientCertificates: 'ask',
    clientAuthority: certificates.authority,
  });
  const upgrader = createServer(source.options);
  const plain = createPlainServer((socket) => {
    socket.once('data', () => {
      socket.write('220 go\r\n');
      socket.removeAllListeners('data');
      upgrader.emit('connection', socket);
    });
  });
  const port = await listening(t, plain);
  const socket = plainConnect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.write('STARTTLS\r\n');
  await once(socket, 'data');
  const secured = new Promise<TLSSocket>((resolve) => upgrader.once('secureConnection', resolve));
  const [cert, key] = await Promise.all([
    readFile(certificates.client.certificate),
    readFile(certificates.client.key),
  ]);
  const client = connect({ socket, servername: 'localhost', ca: certificates.ca, cert, key });
  await once(client, 'secureConnect');
  const facts = tlsFacts(await secured, 'server');
  assert.equal(facts.peerCertificate?.trusted, true);
  assert.equal(facts.serverName, 'localhost');
  client.destroy();
});
