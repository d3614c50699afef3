import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { before, test } from 'node:test';
import fc from 'fast-check';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type JWK, type JWTPayload } from 'jose';
import { Secret } from '../sasl/exchange.ts';
import type { Issuer } from './issuer.ts';
import { TokenVerifier, type TokenRefusal } from './tokens.ts';

type Pair = { readonly privateKey: CryptoKey; readonly jwk: JWK; readonly pem: string };

const makePair = async (algorithm: string, kid: string | null): Promise<Pair> => {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
  const jwk = await exportJWK(publicKey);
  return {
    privateKey,
    jwk: { ...jwk, alg: algorithm, use: 'sig', ...(kid === null ? {} : { kid }) },
    pem: await exportSPKI(publicKey),
  };
};

let ec: Pair;
let ecLater: Pair;
let rsa: Pair;
before(async () => {
  [ec, ecLater, rsa] = await Promise.all([
    makePair('ES256', 'ec-1'),
    makePair('ES256', 'ec-2'),
    makePair('RS256', 'rsa-1'),
  ]);
});

const start = 1_800_000_000_000;
const seconds = (clock: { now: number }): number => Math.floor(clock.now / 1000);
const goodClaims = (clock: { now: number }): JWTPayload => ({
  iss: 'https://issuer.example',
  aud: 'letterlock',
  exp: seconds(clock) + 300,
  email: 'nu1@447.edu',
  email_verified: true,
  scope: 'openid mail',
});

/** An issuer whose keys a test changes, and a clock that stands until it is set. */
const house = (changes: Partial<Issuer> = {}) => {
  const clock = { now: start };
  const published: { keys: readonly JWK[]; fetches: number; broken: boolean } = {
    keys: [ec.jwk, rsa.jwk],
    fetches: 0,
    broken: false,
  };
  const refusals: TokenRefusal[] = [];
  const verifier = new TokenVerifier({
    issuers: [
      {
        issuer: 'https://issuer.example',
        audience: ['letterlock', 'mail'],
        algorithms: ['ES256', 'RS256', 'EdDSA'],
        addressClaim: 'email',
        scope: null,
        fetchKeys: () => {
          published.fetches += 1;
          if (published.broken) return Promise.reject(new Error('no route'));
          return Promise.resolve({ keys: [...published.keys] });
        },
        ...changes,
      },
    ],
    now: () => clock.now,
    onRefusal: (refusal) => refusals.push(refusal),
  });
  const sign = (
    claims: Record<string, unknown> = {},
    { pair = ec, header = {} }: { pair?: Pair; header?: Record<string, unknown> } = {},
  ): Promise<string> => {
    const { alg, kid } = pair.jwk;
    const named = kid === undefined ? {} : { kid };
    return new SignJWT({ ...goodClaims(clock), ...claims })
      .setProtectedHeader({ alg: alg ?? '', typ: 'at+jwt', ...named, ...header })
      .sign(pair.privateKey);
  };
  /** The address of a token that is taken, else why it is not. */
  const verify = async (token: string): Promise<string> => {
    const verified = await verifier.verify(new Secret(token));
    if (verified.ok) return verified.value;
    const { refusal } = verified;
    return refusal.why === 'unavailable' ? `unavailable ${refusal.waitSeconds}` : refusal.detail;
  };
  return { clock, published, refusals, sign, verify };
};

test('a token of the issuer is taken for the address that it names', async () => {
  const { refusals, sign, verify } = house();
  assert.equal(await verify(await sign()), 'nu1@447.edu');
  assert.equal(await verify(await sign({}, { pair: rsa })), 'nu1@447.edu');
  assert.equal(await verify(await sign({ aud: ['other', 'mail'] })), 'nu1@447.edu');
  assert.equal(await verify(await sign({ email_verified: 'true' })), 'nu1@447.edu');
  for (const typ of ['JWT', 'jwt', 'application/at+jwt', undefined])
    assert.equal(await verify(await sign({}, { header: { typ } })), 'nu1@447.edu');
  assert.deepEqual(refusals, []);
});

