import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { connect as plainConnect } from 'node:net';
import { test } from 'node:test';
import { connect, createServer } from 'node:tls';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { handshakeFailure } from './failure.ts';
import { listening, testCertificates, testServer, testSource } from './loopback.ts';

type Failed = { error: Error; socket: TLSSocket };

test('what each failed handshake is called, against real clients', async (t) => {
  const certificates = await testCertificates(t);
  const elsewhere = await testCertificates(t);
  const foreign: ConnectionOptions = {
    cert: await readFile(elsewhere.client.certificate),
    key: await readFile(elsewhere.client.key),
  };
  const open = await testServer(t, await testSource(certificates, { applicationProtocols: ['x-smtp'] }));
  const strict = await testServer(
    t,
    await testSource(certificates, {
      clientCertificates: 'require',
      clientAuthority: certificates.authority,
    }),
  );
  const table: readonly (readonly [typeof open, ConnectionOptions, RegExp])[] = [
    [open, { maxVersion: 'TLSv1.2' }, /offers no TLS version that this door takes/],
    [open, { ecdhCurve: 'P-521' }, /no key-agreement group/],
    [open, { ciphers: 'TLS_AES_128_CCM_SHA256' }, /no cipher suite/],
    [open, { sigalgs: 'rsa_pss_rsae_sha256' }, /no signature of this server's kind/],
    [open, { ALPNProtocols: ['x-imap'] }, /by ALPN for a protocol/],
    [open, { ca: elsewhere.ca }, /went away during the handshake/],
    [strict, {}, /showed no certificate, and this door requires one/],
    [strict, foreign, /client's certificate does not verify: UNABLE_TO_VERIFY_LEAF_SIGNATURE/],
  ];
  for (const [at, options, line] of table) {
    const failed = failure(at.server);
    const client = connect({
      host: '127.0.0.1',
      port: at.port,
      servername: 'localhost',
      ca: certificates.ca,
      ...options,
    });
    client.on('error', () => client.destroy()).resume();
    const { error, socket } = await failed;
    assert.match(handshakeFailure(error, socket), line);
    client.destroy();
  }
});

test('what bytes that are no handshake are called', async (t) => {
  const certificates = await testCertificates(t);
  const at = await testServer(t, await testSource(certificates));
  const table: readonly (readonly [string, RegExp])[] = [
    ['GET / HTTP/1.1\r\n\r\n', /plain HTTP to a TLS port/],
    ['CONNECT x:1 HTTP/1.1\r\n\r\n', /takes this TLS port for an HTTP proxy/],
    ['EHLO client.example\r\n', /does not speak TLS/],
    ['QUIT\r\n', /does not speak TLS/],
    ['\0'.repeat(64), /does not speak TLS/],
    ['\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00', /the TLS handshake failed: length too short/],
    // ClientHellos of SSL 3.0 and of SSL 2.
    [
      `\x16\x03\0\0\x2d\x01\0\0\x29\x03\0${'r'.repeat(32)}\0\0\x02\0\x35\x01\0`,
      /no TLS version that this door/,
    ],
    [`\x80\x1c\x01\0\x02\0\x03\0\0\0\x10\x01\0\x80${'r'.repeat(16)}`, /SSL 2/],
    ['\x16\x03\x01\x02', /went away during the handshake/],
    ['', /went away during the handshake/],
  ];
  for (const [bytes, line] of table) {
    const failed = failure(at.server);
    const client = plainConnect(at.port, '127.0.0.1', () => client.end(Buffer.from(bytes, 'latin1')));
    client.on('error', () => client.destroy()).resume();
    const { error, socket } = await failed;
    const text = handshakeFailure(error, socket);
    assert.match(text, line, JSON.stringify(bytes));
    assert.ok(!text.includes('\n'));
    client.destroy();
  }
});

test('a silent client and a reset', async (t) => {
  const certificates = await testCertificates(t);
  const source = await testSource(certificates);
  const server = createServer({ ...source.options, handshakeTimeout: 20 });
  const port = await listening(t, server);
  const silent = failure(server);
  const client = plainConnect(port, '127.0.0.1');
  client.on('error', () => undefined);
  assert.match(handshakeFailure((await silent).error), /did not finish the handshake in time/);
  client.destroy();
  const reset = failure(server);
  const second = plainConnect(port, '127.0.0.1', () => second.resetAndDestroy());
  second.on('error', () => undefined);
  assert.match(handshakeFailure((await reset).error), /went away/);
});

test('what is not known is still one line, whatever is in it', () => {
  assert.equal(handshakeFailure(new Error('a\nb\u001b[31m')), 'the TLS handshake failed: a b [31m');
  assert.equal(handshakeFailure('odd'), 'the TLS handshake failed: odd');
  const error = Object.assign(new Error('x'), { code: '__proto__', reason: 'why\r\nnot' });
  assert.equal(handshakeFailure(error), 'the TLS handshake failed: why not');
});

function failure(server: {
  once(event: 'tlsClientError', listener: (error: Error, socket: TLSSocket) => void): unknown;
}): Promise<Failed> {
  return new Promise((resolve) =>
    server.once('tlsClientError', (error, socket) => resolve({ error, socket })),
  );
}
