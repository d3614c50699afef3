import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { test } from 'node:test';
import fc from 'fast-check';
import { clientExchange } from './client-mechanisms.ts';
import type { ClientExchange, TokenCredentials } from './client.ts';
import {
  Secret,
  type SaslStep,
  type SaslVerdict,
  type ServerExchange,
  type TokenMechanism,
} from './exchange.ts';
import { serverExchange } from './mechanisms.ts';
import { formatOAuthBearer, parseOAuthBearer } from './oauthbearer.ts';
import { prepareQuery } from './saslprep.ts';
import { formatXoauth2, parseXoauth2 } from './xoauth2.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const text = (octets: Uint8Array | null): string | null => octets && Buffer.from(octets).toString('utf8');
const server = (mechanism: TokenMechanism): ServerExchange =>
  serverExchange(mechanism, { channelBinding: null, nonce: new Uint8Array(18), plusAnnounced: false });
const client = (mechanism: TokenMechanism, credentials: TokenCredentials): ClientExchange => {
  const context = { channelBinding: null, announced: [mechanism], nonce: new Uint8Array(18) };
  const made = clientExchange(mechanism, credentials, context);
  assert.ok(made.ok);
  return made.value;
};
const mechanisms = ['OAUTHBEARER', 'XOAUTH2'] as const;

/** The question's user and token as one text, so that a table can hold them; else the failure's name. */
const outcome = (step: SaslStep): string => {
  if (step.step === 'failed') return step.why.why;
  assert.ok(step.step === 'ask' && step.question.ask === 'token');
  return `${step.question.user ?? '-'} ${step.question.token.reveal()}`;
};

// The example of RFC 7628 section 4.1.
const example =
  'n,a=user@example.com,\x01host=server.example.com\x01port=143\x01auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01';
const exampleToken = 'vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==';

const bearerTable: readonly (readonly [string, string])[] = [
  [example, `user@example.com ${exampleToken}`],
  ['n,,\x01auth=Bearer abc\x01\x01', '- abc'],
  ['n,,\x01auth=bearer  abc==\x01\x01', '- abc=='],
  ['n,a=a=2Cb=3Dc,\x01auth=BEARER a.b-c_d~e+f/g\x01\x01', 'a,b=c a.b-c_d~e+f/g'],
  ['n,a=n\u00adu1,\x01auth=Bearer abc\x01\x01', 'nu1 abc'],
  ['n,,\x01auth=Bearer abc\x01mtd=GET\x01path=/\x01qs=\t\r\n\x01\x01', '- abc'],
  ['n,,\x01port=993\x01host=\x01auth=Bearer abc\x01\x01', '- abc'],
  ['n,a=\u0007,\x01auth=Bearer abc\x01\x01', 'credentials'],
  ['', 'malformed'],
  ['\x01', 'malformed'],
  ['n,,', 'malformed'],
  ['n,,\x01\x01', 'malformed'],
  ['n,,\x01auth=Bearer abc\x01', 'malformed'],
  ['n,,\x01auth=Bearer abc\x01\x01\x01', 'malformed'],
  ['n,,\x01auth=Bearer abc\x01\x01x', 'malformed'],
  ['n,,auth=Bearer abc\x01\x01', 'malformed'],
  ['y,,\x01auth=Bearer abc\x01\x01', 'malformed'],
  ['p=tls-exporter,,\x01auth=Bearer abc\x01\x01', 'malformed'],
  ['F,n,,\x01auth=Bearer abc\x01\x01', 'malformed'],
  ['N,,\x01auth=Bearer abc\x01\x01', 'malformed'],
  ['n,a=,\x01auth=Bearer abc\x01\x01', 'malformed'],
  ['n,a=a=2Fb,\x01auth=Bearer abc\x01\x01', 'malformed'],
  ['n,user,\x01auth=Bearer abc\x01\x01', 'malformed'],
  ['n,a=a\0b,\x01auth=Bearer abc\x01\x01', 'malformed'],
  ['n,,\x01auth=Bearer\x01\x01', 'malformed'],
  ['n,,\x01auth=Bearer a b\x01\x01', 'malformed'],
  ['n,,\x01auth=Bearer =\x01\x01', 'malformed'],
  ['n,,\x01auth=Basic abc\x01\x01', 'malformed'],
  ['n,,\x01auth=Bearer abc\x01auth=Bearer abd\x01\x01', 'malformed'],
  ['n,,\x01AUTH=Bearer abc\x01\x01', 'malformed'],
  ['n,,\x01=x\x01auth=Bearer abc\x01\x01', 'malformed'],
  ['n,,\x01a1=x\x01auth=Bearer abc\x01\x01', 'malformed'],
  ['n,,\x01host=é\x01auth=Bearer abc\x01\x01', 'malformed'],
  ['n,,\x01port=x\x01auth=Bearer abc\x01\x01', 'malformed'],
  [`n,,\x01auth=Bearer ${'a'.repeat(16_384)}\x01\x01`, 'malformed'],
];