test('claims that are missing, wrong or of another kind are refused', async () => {
  const { clock, refusals, sign, verify } = house();
  const now = seconds(clock);
  const table: readonly (readonly [Record<string, unknown>, string])[] = [
    [{ iss: 'https://other.example' }, 'its issuer is unknown'],
    [{ iss: undefined }, 'its issuer is unknown'],
    [{ iss: ['https://issuer.example'] }, 'its issuer is unknown'],
    [{ aud: 'other' }, 'ERR_JWT_CLAIM_VALIDATION_FAILED aud'],
    [{ aud: undefined }, 'ERR_JWT_CLAIM_VALIDATION_FAILED aud'],
    [{ aud: [] }, 'ERR_JWT_CLAIM_VALIDATION_FAILED aud'],
    [{ exp: undefined }, 'ERR_JWT_CLAIM_VALIDATION_FAILED exp'],
    [{ exp: now - 31 }, 'ERR_JWT_EXPIRED'],
    [{ exp: 'never' }, 'ERR_JWT_CLAIM_VALIDATION_FAILED exp'],
    [{ nbf: now + 60 }, 'ERR_JWT_CLAIM_VALIDATION_FAILED nbf'],
    [{ email: undefined }, 'it has no email'],
    [{ email: '' }, 'it has no email'],
    [{ email: ['nu1@447.edu'] }, 'it has no email'],
    [{ email: 'nu1' }, 'its email is no address'],
    [{ email_verified: false }, 'its email is not verified'],
    [{ email_verified: undefined }, 'its email is not verified'],
    [{ email_verified: 1 }, 'its email is not verified'],
    [{ cnf: { jkt: 'x' } }, 'it is bound to a key and no bearer token'],
  ];
  for (const [claims, detail] of table) {
    assert.equal(await verify(await sign(claims)), detail, JSON.stringify(claims));
  }
  assert.ok(refusals.length > 10 && refusals.every(({ why }) => why === 'invalid'));
  assert.equal(await verify(await sign({ exp: now - 29 })), 'nu1@447.edu', 'a clock that is a little off');
  assert.equal(await verify(await sign({ nbf: now + 29 })), 'nu1@447.edu');
  for (const typ of ['logout+jwt', 'dpop+jwt', 7])
    assert.notEqual(await verify(await sign({}, { header: { typ } })), 'nu1@447.edu');
});

test('the claim that is the address, and the scope, are the configured ones', async () => {
  const bySubject = house({ addressClaim: 'sub', scope: 'mail' });
  const { sign, verify } = bySubject;
  assert.equal(await verify(await sign({ sub: 'nu2@447.edu' })), 'nu2@447.edu');
  assert.equal(
    await verify(await sign({ sub: 'nu2@447.edu', scope: undefined, scp: ['mail'] })),
    'nu2@447.edu',
  );
  assert.equal(
    await verify(await sign({ sub: 'nu2@447.edu', scope: undefined, scp: 'x mail' })),
    'nu2@447.edu',
  );
  for (const scope of ['mailbox', 'MAIL', '', undefined, { mail: true }])
    assert.equal(await verify(await sign({ sub: 'nu2@447.edu', scope })), 'its scope is another');
  assert.equal(await verify(await sign({ sub: '4711' })), 'its sub is no address');
  const byName = house({ addressClaim: 'preferred_username' });
  assert.equal(await byName.verify(await byName.sign({ preferred_username: 'nu1' })), 'nu1');
});

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

