import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { base64Forms, findTraces } from './proof-traces.ts';

const secret = Buffer.from('under the third stone');
const found = (bytes: string): number =>
  findTraces(new Map([['it', secret]]), Buffer.from(bytes)).get('it') ?? 0;

test('a secret is found whole, in part, and not at all', () => {
  assert.equal(found(`... ${secret.toString()} ...`), 21);
  assert.equal(found('e third sto'), 11);
  assert.equal(found('d stone, and under th'), 8);
  assert.equal(found('the thi'), 0);
  assert.equal(found(''), 0);
});

test('base64 of a secret is found, whatever stands before and after it', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 10 }), fc.uint8Array({ maxLength: 10 }), (before, after) => {
      const text = Buffer.concat([before, secret, after]).toString('base64');
      assert.ok(base64Forms(secret).some((form) => text.includes(form)));
      assert.ok(found(`AUTH PLAIN ${text}`) > 20);
    }),
    { interruptAfterTimeLimit: 500, markInterruptAsFailure: false },
  );
});

test('a secret that is too short to be looked for is a fault', () => {
  assert.throws(() => findTraces(new Map([['it', Buffer.from('1234567')]]), secret), /too short/);
});