const xoauth2Table: readonly (readonly [string, string])[] = [
  ['user=nu1@447.edu\x01auth=Bearer abc==\x01\x01', 'nu1@447.edu abc=='],
  ['user=__proto__\x01auth=bearer abc\x01\x01', '__proto__ abc'],
  ['user=\u0007\x01auth=Bearer abc\x01\x01', 'credentials'],
  ['', 'malformed'],
  ['\x01', 'malformed'],
  ['user=\x01auth=Bearer abc\x01\x01', 'malformed'],
  ['user=a\0b\x01auth=Bearer abc\x01\x01', 'malformed'],
  ['auth=Bearer abc\x01user=u\x01\x01', 'malformed'],
  ['user=u\x01auth=Bearer abc\x01', 'malformed'],
  ['user=u\x01auth=Bearer abc\x01\x01\x01', 'malformed'],
  ['user=u\x01auth=Bearer abc\x01x\x01', 'malformed'],
  ['user=u\x01auth=Basic abc\x01\x01', 'malformed'],
  ['user=u\x01auth=Bearer \x01\x01', 'malformed'],
  [`user=u\x01auth=Bearer ${'a'.repeat(16_384)}\x01\x01`, 'malformed'],
];

test('what a message asks, or why it is none', () => {
  for (const [mechanism, table] of [
    ['OAUTHBEARER', bearerTable],
    ['XOAUTH2', xoauth2Table],
  ] as const) {
    for (const [message, expected] of table) {
      assert.equal(outcome(server(mechanism).start(bytes(message))), expected, JSON.stringify(message));
      const late = server(mechanism);
      assert.deepEqual(late.start(null), { step: 'challenge', challenge: new Uint8Array(0) });
      assert.equal(outcome(late.respond(bytes(message))), expected);
    }
    assert.equal(outcome(server(mechanism).start(Uint8Array.of(0xff, 1, 1))), 'malformed');
  }
});

const messages = {
  OAUTHBEARER: bytes(example),
  XOAUTH2: bytes(`user=user@example.com\x01auth=Bearer ${exampleToken}\x01\x01`),
};

test('a token that is taken ends the exchange, one that nobody can judge as well', () => {
  for (const mechanism of mechanisms) {
    const taken = server(mechanism);
    taken.start(messages[mechanism]);
    assert.deepEqual(taken.decide({ verdict: 'login', account: 'user@example.com' }), {
      step: 'done',
      account: 'user@example.com',
      channelBinding: null,
    });
    for (const why of ['throttled', 'unavailable'] as const) {
      const waiting = server(mechanism);
      waiting.start(messages[mechanism]);
      assert.deepEqual(waiting.decide({ verdict: 'refused', why: { why, waitSeconds: 30 } }), {
        step: 'failed',
        why: { why, waitSeconds: 30 },
      });
    }
  }
});

test('a token that is refused is told in JSON, acknowledged, and then the exchange fails', () => {
  const refused: SaslVerdict = { verdict: 'refused', why: { why: 'credentials' } };
  for (const [mechanism, json] of [
    ['OAUTHBEARER', '{"status":"invalid_token"}'],
    ['XOAUTH2', '{"status":"401","schemes":"bearer"}'],
  ] as const) {
    for (const answer of ['\x01', '', 'anything', '\0'.repeat(9000)]) {
      const exchange = server(mechanism);
      exchange.start(messages[mechanism]);
      assert.deepEqual(exchange.decide(refused), { step: 'challenge', challenge: bytes(json) });
      assert.deepEqual(exchange.respond(bytes(answer)), { step: 'failed', why: { why: 'credentials' } });
      assert.throws(() => exchange.respond(bytes('')), /over/);
    }
  }
  const misled = server('OAUTHBEARER');
  misled.start(messages.OAUTHBEARER);
  const keys = { salt: bytes(''), iterations: 1, storedKey: bytes(''), serverKey: bytes('') };
  assert.throws(() => misled.decide({ verdict: 'scram-keys', keys }), /no answer/);
});

test('the token of a question shows itself nowhere', () => {
  for (const mechanism of mechanisms) {
    const step = server(mechanism).start(messages[mechanism]);
    for (const shown of [inspect(step, { depth: 9 }), JSON.stringify(step)])
      assert.doesNotMatch(shown, /vF9dft4q/);
  }
});

test('the client sends its message, and acknowledges an error once', () => {
  const credentials = {
    user: 'user@example.com',
    token: new Secret(exampleToken),
    server: { host: 'server.example.com', port: 143 },
  };
  const error = bytes('{"status":"invalid_token","scope":"example_scope"}');
  for (const [mechanism, acknowledgement] of [
    ['OAUTHBEARER', '\x01'],
    ['XOAUTH2', ''],
  ] as const) {
    const accepted = client(mechanism, credentials);
    assert.deepEqual(Buffer.from(accepted.start() ?? []), messages[mechanism]);
    assert.deepEqual(accepted.finish(), { ok: true, value: 'not-offered' });

    const refused = client(mechanism, credentials);
    refused.start();
    const response = refused.respond(error);
    assert.equal(text(response.ok ? response.value : null), acknowledgement);
    assert.deepEqual(refused.finish(), { ok: false, refusal: 'unexpected-challenge' });
    assert.deepEqual(refused.respond(error), { ok: false, refusal: 'unexpected-challenge' });
    for (const challenge of ['', 'error', '[]', 'null', '7', '{', '{}\0'])
      assert.deepEqual(client(mechanism, credentials).respond(bytes(challenge)), {
        ok: false,
        refusal: 'malformed-challenge',
      });
  }
});