test('no signature, a secret for a signature and a signature by others are none', async () => {
  const { clock, published, sign, verify } = house();
  const claims = encoded(goodClaims(clock));
  const signed = async (header: object, secret: string | Buffer): Promise<string> => {
    const head = `${encoded(header)}.${claims}`;
    return verify(`${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`);
  };
  assert.equal(await verify(`${encoded({ alg: 'none' })}.${claims}.`), 'ERR_JOSE_ALG_NOT_ALLOWED');
  assert.equal(
    await verify(`${encoded({ alg: 'None', kid: 'ec-1' })}.${claims}.`),
    'ERR_JOSE_ALG_NOT_ALLOWED',
  );
  // The public key, which everybody has, used as a shared secret (RFC 8725 section 2.1).
  for (const kid of ['rsa-1', 'ec-1'])
    for (const secret of [rsa.pem, ec.pem, Buffer.from(rsa.jwk.n ?? '', 'base64url')])
      assert.equal(await signed({ alg: 'HS256', kid }, secret), 'ERR_JOSE_ALG_NOT_ALLOWED');
  // A symmetric key among the published ones is not used either.
  const shared = randomBytes(32);
  published.keys = [{ kty: 'oct', k: shared.toString('base64url'), kid: 'oct', alg: 'HS256' }];
  assert.equal(await signed({ alg: 'HS256', kid: 'oct' }, shared), 'ERR_JOSE_ALG_NOT_ALLOWED');
  assert.equal(await signed({ alg: 'ES256', kid: 'oct' }, shared), 'ERR_JWKS_NO_MATCHING_KEY');

  const fresh = house();
  const stranger = await makePair('ES256', 'ec-1');
  const forged = await fresh.sign({}, { pair: stranger });
  assert.equal(await fresh.verify(forged), 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED');
  const own = { header: { jwk: stranger.jwk, jku: 'https://evil.example', x5u: 'https://evil.example' } };
  const carried = await fresh.sign({}, { pair: stranger, ...own });
  assert.equal(await fresh.verify(carried), 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED');
  const [head, , signature] = (await sign()).split('.');
  const changed = `${head}.${encoded({ ...goodClaims(clock), email: 'nu2@447.edu' })}.${signature}`;
  assert.equal(await fresh.verify(changed), 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED');
  const critical = await fresh.sign({}, { header: { crit: ['exp'], exp: 1 } }).catch(() => null);
  assert.equal(critical, null);
});

test('an algorithm that is not configured is refused, whatever the issuer publishes', async () => {
  const { sign, verify } = house({ algorithms: ['ES256'] });
  assert.equal(await verify(await sign({}, { pair: rsa })), 'ERR_JOSE_ALG_NOT_ALLOWED');
  assert.equal(await verify(await sign()), 'nu1@447.edu');
  for (const algorithm of ['HS256', 'none'])
    assert.throws(() => house({ algorithms: [algorithm as 'ES256'] }), /asymmetric/);
  assert.throws(() => house({ audience: [] }), /audience/);
});

test('keys are fetched once for all, and again when they are old', async () => {
  const { clock, published, sign, verify } = house();
  assert.deepEqual(
    new Set(await Promise.all(Array.from({ length: 20 }, async () => verify(await sign())))),
    new Set(['nu1@447.edu']),
  );
  assert.equal(published.fetches, 1);
  clock.now += 599_000;
  await verify(await sign());
  assert.equal(published.fetches, 1);
  clock.now += 1000;
  await verify(await sign());
  assert.equal(published.fetches, 2);
});

test('all who come while the keys are fetched wait for one answer', async () => {
  let publish = (_keys: { keys: JWK[] }): void => {};
  let fetches = 0;
  const { sign, verify } = house({
    fetchKeys: () => {
      fetches += 1;
      return new Promise((resolve) => (publish = resolve));
    },
  });
  const token = await sign();
  const verdicts = Array.from({ length: 5 }, () => verify(token));
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  publish({ keys: [ec.jwk] });
  assert.deepEqual(new Set(await Promise.all(verdicts)), new Set(['nu1@447.edu']));
  assert.equal(fetches, 1);
});

test('a rotated key is found, at most a moment late, and the old one ends', async () => {
  const { clock, published, sign, verify } = house();
  assert.equal(await verify(await sign()), 'nu1@447.edu');
  published.keys = [ecLater.jwk];
  const byNew = await sign({}, { pair: ecLater });
  clock.now += 10_000;
  assert.equal(await verify(byNew), 'unavailable 20', 'the issuer was asked a moment ago');
  clock.now += 20_000;
  assert.equal(await verify(byNew), 'nu1@447.edu');
  assert.equal(published.fetches, 2);
  clock.now += 1000;
  assert.equal(await verify(await sign()), 'unavailable 29');
  clock.now += 29_000;
  assert.equal(await verify(await sign()), 'ERR_JWKS_NO_MATCHING_KEY');
});

test('unknown keys do not make the issuer be asked more than twice a minute', async () => {
  const { clock, published, sign, verify } = house();
  const token = await sign({}, { header: { kid: 'nobody' } });
  assert.equal(await verify(token), 'ERR_JWKS_NO_MATCHING_KEY', 'the keys are as new as can be');
  for (let second = 0; second < 60; second += 1) {
    clock.now += 1000;
    await Promise.all(Array.from({ length: 5 }, () => verify(token)));
  }
  assert.equal(published.fetches, 3);
  clock.now -= 3_600_000;
  published.keys = [ecLater.jwk];
  const byNew = await sign({}, { pair: ecLater });
  assert.equal(await verify(byNew), 'nu1@447.edu', 'after the clock was set back');
});

test('an issuer that cannot be reached is a matter of time, and known keys go on', async () => {
  const { clock, published, refusals, sign, verify } = house();
  published.broken = true;
  assert.equal(await verify(await sign()), 'unavailable 30');
  clock.now += 5000;
  assert.equal(await verify(await sign()), 'unavailable 25');
  assert.equal(published.fetches, 1);
  assert.deepEqual(refusals.at(-1), { why: 'unavailable', waitSeconds: 25, detail: 'no route' });
  published.broken = false;
  clock.now += 25_000;
  assert.equal(await verify(await sign()), 'nu1@447.edu');
  published.broken = true;
  clock.now += 7 * 3_600_000;
  assert.equal(await verify(await sign()), 'nu1@447.edu');
  assert.equal(await verify(await sign({}, { header: { kid: 'new' } })), 'unavailable 30');
  clock.now += 3_600_000;
  assert.match(await verify(await sign()), /^unavailable/);
});

test('a published set that is none, or has a broken key, is no fault of the token', async () => {
  const { clock, published, sign, verify } = house();
  published.keys = 'none' as unknown as readonly JWK[];
  assert.match(await verify(await sign()), /^unavailable/);
  clock.now += 30_000;
  published.keys = [{ ...ec.jwk, x: 'AA' }];
  assert.match(await verify(await sign()), /^unavailable/);
});

test('a token that names no key is tried with each that fits', async () => {
  const { published, sign, verify } = house();
  const nameless = await Promise.all([makePair('ES256', null), makePair('ES256', null)]);
  published.keys = nameless.map(({ jwk }) => jwk);
  for (const pair of nameless) assert.equal(await verify(await sign({}, { pair })), 'nu1@447.edu');
  const stranger = await makePair('ES256', null);
  assert.equal(await verify(await sign({}, { pair: stranger })), 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED');
});

test('any text is refused and never a fault', async () => {
  const { verify } = house();
  const header = fc.record(
    {
      alg: fc.constantFrom('ES256', 'HS256', 'none', '__proto__', 7, null),
      kid: fc.constantFrom('ec-1', '__proto__', 1, null),
      b64: fc.boolean(),
      crit: fc.constantFrom(['b64'], [], ['__proto__'], 'x'),
    },
    { requiredKeys: [] },
  );
  const claims = fc.record({ iss: fc.constantFrom('https://issuer.example', '__proto__', null, {}) });
  const piece = fc
    .oneof(
      header,
      claims,
      fc.json().map((text) => JSON.parse(text) as unknown),
    )
    .map(encoded);
  const signature = fc
    .uint8Array({ maxLength: 64 })
    .map((octets) => Buffer.from(octets).toString('base64url'));
  const token = fc.oneof(
    fc.string({ maxLength: 80 }),
    fc.tuple(piece, piece, signature).map((pieces) => pieces.join('.')),
    fc.tuple(header.map(encoded), claims.map(encoded), signature).map((pieces) => pieces.join('.')),
    fc.constantFrom('', '.', '..', 'a.b.c', 'x'.repeat(20_000)),
  );
  await fc.assert(
    fc.asyncProperty(token, async (text) => {
      assert.notEqual(await verify(text), 'nu1@447.edu');
    }),
    { numRuns: 1500, interruptAfterTimeLimit: 2500 },
  );
});
