import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { clientExchange } from './client-mechanisms.ts';
import type { ClientCertificate, ExchangeContext, SaslStep, ServerExchange } from './exchange.ts';
import { Secret } from './exchange.ts';
import { mechanismNamed, mechanismsByStrength, offeredMechanisms, serverExchange } from './mechanisms.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const certificate: ClientCertificate = { sha256: 'ab'.repeat(32), trusted: true, emails: ['nu1@447.edu'] };
const external = (presented: ClientCertificate | null | 'absent' = certificate): ServerExchange => {
  const context: ExchangeContext = { channelBinding: null, nonce: new Uint8Array(18), plusAnnounced: false };
  return serverExchange(
    'EXTERNAL',
    presented === 'absent' ? context : { ...context, certificate: presented },
  );
};
const why = (step: SaslStep): string => {
  assert.equal(step.step, 'failed');
  return step.why.why;
};
const asks = (user: string | null): SaslStep => ({
  step: 'ask',
  question: { ask: 'certificate', user, certificate },
});

test('EXTERNAL asks about the certificate and whom it is to speak for', () => {
  assert.deepEqual(external().start(bytes('')), asks(null));
  assert.deepEqual(external().start(bytes('nu1@447.edu')), asks('nu1@447.edu'));
  assert.deepEqual(external().start(bytes('n\u00adu1@447.edu')), asks('nu1@447.edu'));
  assert.deepEqual(external().start(bytes('__proto__')), asks('__proto__'));
  assert.deepEqual(external().start(bytes('u'.repeat(1024))), asks('u'.repeat(1024)));
});

test('EXTERNAL without an initial response asks for it by an empty challenge', () => {
  const exchange = external();
  assert.deepEqual(exchange.start(null), { step: 'challenge', challenge: new Uint8Array(0) });
  assert.deepEqual(exchange.respond(bytes('')), asks(null));
});

test('EXTERNAL ends as the verdict says', () => {
  for (const [verdict, expected] of [
    [
      { verdict: 'login', account: 'nu1@447.edu' },
      { step: 'done', account: 'nu1@447.edu', channelBinding: null },
    ],
    [
      { verdict: 'refused', why: { why: 'credentials' } },
      { step: 'failed', why: { why: 'credentials' } },
    ],
    [
      { verdict: 'refused', why: { why: 'throttled', waitSeconds: 3 } },
      { step: 'failed', why: { why: 'throttled', waitSeconds: 3 } },
    ],
  ] as const) {
    const exchange = external();
    exchange.start(bytes(''));
    assert.deepEqual(exchange.decide(verdict), expected);
    assert.throws(() => exchange.respond(bytes('')), /over/);
  }
});

test('EXTERNAL refuses what is no identity, and fails without a certificate that is trusted', () => {
  for (const response of [bytes('a\0b'), bytes('\0'), Uint8Array.of(0xff), bytes('u'.repeat(1025))])
    assert.equal(why(external().start(response)), 'malformed');
  assert.equal(why(external().start(bytes('\u0007'))), 'credentials');
  assert.equal(why(external().start(bytes('\u00ad'))), 'credentials');
  for (const presented of [null, 'absent', { ...certificate, trusted: false }] as const)
    assert.equal(why(external(presented).start(bytes(''))), 'credentials');
});

test('the client says nothing, or whom it wants to act as', () => {
  const context = { channelBinding: null, announced: ['EXTERNAL'], nonce: new Uint8Array(18) };
  for (const [user, sent] of [
    [null, ''],
    ['nu1@447.edu', 'nu1@447.edu'],
  ] as const) {
    const made = clientExchange('EXTERNAL', { user, certificate: 'presented' }, context);
    assert.ok(made.ok);
    assert.deepEqual(made.value.start(), bytes(sent));
    assert.deepEqual(made.value.respond(bytes('')), { ok: false, refusal: 'unexpected-challenge' });
    assert.deepEqual(made.value.finish(), { ok: true, value: 'not-offered' });
    assert.deepEqual(external().start(made.value.start()), asks(user));
  }
  const empty = { user: '', certificate: 'presented' } as const;
  assert.deepEqual(clientExchange('EXTERNAL', empty, context), { ok: false, refusal: 'empty' });
  const password = { user: 'u', password: new Secret('p') };
  assert.throws(() => clientExchange('EXTERNAL', password, context), /certificate/);
});

test('a connection has the mechanisms that it has what for', () => {
  const bare = { channelBinding: null, certificate: null, takesTokens: false };
  const binding = new Uint8Array(32);
  for (const [offer, expected] of [
    [bare, ['SCRAM-SHA-256', 'PLAIN', 'LOGIN']],
    [{ ...bare, channelBinding: binding }, ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'PLAIN', 'LOGIN']],
    [{ ...bare, certificate }, ['EXTERNAL', 'SCRAM-SHA-256', 'PLAIN', 'LOGIN']],
    [{ ...bare, certificate: { ...certificate, trusted: false } }, ['SCRAM-SHA-256', 'PLAIN', 'LOGIN']],
    [{ ...bare, takesTokens: true }, ['SCRAM-SHA-256', 'OAUTHBEARER', 'XOAUTH2', 'PLAIN', 'LOGIN']],
  ] as const) {
    assert.deepEqual(offeredMechanisms(offer), expected);
  }
  const all = offeredMechanisms({ channelBinding: binding, certificate, takesTokens: true });
  assert.equal(all.length, 7);
  for (const mechanism of all) assert.equal(mechanismNamed(mechanism.toLowerCase()), mechanism);
  assert.deepEqual(mechanismsByStrength, ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'PLAIN', 'LOGIN']);
});

test('any bytes give a step', () => {
  fc.assert(
    fc.property(
      fc.option(fc.uint8Array({ maxLength: 40 })),
      fc.uint8Array({ maxLength: 40 }),
      (first, next) => {
        const exchange = external();
        let step = exchange.start(first);
        if (step.step === 'challenge') step = exchange.respond(next);
        assert.ok(step.step === 'ask' || step.step === 'failed');
      },
    ),
    { numRuns: 500, interruptAfterTimeLimit: 1000 },
  );
});
