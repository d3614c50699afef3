import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { prepareQuery, prepareStored, prepareUser } from './saslprep.ts';

// RFC 4013 section 3, and the edges of our own.
const prepared: readonly (readonly [string, string])[] = [
  ['I\u00adX', 'IX'],
  ['user', 'user'],
  ['USER', 'USER'],
  ['\u00aa', 'a'],
  ['\u2168', 'IX'],
  ['a\u00a0b', 'a b'],
  ['u\u0308', '\u00fc'],
  ['__proto__', '__proto__'],
];
const refusals: readonly (readonly [string, string])[] = [
  ['', 'empty'],
  ['\u0007', 'prohibited'],
  ['\u0627\u0031', 'prohibited'],
  ['\u00ad', 'prohibited'],
  ['\ud800', 'prohibited'],
  ['a\0', 'prohibited'],
  ['a'.repeat(1025), 'too-long'],
];

test('strings are prepared as RFC 4013 section 3 shows', () => {
  for (const [text, value] of prepared) {
    assert.deepEqual(prepareQuery(text), { ok: true, value });
    assert.deepEqual(prepareStored(text), { ok: true, value });
  }
  for (const [text, refusal] of refusals) {
    assert.deepEqual(prepareQuery(text), { ok: false, refusal });
    assert.deepEqual(prepareStored(text), { ok: false, refusal });
  }
});

test('an unassigned code point may be asked for and not kept', () => {
  assert.deepEqual(prepareQuery('\u{1f512}'), { ok: true, value: '\u{1f512}' });
  assert.deepEqual(prepareStored('\u{1f512}'), { ok: false, refusal: 'prohibited' });
});

test('of an address, each side is prepared by itself', () => {
  const mixed = '\u0639\u0631\u0628\u064a@example.org';
  assert.deepEqual(prepareQuery(mixed), { ok: false, refusal: 'prohibited' });
  assert.deepEqual(prepareUser(mixed), { ok: true, value: mixed });
  assert.deepEqual(prepareUser('I\u00adX@\u00aa'), { ok: true, value: 'IX@a' });
  assert.deepEqual(prepareUser('"a@b"@c'), { ok: true, value: '"a@b"@c' });
  for (const [text, value] of prepared) assert.deepEqual(prepareUser(text), { ok: true, value });
  for (const [text, refusal] of refusals) assert.deepEqual(prepareUser(text), { ok: false, refusal });
  for (const text of [
    '\u0639a@b',
    'a@\u0639b',
    '\u00ad@b',
    'a@\u00ad',
    `${'a'.repeat(1000)}@${'b'.repeat(1000)}`,
  ])
    assert.equal(prepareUser(text).ok, false, text);
  for (const text of ['@', 'a@', '@b']) assert.deepEqual(prepareUser(text), { ok: true, value: text });
});

test('nothing throws, and what is prepared stays as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
      const once = prepareStored(text);
      if (once.ok) assert.deepEqual(prepareStored(once.value), once);
      prepareQuery(text);
      prepareUser(text);
    }),
    { numRuns: 500, interruptAfterTimeLimit: 1500 },
  );
});
