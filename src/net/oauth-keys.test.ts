import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT, type JWK } from 'jose';
import { TokenVerifier } from '../accounts/tokens.ts';
import { Secret } from '../sasl/exchange.ts';
import { testJournal } from './https-loopback.ts';
import { issuerKeys } from './oauth-keys.ts';
import { listening, testCertificates } from './tls/loopback.ts';

/** An issuer of tokens on loopback; `respond` is what it answers to whoever asks for its keys. */
const issuerAt = async (t: TestContext, respond: RequestListener) => {
  const certificates = await testCertificates(t);
  const { certificate, key } = certificates.server;
  const server = createServer({ cert: await readFile(certificate), key: await readFile(key) }, respond);
  const port = await listening(t, server);
  const url = `https://localhost:${port}/keys`;
  const journal = testJournal();
  const fetch = (authorities: string | null = certificates.ca, timeoutMs = 5000) =>
    issuerKeys({ from: 'url', url, authorities }, journal, timeoutMs)();
  return { certificates, fetch, journal, url };
};

const signer = async (kid: string) => {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid, alg: 'ES256' };
  const sign = (exp: number): Promise<string> =>
    new SignJWT({ iss: 'https://issuer.example', aud: 'letterlock', exp, sub: 'nu1@447.edu' })
      .setProtectedHeader({ alg: 'ES256', kid })
      .sign(privateKey);
  return { jwk, sign };
};

test('tokens of an issuer that is reached over HTTPS, before and after it changes its key', async (t) => {
  const [first, second] = await Promise.all([signer('1'), signer('2')]);
  let published: readonly JWK[] = [first.jwk];
  let asked = 0;
  const { certificates, journal, url } = await issuerAt(t, (request, response) => {
    asked += 1;
    assert.equal(request.method, 'GET');
    response.end(JSON.stringify({ keys: published }));
  });
  let now = 1_800_000_000_000;
  const exp = now / 1000 + 3600;
  const verifier = new TokenVerifier({
    issuers: [
      {
        issuer: 'https://issuer.example',
        audience: ['letterlock'],
        algorithms: ['ES256'],
        addressClaim: 'sub',
        scope: null,
        fetchKeys: issuerKeys({ from: 'url', url, authorities: certificates.ca }, journal),
      },
    ],
    now: () => now,
  });
  const verify = async (token: Promise<string>): Promise<string> => {
    const verified = await verifier.verify(new Secret(await token));
    return verified.ok ? verified.value : verified.refusal.why;
  };
  assert.equal(await verify(first.sign(exp)), 'nu1@447.edu');
  published = [second.jwk];
  now += 31_000;
  assert.equal(await verify(second.sign(exp)), 'nu1@447.edu');
  now += 31_000;
  assert.equal(await verify(first.sign(exp)), 'invalid');
  assert.equal(asked, 3);
  assert.equal(journal.of('oauth.keys').length, 3);
});

test('what an issuer answers that is no set of keys', async (t) => {
  let answer: RequestListener = () => undefined;
  const { fetch, journal } = await issuerAt(t, (request, response) => answer(request, response));
  const cases: readonly (readonly [RegExp, RequestListener])[] = [
    [/answered 404/, (_, response) => response.writeHead(404).end('{"keys":[]}')],
    [/answered 302/, (_, response) => response.writeHead(302, { location: 'https://localhost:1/' }).end()],
    [/no JSON Web Key Set/, (_, response) => response.end('[]')],
    [/no JSON Web Key Set/, (_, response) => response.end('{"keys":7}')],
    [/JSON/, (_, response) => response.end('{"keys":[')],
    [/not valid/, (_, response) => response.end(Buffer.from([0xff, 0xfe]))],
    [/longer than/, (_, response) => response.end(Buffer.alloc(1_048_577, ' '))],
    [/aborted|hang up|ECONNRESET/, (request) => request.socket.destroy()],
    [
      /aborted|ECONNRESET/,
      (request, response) => {
        response.writeHead(200, { 'content-length': '100' }).write('{', () => request.socket.destroy());
      },
    ],
  ];
  for (const [message, respond] of cases) {
    answer = respond;
    await assert.rejects(fetch(), message);
  }
  assert.equal(journal.of('oauth.no-keys').length, cases.length);
});

test('an issuer that says nothing, or stops half-way, is given up', async (t) => {
  let answer: RequestListener = () => undefined;
  const { fetch } = await issuerAt(t, (request, response) => answer(request, response));
  await assert.rejects(fetch(undefined, 50), /abort/i);
  answer = (_, response) => void response.writeHead(200).write('{"keys":[');
  await assert.rejects(fetch(undefined, 50), /abort/i);
});

test('an issuer whose certificate nobody vouches for is not believed', async (t) => {
  const { fetch, journal } = await issuerAt(t, (_, response) => response.end('{"keys":[]}'));
  await assert.rejects(fetch(null), /certificate/);
  const elsewhere = await testCertificates(t);
  await assert.rejects(fetch(elsewhere.ca), /certificate|signature/);
  const plain = issuerKeys({ from: 'url', url: 'http://localhost:1/keys', authorities: null }, journal);
  await assert.rejects(plain(), /https only/);
});

test('keys in a file are read anew each time', async (t) => {
  const { folder } = await testCertificates(t);
  const file = join(folder, 'keys.json');
  const read = issuerKeys({ from: 'file', file }, testJournal());
  await assert.rejects(read(), /ENOENT/);
  await writeFile(file, '{"keys":[]}');
  assert.deepEqual(await read(), { keys: [] });
  await writeFile(file, '{"keys":[{"kty":"EC"}]}');
  assert.deepEqual(await read(), { keys: [{ kty: 'EC' }] });
});
