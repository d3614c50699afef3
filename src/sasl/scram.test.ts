import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  Secret,
  type ExchangeContext,
  type SaslStep,
  type SaslVerdict,
  type ServerExchange,
} from './exchange.ts';
import { mechanismNamed, serverExchange } from './mechanisms.ts';
import { clientProof, saltedPassword, scramKeys, serverSignature, verifyProof } from './scram-keys.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const text = (octets: Uint8Array): string => Buffer.from(octets).toString('utf8');
const base64 = (octets: Uint8Array): string => Buffer.from(octets).toString('base64');

const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
const pencil = new Secret('pencil');
const keys = scramKeys(pencil, salt, 4096);
const salted = saltedPassword(pencil, salt, 4096);
const binding = new Uint8Array(32).fill(7);
const unbound: ExchangeContext = {
  channelBinding: null,
  nonce: new Uint8Array(18).fill(1),
  plusAnnounced: false,
};
const bound: ExchangeContext = { ...unbound, channelBinding: binding, plusAnnounced: true };
const serverNonce = base64(unbound.nonce);
const found: SaslVerdict = { verdict: 'scram-keys', keys };
const accepted: SaslVerdict = { verdict: 'login', account: 'user@447.edu' };

const challenged = (step: SaslStep): string => {
  assert.equal(step.step, 'challenge');
  return text(step.challenge);
};
const why = (step: SaslStep): string => {
  assert.equal(step.step, 'failed');
  return step.why.why;
};
const userAsked = (step: SaslStep): string => {
  assert.equal(step.step, 'ask');
  assert.equal(step.question.ask, 'scram-keys');
  return step.question.user;
};

/** The closing message of a client that does everything right, unless `change` says otherwise. */
const closing = (
  first: string,
  challenge: string,
  change: { c?: Uint8Array; r?: string; extension?: string; proof?: Uint8Array } = {},
): Uint8Array => {
  const header = first.slice(0, first.indexOf(',', first.indexOf(',') + 1) + 1);
  const c = change.c ?? (header.startsWith('p') ? Buffer.concat([bytes(header), binding]) : bytes(header));
  const nonce = change.r ?? challenge.slice(2, challenge.indexOf(','));
  const withoutProof = `c=${base64(c)},r=${nonce}${change.extension ?? ''}`;
  const authMessage = `${first.slice(header.length)},${challenge},${withoutProof}`;
  return bytes(`${withoutProof},p=${base64(change.proof ?? clientProof(salted, authMessage))}`);
};

/** An exchange that has sent its first challenge. */
const challengedExchange = (
  first: string,
  context: ExchangeContext = unbound,
): { exchange: ServerExchange; challenge: string } => {
  const exchange = serverExchange(first.startsWith('p') ? 'SCRAM-SHA-256-PLUS' : 'SCRAM-SHA-256', context);
  userAsked(exchange.start(bytes(first)));
  return { exchange, challenge: challenged(exchange.decide(found)) };
};

