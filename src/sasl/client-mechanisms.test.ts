import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Result } from '../result.ts';
import { chooseMechanism, clientExchange } from './client-mechanisms.ts';
import type { ClientContext, ClientExchange } from './client.ts';
import { Secret, type ExchangeContext, type Mechanism, type SaslStep, type SaslVerdict } from './exchange.ts';
import { mechanismsByStrength, serverExchange } from './mechanisms.ts';
import { prepareQuery } from './saslprep.ts';
import { scramKeys } from './scram-keys.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const text = (octets: Uint8Array | null): string | null => octets && Buffer.from(octets).toString('utf8');

const binding = new Uint8Array(32).fill(7);
const vectorContext: ClientContext = {
  channelBinding: null,
  announced: ['SCRAM-SHA-256'],
  nonce: Buffer.from('rOprNGfwEbeRWgbNEkqO', 'base64'),
};
const client = (mechanism: Mechanism, context: ClientContext = vectorContext): ClientExchange => {
  const exchange = clientExchange(mechanism, { user: 'user', password: new Secret('pencil') }, context);
  assert.ok(exchange.ok);
  return exchange.value;
};
const said = (response: Result<Uint8Array, string>): string | null =>
  text(response.ok ? response.value : bytes(response.refusal));

const serverFirst = 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096';
const clientFinal =
  'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=';
const serverFinal = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=';

