import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ExchangeContext, SaslStep, ServerExchange } from './exchange.ts';
import { serverExchange } from './mechanisms.ts';

const context: ExchangeContext = { channelBinding: null, nonce: new Uint8Array(18), plusAnnounced: false };
const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const plain = (): ServerExchange => serverExchange('PLAIN', context);
const login = (): ServerExchange => serverExchange('LOGIN', context);

/** The question's user and password as one text, so that a table can hold them. */
const asked = (step: SaslStep): string => {
  assert.equal(step.step, 'ask');
  assert.equal(step.question.ask, 'password');
  return `${step.question.user} ${step.question.password.reveal()}`;
};
const why = (step: SaslStep): string => {
  assert.equal(step.step, 'failed');
  return step.why.why;
};

test('PLAIN asks for the user that it names', () => {
  assert.equal(asked(plain().start(bytes('\0nu1@447.edu\0pencil'))), 'nu1@447.edu pencil');
  assert.equal(asked(plain().start(bytes('nu1\0nu1\0 p '))), 'nu1  p ');
  assert.equal(asked(plain().start(bytes('\0us\u00ader\0\u2168'))), 'user IX');
  assert.equal(asked(plain().start(bytes(`\0${'u'.repeat(1024)}\0p`))), `${'u'.repeat(1024)} p`);
  assert.equal(asked(plain().start(bytes('\0__proto__\0\u{1f512}'))), '__proto__ \u{1f512}');
});

test('PLAIN without an initial response asks for it by an empty challenge', () => {
  const exchange = plain();
  assert.deepEqual(exchange.start(null), { step: 'challenge', challenge: new Uint8Array(0) });
  assert.equal(asked(exchange.respond(bytes('\0u\0p'))), 'u p');
});

const refusals: readonly (readonly [string, string | Uint8Array, string])[] = [
  ['nothing', '', 'malformed'],
  ['no NUL', 'user', 'malformed'],
  ['one NUL', '\0user', 'malformed'],
  ['three NULs', '\0u\0p\0', 'malformed'],
  ['no user', '\0\0p', 'malformed'],
  ['no password', '\0u\0', 'malformed'],
  ['an over-long user', `\0${'u'.repeat(1025)}\0p`, 'malformed'],
  ['an over-long password', `\0u\0${'p'.repeat(1025)}`, 'malformed'],
  ['an over-long authorization identity', `${'a'.repeat(1025)}\0u\0p`, 'malformed'],
  ['bytes that are not UTF-8', Uint8Array.of(0, 0xff, 0, 0x70), 'malformed'],
  ['an over-long UTF-8 form', Uint8Array.of(0, 0xc0, 0x80, 0, 0x70), 'malformed'],
  ['somebody else', 'other\0user\0p', 'authorization'],
  ['a prohibited user', '\0u\u0007\0p', 'credentials'],
  ['a prohibited password', '\0u\0\u0007', 'credentials'],
  ['a password of nothing', '\0u\0\u00ad', 'credentials'],
];

test('PLAIN refuses what is not its message', () => {
  for (const [name, message, expected] of refusals) {
    const response = typeof message === 'string' ? bytes(message) : message;
    assert.equal(why(plain().start(response)), expected, name);
  }
});

test('PLAIN ends as the verdict says', () => {
  const accepted = plain();
  accepted.start(bytes('\0u\0p'));
  assert.deepEqual(accepted.decide({ verdict: 'login', account: 'u@447.edu' }), {
    step: 'done',
    account: 'u@447.edu',
    channelBinding: null,
  });
  const throttled = plain();
  throttled.start(bytes('\0u\0p'));
  assert.deepEqual(throttled.decide({ verdict: 'refused', why: { why: 'throttled', waitSeconds: 9 } }), {
    step: 'failed',
    why: { why: 'throttled', waitSeconds: 9 },
  });
});

test('LOGIN asks for both, or takes the user from the initial response', () => {
  const exchange = login();
  assert.deepEqual(exchange.start(null), { step: 'challenge', challenge: bytes('Username:') });
  assert.deepEqual(exchange.respond(bytes('nu1')), { step: 'challenge', challenge: bytes('Password:') });
  assert.equal(asked(exchange.respond(bytes('pencil'))), 'nu1 pencil');
  assert.equal(why(exchange.decide({ verdict: 'refused', why: { why: 'credentials' } })), 'credentials');

  const short = login();
  assert.deepEqual(short.start(bytes('nu1')), { step: 'challenge', challenge: bytes('Password:') });
  assert.equal(asked(short.respond(bytes('p'))), 'nu1 p');
  assert.equal(short.decide({ verdict: 'login', account: 'nu1@447.edu' }).step, 'done');
});

test('LOGIN refuses what is no name and no password', () => {
  for (const user of ['', 'a\0b', 'u'.repeat(1025)])
    assert.equal(why(login().start(bytes(user))), 'malformed');
  assert.equal(why(login().start(Uint8Array.of(0xff))), 'malformed');
  for (const [password, expected] of [
    ['', 'malformed'],
    ['a\0b', 'malformed'],
    ['p'.repeat(1025), 'malformed'],
    ['\u0007', 'credentials'],
  ] as const) {
    const exchange = login();
    exchange.start(bytes('u'));
    assert.equal(why(exchange.respond(bytes(password))), expected);
  }
});

test('an exchange that is over, or not begun, or misled is a fault', () => {
  const over = plain();
  over.start(bytes(''));
  assert.throws(() => over.respond(bytes('')), /over/);
  assert.throws(() => plain().respond(bytes('')), /not been started/);
  const again = plain();
  again.start(null);
  assert.throws(() => again.start(null), /before/);
  assert.throws(() => again.decide({ verdict: 'login', account: 'u' }), /response is due/);
  const misled = plain();
  misled.start(bytes('\0u\0p'));
  const keys = {
    salt: new Uint8Array(),
    iterations: 1,
    storedKey: new Uint8Array(),
    serverKey: new Uint8Array(),
  };
  assert.throws(() => misled.decide({ verdict: 'scram-keys', keys }), /no answer/);
});

test('any bytes give a step', () => {
  const response = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc
      .array(fc.constantFrom(0, 0x61, 0x3d, 0xc3), { maxLength: 30 })
      .map((octets) => Uint8Array.from(octets)),
  );
  fc.assert(
    fc.property(
      fc.constantFrom('PLAIN' as const, 'LOGIN' as const),
      fc.array(response, { minLength: 1, maxLength: 3 }),
      (mechanism, [initial, ...rest]) => {
        const exchange = serverExchange(mechanism, context);
        let step = exchange.start(initial ?? null);
        for (const next of rest) if (step.step === 'challenge') step = exchange.respond(next);
        assert.ok(['challenge', 'ask', 'failed'].includes(step.step));
      },
    ),
    { numRuns: 1000, interruptAfterTimeLimit: 1500 },
  );
});
