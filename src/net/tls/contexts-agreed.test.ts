import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { connect, getCiphers, type ConnectionOptions } from 'node:tls';
import type { TlsFacts } from '../../mail/transport.ts';
import { tlsFacts } from './facts.ts';
import { bothEnds, testCertificates, testServer, testSource } from './loopback.ts';

/** What the two sides of a door with this policy agree on, given what the client offers; the error's code where nothing. */
type Agreed = TlsFacts | string;

test('the post-quantum group is agreed on wherever both know it, whatever the client guessed first', async (t) => {
  const certificates = await testCertificates(t);
  const at = await testServer(t, await testSource(certificates));
  // A client sends its share of the key for the group that it lists first; the server asks it for the better one.
  for (const ecdhCurve of ['X25519:X25519MLKEM768', 'P-256:X25519:X25519MLKEM768', 'P-384:X25519MLKEM768']) {
    const ends = await bothEnds(t, at, { ca: certificates.ca, ecdhCurve });
    assert.equal(tlsFacts(ends.server, 'server').group, 'X25519MLKEM768', ecdhCurve);
  }
  const classic = await bothEnds(t, at, { ca: certificates.ca, ecdhCurve: 'P-256:X25519' });
  assert.equal(tlsFacts(classic.server, 'server').group, 'secp256r1');
});

/** RFC 8996 section 5. */
test('a door for clients takes nothing before TLS 1.3, the door for strangers nothing before 1.2', async (t) => {
  const agreed = await agreement(t, 'TLSv1.3');
  assert.equal(await agreed({ maxVersion: 'TLSv1.2' }), 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
  const strangers = await agreement(t, 'TLSv1.2');
  const old: ConnectionOptions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' };
  assert.equal(await strangers(old), 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
});

test('of TLS 1.2 the door for strangers takes forward secrecy with authenticated encryption only', async (t) => {
  const agreed = await agreement(t, 'TLSv1.2');
  const taken: string[] = [];
  for (const name of getCiphers().map((cipher) => cipher.toUpperCase())) {
    if (name.startsWith('TLS_')) continue;
    const what = await agreed({ maxVersion: 'TLSv1.2', ciphers: `${name}:@SECLEVEL=0` });
    if (typeof what === 'object') taken.push(what.cipher);
  }
  assert.deepEqual(taken.toSorted(), [
    'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
    'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
    'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
  ]);
});

/** RFC 9155 section 4, and RFC 8446 section 4.2.3 for SHA-224. */
test('no signature over SHA-1 or SHA-224 is made for a client, however old it is', async (t) => {
  const agreed = await agreement(t, 'TLSv1.2');
  const old = { maxVersion: 'TLSv1.2', ciphers: 'ALL:@SECLEVEL=0' } as const;
  for (const sigalgs of ['ECDSA+SHA1', 'ECDSA+SHA224', 'ECDSA+SHA1:ECDSA+SHA224']) {
    assert.equal(typeof (await agreed({ ...old, sigalgs })), 'string', sigalgs);
  }
  assert.equal(typeof (await agreed({ ...old, sigalgs: 'ECDSA+SHA224:ECDSA+SHA256' })), 'object');
});

test('a client of TLS 1.2 cannot make the server shake hands again', async (t) => {
  const certificates = await testCertificates(t);
  const at = await testServer(t, await testSource(certificates, { minVersion: 'TLSv1.2' }));
  const ends = await bothEnds(t, at, { ca: certificates.ca, maxVersion: 'TLSv1.2' });
  const outcome = await new Promise<string>((resolve) => {
    ends.client.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    ends.client.renegotiate({}, (error) => resolve(error === null ? 'renegotiated' : String(error)));
  });
  assert.equal(outcome, 'ERR_SSL_NO_RENEGOTIATION');
});

test('a door without tickets takes up no session, not even one that it gave out', async (t) => {
  const certificates = await testCertificates(t);
  const { ca } = certificates;
  const source = await testSource(certificates, { minVersion: 'TLSv1.2', tickets: 'off' });
  const at = await testServer(t, source);
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const first = await bothEnds(t, at, { ca, maxVersion });
    const session = await first.session;
    const again = await bothEnds(t, at, { ca, maxVersion, session });
    assert.equal(tlsFacts(again.server, 'server').resumed, false, maxVersion);
    assert.equal(tlsFacts(again.client, 'client').resumed, false, maxVersion);
  }
});

/** Clients of one server, each with its own offer. */
async function agreement(
  t: TestContext,
  minVersion: 'TLSv1.2' | 'TLSv1.3',
): Promise<(offer: ConnectionOptions) => Promise<Agreed>> {
  const certificates = await testCertificates(t);
  const { port } = await testServer(t, await testSource(certificates, { minVersion }));
  return (offer) =>
    new Promise((resolve) => {
      const client = connect({
        host: '127.0.0.1',
        port,
        servername: 'localhost',
        ca: certificates.ca,
        ...offer,
      });
      client.once('secureConnect', () => {
        resolve(tlsFacts(client, 'client'));
        client.destroy();
      });
      client.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });
}
