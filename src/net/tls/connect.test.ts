import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer as createPlainServer } from 'node:net';
import { test } from 'node:test';
import { createServer } from 'node:tls';
import { loadCertificate } from './certificate-files.ts';
import { describeCertificate } from './certificate-text.ts';
import { systemClock } from '../clock.ts';
import { connectTls, explainConnectRefusal } from './connect.ts';
import { listening, testCertificates, testServer, testSource } from './loopback.ts';

test('a verified connection, with the facts and with a client certificate', async (t) => {
  const certificates = await testCertificates(t);
  const source = await testSource(certificates, {
    clientCertificates: 'require',
    clientAuthority: certificates.authority,
  });
  const { port, server } = await testServer(t, source);
  const own = await loadCertificate(certificates.client, systemClock);
  assert.ok(own.ok);
  for (const host of ['127.0.0.1', 'localhost']) {
    const accepted = once(server, 'secureConnection');
    const made = await connectTls({ host, port, authorities: certificates.ca, own: own.value });
    assert.ok(made.ok);
    const { socket, facts } = made.value;
    socket.on('error', () => undefined);
    assert.equal(facts.group, 'X25519MLKEM768');
    assert.equal(facts.serverName, host === 'localhost' ? host : null);
    assert.equal(facts.peerCertificate?.trusted, true);
    assert.equal(facts.ownCertificate, own.value.sha256);
    await accepted;
    socket.destroy();
  }
});

test('each way to fail is one word, and one line for a person', async (t) => {
  const certificates = await testCertificates(t);
  const elsewhere = await testCertificates(t);
  const source = await testSource(certificates);
  const tls13 = (await testServer(t, source)).port;
  const web = (await testServer(t, await testSource(certificates, { applicationProtocols: ['h2'] }))).port;
  const tls12 = await listening(
    t,
    createServer({ ...source.options, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }),
  );
  const smtp = await listening(
    t,
    createPlainServer((socket) => socket.on('error', () => undefined).write('220 hello\r\n')),
  );
  const silent = await listening(
    t,
    createPlainServer((socket) => socket.on('error', () => undefined).resume()),
  );
  const closing = await listening(
    t,
    createPlainServer((socket) => socket.on('error', () => undefined).end()),
  );
  const gone = createPlainServer();
  gone.listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const address = gone.address();
  const free = typeof address === 'object' && address !== null ? address.port : 0;
  gone.close();
  await once(gone, 'close');
  const table = [
    [{ port: free }, 'refused', /nothing listens at 127\.0\.0\.1:\d+/],
    [{ port: tls13, authorities: elsewhere.ca }, 'certificate', /not from an authority that is trusted here/],
    [{ port: tls13, authorities: null }, 'certificate', /does not verify/],
    [{ port: tls13, serverName: 'other.example' }, 'certificate', /certificate for other names/],
    [
      { port: web, applicationProtocols: ['smtp'] },
      'other-protocol',
      /another protocol .* is the port right\?/,
    ],
    [{ port: tls12 }, 'nothing-in-common', /does not speak TLS 1\.3/],
    [{ port: smtp }, 'not-tls', /does not speak TLS on this port/],
    [{ port: closing }, 'closed', /closed the connection/],
    [{ port: silent, timeoutMs: 30 }, 'timeout', /within 0\.03 s/],
  ] as const;
  for (const [changes, why, line] of table) {
    const made = await connectTls({ host: '127.0.0.1', authorities: certificates.ca, ...changes });
    assert.ok(!made.ok, why);
    assert.equal(made.refusal.why, why);
    assert.match(explainConnectRefusal(made.refusal, '127.0.0.1', changes.port), line);
  }
});

test('a host that does not exist is told as such', () => {
  assert.equal(explainConnectRefusal({ why: 'unknown-host' }, 'a\nb', 1), 'there is no host named "a\\nb"');
  assert.match(explainConnectRefusal({ why: 'refused' }, '::1', 25), /\[::1\]:25/);
});

test('a certificate as a person reads it', async (t) => {
  const certificates = await testCertificates(t);
  const loaded = await loadCertificate(certificates.server, systemClock);
  assert.ok(loaded.ok);
  const lines = await describeCertificate(loaded.value.certificate);
  assert.deepEqual(
    lines.map((line) => line.slice(0, line.indexOf(':'))),
    ['Subject', 'Issuer', 'Version', 'Serial number', 'Not before', 'Not after', 'SHA-256 fingerprint'],
  );
  assert.match(lines[0] ?? '', / CN=localhost$/);
  assert.match(lines[1] ?? '', / O=Letterlock development authority, CN=Letterlock [0-9a-f]{8}$/);
  assert.match(lines[2] ?? '', / v3$/);
  assert.match(lines[3] ?? '', / [0-9A-F]{2}(:[0-9A-F]{2}){15}$/);
  assert.match(lines[4] ?? '', / \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/);
  assert.equal(lines[6], `SHA-256 fingerprint: ${loaded.value.certificate.fingerprint256}`);
  assert.ok(
    (await readFile(certificates.server.certificate, 'utf8')).startsWith('-----BEGIN CERTIFICATE-----'),
  );
});
