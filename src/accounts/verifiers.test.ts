import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { Secret } from '../sasl/exchange.ts';
import { scramKeys } from '../sasl/scram-keys.ts';
import { formatArgon2Hash, parseArgon2Hash } from './phc.ts';
import {
  acceptPassword,
  dummyPhc,
  forgedScramKeys,
  makeVerifiers,
  scramIterations,
  verifyPassword,
} from './verifiers.ts';

test('verifiers verify their password, and no other', async () => {
  const verifiers = await makeVerifiers(new Secret('pen\u00adc\u2168l'), randomBytes);
  assert.match(
    verifiers.argon2id,
    /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/,
  );
  assert.equal(await verifyPassword(verifiers.argon2id, new Secret('pencIXl')), true);
  assert.equal(await verifyPassword(verifiers.argon2id, new Secret('pencil')), false);
  assert.equal(await verifyPassword(verifiers.argon2id, new Secret('')), false);
  assert.equal(verifiers.scram.iterations, scramIterations);
  assert.deepEqual(verifiers.scram, scramKeys(new Secret('pencIXl'), verifiers.scram.salt, scramIterations));
});

test('a hash made elsewhere verifies', async () => {
  // Argon2id of `password` with the salt `somesalt`, 256 KiB, 2 passes: a vector of the reference implementation.
  const phc = '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4';
  assert.equal(await verifyPassword(phc, new Secret('password')), true);
  assert.equal(await verifyPassword(phc, new Secret('Password')), false);
});

test('a damaged hash is a fault, a prohibited password is refused', async () => {
  await assert.rejects(verifyPassword('$argon2id$', new Secret('p')), /not an Argon2id hash/);
  await assert.rejects(makeVerifiers(new Secret('\u0007'), randomBytes), /prohibited/);
  assert.deepEqual(acceptPassword(new Secret('')), { ok: false, refusal: 'empty' });
  assert.deepEqual(acceptPassword(new Secret('\u{1f512}')), { ok: false, refusal: 'prohibited' });
});

test('PHC strings are read back as they were written', () => {
  const bytes = fc.uint8Array({ minLength: 12, maxLength: 64 }).map((octets) => Buffer.from(octets));
  fc.assert(
    fc.property(
      fc.integer({ min: 8, max: 9_999_999 }),
      fc.integer({ min: 1, max: 9999 }),
      fc.integer({ min: 1, max: 255 }),
      bytes,
      bytes,
      (memoryKib, passes, parallelism, salt, hash) => {
        const value = { memoryKib, passes, parallelism, salt, hash };
        assert.deepEqual(parseArgon2Hash(formatArgon2Hash(value)), value);
      },
    ),
    { numRuns: 300, interruptAfterTimeLimit: 1000 },
  );
  for (const text of [
    '',
    '$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    '$argon2id$v=16$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ=$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHR$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    '$argon2id$v=19$m=99999999,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4\n',
  ]) {
    assert.equal(parseArgon2Hash(text), null, text);
  }
});

test('forged keys stay as they are, and look like real ones', async () => {
  const secret = randomBytes(32);
  const forged = forgedScramKeys('nobody', secret, scramIterations);
  assert.deepEqual(forgedScramKeys('nobody', secret, scramIterations), forged);
  assert.notDeepEqual(forgedScramKeys('nobodx', secret, scramIterations).salt, forged.salt);
  assert.notDeepEqual(forgedScramKeys('nobody', randomBytes(32), scramIterations).salt, forged.salt);
  const real = (await makeVerifiers(new Secret('p'), randomBytes)).scram;
  assert.equal(forged.salt.length, real.salt.length);
  assert.equal(forged.iterations, real.iterations);
  assert.equal(forged.storedKey.length, real.storedKey.length);
  assert.equal(forged.serverKey.length, real.serverKey.length);
  assert.equal(new Set([forged.storedKey, forged.serverKey].map((key) => key.toString())).size, 2);
});

test('the dummy hash is one, and verifies nothing', async () => {
  const phc = dummyPhc(randomBytes);
  assert.equal(parseArgon2Hash(phc)?.memoryKib, 19_456);
  assert.equal(await verifyPassword(phc, new Secret('')), false);
});