test('the exchange of RFC 7677 section 3', () => {
  const exchange = client('SCRAM-SHA-256');
  assert.equal(text(exchange.start()), 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO');
  assert.equal(said(exchange.respond(bytes(serverFirst))), clientFinal);
  assert.equal(said(exchange.respond(bytes(serverFinal))), '');
  assert.deepEqual(exchange.finish(), { ok: true, value: 'proved' });
  assert.equal(said(exchange.respond(bytes(serverFinal))), 'unexpected-challenge');
  assert.deepEqual(exchange.finish(), { ok: false, refusal: 'server-not-proved' });
});

test('a server that skips or fails its proof is not believed', () => {
  const skipping = client('SCRAM-SHA-256');
  assert.deepEqual(skipping.finish(), { ok: false, refusal: 'server-not-proved' });
  skipping.respond(bytes(serverFirst));
  assert.deepEqual(skipping.finish(), { ok: false, refusal: 'server-not-proved' });
  for (const [final, refusal] of [
    ['v=AAAA', 'server-not-proved'],
    [`v=${'A'.repeat(43)}=`, 'server-not-proved'],
    ['e=other-error', 'malformed-challenge'],
    ['v=?', 'malformed-challenge'],
    ['', 'malformed-challenge'],
  ] as const) {
    const exchange = client('SCRAM-SHA-256');
    exchange.respond(bytes(serverFirst));
    assert.equal(said(exchange.respond(bytes(final))), refusal, final);
    assert.deepEqual(exchange.finish(), { ok: false, refusal: 'server-not-proved' });
    assert.equal(said(exchange.respond(bytes(serverFinal))), 'unexpected-challenge');
  }
});

test('first challenges that the client refuses', () => {
  const nonce = 'rOprNGfwEbeRWgbNEkqOxyz';
  for (const [first, refusal] of [
    ['', 'malformed-challenge'],
    [`m=1,r=${nonce},s=AAAA,i=4096`, 'malformed-challenge'],
    [`r=${nonce},s=AAAA,i=4096,m=1`, 'malformed-challenge'],
    [`r=${nonce},s=,i=4096`, 'malformed-challenge'],
    [`r=${nonce},s=AA,i=4096`, 'malformed-challenge'],
    [`r=${nonce},s=AAAA,i=04096`, 'malformed-challenge'],
    [`r=${nonce},s=AAAA,i=4096x`, 'malformed-challenge'],
    [`r=${nonce},s=AAAA,i=99999999999`, 'malformed-challenge'],
    [`r=${nonce},s=AAAA`, 'malformed-challenge'],
    ['r=rOprNGfwEbeRWgbNEkqO,s=AAAA,i=4096', 'nonce'],
    ['r=another,s=AAAA,i=4096', 'nonce'],
    [`r=${nonce},s=AAAA,i=4095`, 'iterations'],
    [`r=${nonce},s=AAAA,i=1000001`, 'iterations'],
  ] as const) {
    assert.equal(said(client('SCRAM-SHA-256').respond(bytes(first))), refusal, first);
  }
});

test('the gs2 flag tells what the client knows of binding', () => {
  const start = (
    mechanism: Mechanism,
    channelBinding: Uint8Array | null,
    announced: readonly string[],
  ): string =>
    text(client(mechanism, { ...vectorContext, channelBinding, announced }).start())?.split(',')[0] ?? '';
  assert.equal(start('SCRAM-SHA-256', null, ['SCRAM-SHA-256']), 'n');
  assert.equal(start('SCRAM-SHA-256', binding, ['SCRAM-SHA-256']), 'y');
  assert.equal(start('SCRAM-SHA-256', binding, ['SCRAM-SHA-256', 'scram-sha-256-plus']), 'n');
  assert.equal(start('SCRAM-SHA-256-PLUS', binding, ['SCRAM-SHA-256-PLUS']), 'p=tls-exporter');
  assert.throws(() => client('SCRAM-SHA-256-PLUS'), /channel binding/);
});

test('the strongest mechanism is chosen', () => {
  const all = ['LOGIN', 'plain', 'Scram-Sha-256', 'SCRAM-SHA-256-PLUS'];
  for (const [announced, channelBinding, mechanism] of [
    [all, binding, 'SCRAM-SHA-256-PLUS'],
    [all, null, 'SCRAM-SHA-256'],
    [['LOGIN', 'PLAIN'], binding, 'PLAIN'],
    [['LOGIN'], null, 'LOGIN'],
    [['SCRAM-SHA-256-PLUS'], null, null],
    [['CRAM-MD5', '__proto__'], binding, null],
    [[], binding, null],
  ] as const) {
    assert.equal(chooseMechanism(announced, { channelBinding }), mechanism);
  }
});

test('PLAIN and LOGIN have nothing more to say', () => {
  const plain = client('PLAIN');
  assert.equal(text(plain.start()), '\0user\0pencil');
  assert.equal(said(plain.respond(bytes(''))), 'unexpected-challenge');
  assert.deepEqual(plain.finish(), { ok: true, value: 'not-offered' });
  const login = client('LOGIN');
  assert.equal(login.start(), null);
  assert.equal(said(login.respond(bytes('User Name'))), 'user');
  assert.equal(said(login.respond(bytes('Password'))), 'pencil');
  assert.equal(said(login.respond(bytes('Again'))), 'unexpected-challenge');
  assert.deepEqual(login.finish(), { ok: true, value: 'not-offered' });
});

test('credentials that cannot be prepared are refused', () => {
  for (const [user, password] of [
    ['\u0007', 'p'],
    ['', 'p'],
    ['u', '\u0007'],
    ['u', ''],
  ] as const) {
    assert.equal(clientExchange('PLAIN', { user, password: new Secret(password) }, vectorContext).ok, false);
  }
});

/** Plays client against server to the end; `stored` is what the server's account knows. */
const play = (
  mechanism: Mechanism,
  sent: { user: string; password: string },
  stored: { user: string; password: string },
  bindings: { client: Uint8Array; server: Uint8Array } = { client: binding, server: binding },
): { step: SaslStep; proved: boolean } => {
  const plus = mechanism === 'SCRAM-SHA-256-PLUS';
  const context: ExchangeContext = {
    channelBinding: bindings.server,
    nonce: new Uint8Array(18).fill(9),
    plusAnnounced: plus,
  };
  const server = serverExchange(mechanism, context);
  const made = clientExchange(
    mechanism,
    { user: sent.user, password: new Secret(sent.password) },
    { channelBinding: bindings.client, announced: [mechanism], nonce: new Uint8Array(18).fill(8) },
  );
  assert.ok(made.ok);
  const judge = (right: boolean): SaslVerdict =>
    right ? { verdict: 'login', account: stored.user } : { verdict: 'refused', why: { why: 'credentials' } };
  let step = server.start(made.value.start());
  for (let turns = 0; step.step === 'ask' || step.step === 'challenge'; turns += 1) {
    assert.ok(turns < 10);
    if (step.step === 'challenge') {
      const response = made.value.respond(step.challenge);
      if (!response.ok) break;
      step = server.respond(response.value);
    } else if (step.question.ask === 'password') {
      step = server.decide(
        judge(step.question.user === stored.user && step.question.password.reveal() === stored.password),
      );
    } else if (step.question.ask === 'proof') {
      step = server.decide(judge(step.question.valid && step.question.user === stored.user));
    } else {
      step = server.decide({
        verdict: 'scram-keys',
        keys: scramKeys(new Secret(stored.password), new Uint8Array(16).fill(3), 4096),
      });
    }
  }
  return { step, proved: made.value.finish().ok };
};

const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .filter((value) => prepareQuery(value).ok);
const prepared = (value: string): string => {
  const result = prepareQuery(value);
  assert.ok(result.ok);
  return result.value;
};

test('client and server agree about any name and password', () => {
  fc.assert(
    fc.property(fc.constantFrom(...mechanismsByStrength), name, name, (mechanism, user, password) => {
      const outcome = play(
        mechanism,
        { user, password },
        { user: prepared(user), password: prepared(password) },
      );
      assert.equal(outcome.step.step, 'done');
      assert.equal(outcome.proved, true);
    }),
    { numRuns: 300, interruptAfterTimeLimit: 2500 },
  );
});

test('client and server agree that another password is wrong', () => {
  fc.assert(
    fc.property(fc.constantFrom(...mechanismsByStrength), name, name, (mechanism, right, wrong) => {
      fc.pre(prepared(right) !== prepared(wrong));
      const outcome = play(
        mechanism,
        { user: 'u', password: wrong },
        { user: 'u', password: prepared(right) },
      );
      assert.deepEqual(outcome.step, { step: 'failed', why: { why: 'credentials' } });
      assert.equal(outcome.proved, !mechanism.startsWith('SCRAM'));
    }),
    { numRuns: 150, interruptAfterTimeLimit: 2000 },
  );
});

test('somebody in the middle of two TLS connections is noticed by -PLUS', () => {
  const credentials = { user: 'u', password: 'p' };
  const bindings = { client: binding, server: new Uint8Array(32).fill(6) };
  const { step, proved } = play('SCRAM-SHA-256-PLUS', credentials, credentials, bindings);
  assert.deepEqual(step, { step: 'failed', why: { why: 'channel-binding', user: 'u' } });
  assert.equal(proved, false);
});

test('any challenges leave the client standing', () => {
  const challenge = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.constantFrom(serverFirst, serverFinal, 'r=', 'v=', 'e=x', 'm=1').map(bytes),
  );
  fc.assert(
    fc.property(
      fc.constantFrom('SCRAM-SHA-256' as const, 'PLAIN' as const, 'LOGIN' as const),
      fc.array(challenge, { maxLength: 4 }),
      (mechanism, challenges) => {
        const exchange = client(mechanism);
        exchange.start();
        for (const next of challenges) exchange.respond(next);
        exchange.finish();
      },
    ),
    { numRuns: 300, interruptAfterTimeLimit: 1500 },
  );
});
