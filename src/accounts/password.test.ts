import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { prepareStored } from '../sasl/saslprep.ts';
import { classicPassword, generatePassword, strongPassphrase } from './password.ts';

/** Gives these octets, one draw after the other. */
const draws = (...octets: readonly number[][]): (() => Uint8Array) => {
  const left = [...octets];
  return () => Uint8Array.from(left.shift() ?? []);
};

test('a classic password is five digits and 447', () => {
  for (const [octets, password] of [
    [[0, 0, 0], '00000447'],
    [[0, 0, 255], '00255447'],
    [[1, 134, 159], '99999447'],
    [[1, 134, 160], '00000447'],
    [[254, 210, 95], '99999447'],
  ] as const) {
    assert.equal(classicPassword(draws([...octets])).reveal(), password);
  }
});

test('a draw that would make some passwords likelier is drawn again', () => {
  // 16,700,000 is 167 times 100,000: what lies above would come round to the small numbers once more.
  assert.equal(classicPassword(draws([254, 210, 96], [255, 255, 255], [0, 0, 7])).reveal(), '00007447');
  assert.throws(() => classicPassword(() => Uint8Array.of(255, 255, 255)), /randomness/);
});

test('a strong pass phrase is four groups of unambiguous letters', () => {
  assert.equal(
    strongPassphrase(() => Uint8Array.from({ length: 16 }, (_, index) => index)).reveal(),
    'abcd-efgh-ijkm-npqr',
  );
  assert.equal(strongPassphrase(() => new Uint8Array(16).fill(255)).reveal(), '9999-9999-9999-9999');
  const letters = new Set(Array.from({ length: 200 }, () => strongPassphrase(randomBytes).reveal()).join(''));
  assert.equal(letters.size, 33);
});

test('generated passwords show themselves only when asked, and may be kept', () => {
  fc.assert(
    fc.property(fc.constantFrom('classic' as const, 'strong' as const), (kind) => {
      const password = generatePassword(kind, randomBytes);
      assert.match(
        password.reveal(),
        kind === 'classic' ? /^[0-9]{5}447$/ : /^[a-km-np-z2-9]{4}(?:-[a-km-np-z2-9]{4}){3}$/,
      );
      assert.equal(String(password), '***');
      assert.deepEqual(prepareStored(password.reveal()), { ok: true, value: password.reveal() });
    }),
    { numRuns: 50 },
  );
});