test('credentials that cannot be written down are refused, those of another kind are a fault', () => {
  const context = { channelBinding: null, announced: [], nonce: new Uint8Array(18) };
  const token = new Secret('abc');
  for (const [mechanism, credentials, refusal] of [
    ['OAUTHBEARER', { user: '\u0007', token }, 'prohibited'],
    ['OAUTHBEARER', { user: '', token }, 'empty'],
    ['XOAUTH2', { user: null, token }, 'empty'],
    ['XOAUTH2', { user: 'u', token: new Secret('a\x01b') }, 'prohibited'],
    ['OAUTHBEARER', { user: 'u', token: new Secret('') }, 'prohibited'],
  ] as const)
    assert.deepEqual(clientExchange(mechanism, credentials, context), { ok: false, refusal });
  assert.throws(() => clientExchange('XOAUTH2', { user: 'u', password: token }, context), /token/);
  assert.throws(() => clientExchange('PLAIN', { user: 'u', token }, context), /password/);
});

const token = fc
  .tuple(fc.stringMatching(/^[A-Za-z0-9\-._~+/]{1,60}$/), fc.constantFrom('', '=', '=='))
  .map((parts) => new Secret(parts.join('')));
const user = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .filter((value) => prepareQuery(value).ok);

test('client and server agree about any user and token', () => {
  fc.assert(
    fc.property(fc.constantFrom(...mechanisms), user, token, (mechanism, name, secret) => {
      const step = server(mechanism).start(client(mechanism, { user: name, token: secret }).start());
      const prepared = prepareQuery(name);
      assert.equal(outcome(step), `${prepared.ok ? prepared.value : ''} ${secret.reveal()}`);
    }),
    { numRuns: 300, interruptAfterTimeLimit: 1500 },
  );
});

test('what is written is read again', () => {
  const safe = fc
    .string({ unit: 'grapheme', minLength: 1 })
    .filter((value) => !value.includes('\0') && !value.includes('\x01') && value.isWellFormed());
  fc.assert(
    fc.property(safe, token, (name, secret) => {
      const bearer = parseOAuthBearer(formatOAuthBearer({ user: name, token: secret }, null));
      assert.ok(bearer.ok);
      for (const parsed of [bearer.value, parseXoauth2(formatXoauth2({ user: name, token: secret }))]) {
        assert.equal(parsed?.user, name);
        assert.equal(parsed.token.reveal(), secret.reveal());
      }
    }),
    { numRuns: 300, interruptAfterTimeLimit: 1500 },
  );
});

test('any messages give a step', () => {
  const piece = fc.constantFrom(
    'n',
    'y',
    ',',
    ',,',
    'a=',
    '=2C',
    '\x01',
    '\x01\x01',
    'user=',
    'auth=',
    'Bearer ',
    'abc',
    'host=',
    'port=1',
    'é',
    '\0',
  );
  const message = fc.oneof(
    fc.array(piece, { maxLength: 14 }).map((pieces) => bytes(pieces.join(''))),
    fc.uint8Array({ maxLength: 40 }),
  );
  const verdict = fc.constantFrom<SaslVerdict>(
    { verdict: 'login', account: 'u' },
    { verdict: 'refused', why: { why: 'credentials' } },
    { verdict: 'refused', why: { why: 'unavailable', waitSeconds: 1 } },
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...mechanisms),
      fc.option(message),
      message,
      verdict,
      (mechanism, first, next, given) => {
        const exchange = server(mechanism);
        let step = exchange.start(first);
        for (let turns = 0; step.step === 'ask' || step.step === 'challenge'; turns += 1) {
          assert.ok(turns < 4);
          step = step.step === 'ask' ? exchange.decide(given) : exchange.respond(next);
        }
        const speaking = client(mechanism, { user: 'u', token: new Secret('abc') });
        speaking.respond(next);
        speaking.finish();
      },
    ),
    { numRuns: 2000, interruptAfterTimeLimit: 2000 },
  );
});

test('a long message is read in linear time', { timeout: 2000 }, () => {
  for (const filler of ['=', '=2C', '\x01', 'a', 'a=', 'Bearer ', ' ', 'a=\x01'])
    for (const [mechanism, head] of [
      ['OAUTHBEARER', 'n,a='],
      ['OAUTHBEARER', 'n,,\x01auth=Bearer '],
      ['OAUTHBEARER', 'n,,\x01'],
      ['XOAUTH2', 'user='],
      ['XOAUTH2', 'user=u\x01auth=Bearer '],
    ] as const) {
      const message = head + filler.repeat(Math.floor(16_000 / filler.length));
      assert.equal(outcome(server(mechanism).start(bytes(message))), 'malformed');
    }
});