test('the keys and proofs of RFC 7677 section 3', () => {
  const authMessage =
    'n=user,r=rOprNGfwEbeRWgbNEkqO,' +
    'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,' +
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
  const proof = clientProof(salted, authMessage);
  assert.equal(base64(proof), 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=');
  assert.equal(verifyProof(keys, authMessage, proof), true);
  assert.equal(verifyProof(keys, `${authMessage} `, proof), false);
  assert.equal(verifyProof(keys, authMessage, proof.subarray(1)), false);
  assert.equal(
    base64(serverSignature(keys.serverKey, authMessage)),
    '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
  );
});

test('a whole exchange, without and with channel binding', () => {
  for (const [first, context, channelBinding] of [
    ['n,,n=user,r=abc', unbound, null],
    ['n,a=user,n=user,r=abc', unbound, null],
    ['y,,n=user,r=abc', { ...bound, plusAnnounced: false }, null],
    ['n,,n=user,r=abc,x=extension,z=a=b', bound, null],
    ['p=tls-exporter,,n=user,r=abc', bound, 'tls-exporter'],
  ] as const) {
    const { exchange, challenge } = challengedExchange(first, context);
    assert.equal(challenge, `r=abc${serverNonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`);
    assert.deepEqual(exchange.respond(closing(first, challenge)), {
      step: 'ask',
      question: { ask: 'proof', user: 'user', valid: true },
    });
    assert.match(challenged(exchange.decide(accepted)), /^v=[A-Za-z0-9+/]{43}=$/);
    assert.deepEqual(exchange.respond(new Uint8Array(0)), {
      step: 'done',
      account: 'user@447.edu',
      channelBinding,
    });
  }
});

test('without an initial response the first challenge is empty', () => {
  const exchange = serverExchange('SCRAM-SHA-256', unbound);
  assert.equal(challenged(exchange.start(null)), '');
  assert.equal(userAsked(exchange.respond(bytes('n,,n=user,r=abc'))), 'user');
});

test('the user name is unescaped once, and prepared', () => {
  for (const [escaped, user] of [
    ['a=2Cb', 'a,b'],
    ['a=3D2Cb', 'a=2Cb'],
    ['a=2cb=3d', 'a,b='],
    ['\u2168', 'IX'],
    ['__proto__', '__proto__'],
  ] as const) {
    assert.equal(
      userAsked(serverExchange('SCRAM-SHA-256', unbound).start(bytes(`n,,n=${escaped},r=abc`))),
      user,
    );
  }
});

test('first messages that are refused', () => {
  for (const [first, expected] of [
    ['', 'malformed'],
    ['n', 'malformed'],
    ['n,', 'malformed'],
    ['n,,', 'malformed'],
    ['n,,n=user', 'malformed'],
    ['n,,r=abc,n=user', 'malformed'],
    ['x,,n=user,r=abc', 'malformed'],
    ['n,b,n=user,r=abc', 'malformed'],
    ['n,a=,n=user,r=abc', 'malformed'],
    ['n,,m=1,n=user,r=abc', 'malformed'],
    ['n,,n=user,r=abc,m=1', 'malformed'],
    ['n,,n=user,r=abc,', 'malformed'],
    ['n,,n=user,r=abc,extension', 'malformed'],
    ['n,,n=,r=abc', 'malformed'],
    ['n,,n=a=b,r=abc', 'malformed'],
    ['n,,n=a=,r=abc', 'malformed'],
    ['n,,n=a\0b,r=abc', 'malformed'],
    ['n,,n=\u0007,r=abc', 'malformed'],
    ['n,,n=user,r=', 'malformed'],
    ['n,,n=user,r=a b', 'malformed'],
    [`n,,n=user,r=${'a'.repeat(513)}`, 'malformed'],
    [`n,,n=${'u'.repeat(9000)},r=abc`, 'malformed'],
    ['p=,,n=user,r=abc', 'malformed'],
    ['n,a=other,n=user,r=abc', 'authorization'],
    ['p=tls-exporter,,n=user,r=abc', 'channel-binding'],
  ] as const) {
    assert.equal(why(serverExchange('SCRAM-SHA-256', unbound).start(bytes(first))), expected, first);
  }
  assert.equal(why(serverExchange('SCRAM-SHA-256', unbound).start(Uint8Array.of(0xff))), 'malformed');
});

test('a binding that was taken away, or is not ours, is noticed', () => {
  assert.equal(
    why(serverExchange('SCRAM-SHA-256', bound).start(bytes('y,,n=user,r=abc'))),
    'channel-binding',
  );
  for (const flag of ['n', 'y', 'p=tls-unique', 'p=tls-server-end-point']) {
    const exchange = serverExchange('SCRAM-SHA-256-PLUS', bound);
    assert.equal(why(exchange.start(bytes(`${flag},,n=user,r=abc`))), 'channel-binding', flag);
  }
  const noTls = serverExchange('SCRAM-SHA-256-PLUS', unbound);
  assert.equal(why(noTls.start(bytes('p=tls-exporter,,n=user,r=abc'))), 'channel-binding');

  const plus = 'p=tls-exporter,,n=user,r=abc';
  for (const c of ['', 'n,,', 'p=tls-exporter,,', `p=tls-exporter,,${'\u0008'.repeat(32)}`]) {
    const { exchange, challenge } = challengedExchange(plus, bound);
    assert.equal(why(exchange.respond(closing(plus, challenge, { c: bytes(c) }))), 'channel-binding', c);
  }
  const downgraded = challengedExchange('n,,n=user,r=abc', bound);
  const c = bytes('y,,');
  assert.equal(
    why(downgraded.exchange.respond(closing('n,,n=user,r=abc', downgraded.challenge, { c }))),
    'channel-binding',
  );
});

test('closing messages that are refused', () => {
  const first = 'n,,n=user,r=abc';
  for (const message of [
    '',
    'c=biws',
    `c=biws,r=abc${serverNonce}`,
    `c=biw,r=abc${serverNonce},p=AAAA`,
    `r=abc${serverNonce},c=biws,p=AAAA`,
    `c=biws,r=abc${serverNonce},p=A`,
    `c=biws,r=abc${serverNonce},p=AAAA,x=1`,
    `c=biws,r=abc,p=AAAA`,
    `c=biws,r=abc${serverNonce}x,p=AAAA`,
    `c=biws,r=,p=AAAA`,
    `c=biws,r=abc${serverNonce},m=1,p=AAAA`,
  ]) {
    const { exchange } = challengedExchange(first);
    assert.equal(why(exchange.respond(bytes(message))), 'malformed', message);
  }
  const { exchange } = challengedExchange(first);
  assert.equal(why(exchange.respond(Uint8Array.of(0xff))), 'malformed');
});

test('a wrong proof fails, whatever the verdict', () => {
  const first = 'n,,n=user,r=abc';
  for (const proof of [new Uint8Array(32), new Uint8Array(31), new Uint8Array(0)]) {
    const { exchange, challenge } = challengedExchange(first);
    assert.deepEqual(exchange.respond(closing(first, challenge, { proof })), {
      step: 'ask',
      question: { ask: 'proof', user: 'user', valid: false },
    });
    assert.equal(why(exchange.decide(accepted)), 'credentials');
  }
  const { exchange, challenge } = challengedExchange(first);
  exchange.respond(closing(first, challenge, { proof: new Uint8Array(32) }));
  assert.deepEqual(exchange.decide({ verdict: 'refused', why: { why: 'throttled', waitSeconds: 3 } }), {
    step: 'failed',
    why: { why: 'throttled', waitSeconds: 3 },
  });
});

test('a right proof is refused where the accounts refuse', () => {
  const first = 'n,,n=user,r=abc';
  const { exchange, challenge } = challengedExchange(first);
  exchange.respond(closing(first, challenge));
  assert.equal(
    why(exchange.decide({ verdict: 'refused', why: { why: 'throttled', waitSeconds: 3 } })),
    'throttled',
  );
  const early = serverExchange('SCRAM-SHA-256', unbound);
  early.start(bytes(first));
  assert.equal(
    why(early.decide({ verdict: 'refused', why: { why: 'throttled', waitSeconds: 3 } })),
    'throttled',
  );
});

test('the last response is empty', () => {
  const first = 'n,,n=user,r=abc';
  const { exchange, challenge } = challengedExchange(first);
  exchange.respond(closing(first, challenge));
  exchange.decide(accepted);
  assert.equal(why(exchange.respond(bytes('x'))), 'malformed');
});

test('a nonce too short, or an answer to another question, is a fault', () => {
  const short = serverExchange('SCRAM-SHA-256', { ...unbound, nonce: new Uint8Array(17) });
  assert.throws(() => short.start(null), /nonce/);
  const misled = serverExchange('SCRAM-SHA-256', unbound);
  misled.start(bytes('n,,n=user,r=abc'));
  assert.throws(() => misled.decide(accepted), /no answer/);
});

test('mechanisms are found in any case, and only mechanisms', () => {
  assert.equal(mechanismNamed('scram-sha-256-plus'), 'SCRAM-SHA-256-PLUS');
  assert.equal(mechanismNamed('Login'), 'LOGIN');
  for (const name of ['', 'constructor', '__proto__', 'PLAIN ', 'CRAM-MD5', 'plaın']) {
    assert.equal(mechanismNamed(name), null, name);
  }
});

test('any messages give a step', () => {
  const piece = fc.constantFrom(
    'n',
    'y',
    'p=',
    'tls-exporter',
    ',',
    ',,',
    'n=',
    'r=',
    'c=biws',
    'a=',
    'm=',
    '=2C',
    'é',
    '\0',
    'abc',
    serverNonce,
    'p=AAAA',
  );
  const message = fc.oneof(
    fc.array(piece, { maxLength: 14 }).map((pieces) => bytes(pieces.join(''))),
    fc.uint8Array({ maxLength: 40 }),
  );
  const plus = fc.constantFrom('SCRAM-SHA-256' as const, 'SCRAM-SHA-256-PLUS' as const);
  fc.assert(
    fc.property(
      plus,
      fc.oneof(fc.constant(bytes('n,,n=user,r=abc')), message),
      message,
      (mechanism, first, last) => {
        const exchange = serverExchange(mechanism, bound);
        let step = exchange.start(first);
        if (step.step === 'ask') step = exchange.decide(found);
        if (step.step === 'challenge') step = exchange.respond(last);
        if (step.step === 'ask') assert.ok(step.question.ask === 'proof' && !step.question.valid);
        else assert.equal(step.step, 'failed');
      },
    ),
    { numRuns: 2000, interruptAfterTimeLimit: 2000 },
  );
});

test('a message of many commas is read in linear time', { timeout: 2000 }, () => {
  for (const filler of [',', '=', '=2C', 'a=', 'r=']) {
    const message = bytes(`n,,n=${filler.repeat(2700)}`);
    assert.equal(why(serverExchange('SCRAM-SHA-256', unbound).start(message)), 'malformed');
  }
});
