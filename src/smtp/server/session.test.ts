import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agreedTls } from '../../../test/support/agreed-tls.ts';
import { Secret, type SaslVerdict } from '../../sasl/exchange.ts';
import { scramKeys } from '../../sasl/scram-keys.ts';
import { defaultLimits } from '../limits.ts';
import type { LoginResult, Question, Secured, Settings } from '../session.ts';
import { SmtpSession } from './session.ts';

const settings: Settings = {
  host: 'mail.example',
  door: 'submission',
  extensions: new Set(),
  limits: defaultLimits,
  startTls: false,
  enrolment: false,
  mailBeforeAuth: 530,
  protection: 'not-required',
  trace: true,
  random: (bytes) => Buffer.alloc(bytes),
};

function connected(): SmtpSession {
  const session = new SmtpSession(settings);
  session.handle({ on: 'connected', secured: null });
  return session;
}

function notes(session: SmtpSession, text: string): string[] {
  return session
    .handle({ on: 'bytes', chunk: Buffer.from(text, 'latin1') })
    .flatMap((action) => (action.do === 'note' ? [action.shown] : []));
}

test('a trace shows commands, and no secret', () => {
  const session = connected();
  assert.deepEqual(notes(session, 'ehlo client.example\r\nNOOP \x1b[2J\r\n'), [
    'ehlo client.example',
    'NOOP ?[2J',
  ]);
  assert.deepEqual(notes(session, 'AUTH NTLM c2VjcmV0\r\nc2VjcmV0\r\n'), [
    'AUTH NTLM ***',
    '(no command, 8 octets)',
  ]);
  assert.deepEqual(notes(session, 'auth plain c2Vj\r\nAUTH secret\r\n'), ['AUTH PLAIN ***', 'AUTH ***']);
  assert.deepEqual(notes(session, 'auth c2VjcmV0LW9mLW1vcmUtdGhhbi10d2VudHk=\r\n'), ['AUTH ***']);
  assert.deepEqual(notes(session, 'AUTH\r\nAUTHc2VjcmV0\r\n'), ['AUTH ***', '(no command, 12 octets)']);
  assert.deepEqual(notes(session, 'AUTH LOGIN\r\nbnUx\r\n'), ['AUTH LOGIN ***', '***']);
});

test('each authentication ends with what a log may have of it', () => {
  const keys = scramKeys(new Secret('pencil'), Buffer.alloc(16), 4096);
  const binding = { tls: agreedTls, channelBinding: Buffer.alloc(32) };
  const login = (lines: string, answer?: SaslVerdict, secured: Secured | null = null): unknown => {
    const session = new SmtpSession({ ...settings, takesTokens: true });
    session.handle({ on: 'connected', secured });
    const results: unknown[] = [];
    let actions = session.handle({ on: 'bytes', chunk: Buffer.from(`EHLO a\r\n${lines}\r\n`, 'latin1') });
    for (;;) {
      results.push(...actions.flatMap((action) => (action.do === 'login' ? [action.result] : [])));
      const last = actions.at(-1);
      if (last?.do !== 'ask' || answer === undefined) break;
      actions = session.handle({ on: 'verdict', verdict: { verdict: 'sasl', answer }, to: last.question });
    }
    assert.equal(results.length, 1, `${lines}: ${results.length} results`);
    const [{ outcome, account, mechanism, channelBinding }] = results as [LoginResult];
    return [outcome, account, mechanism, ...(channelBinding === null ? [] : [channelBinding])].join(' ');
  };
  const auth = (mechanism: string, message: string): string =>
    `AUTH ${mechanism} ${Buffer.from(message).toString('base64')}`;
  const refused = { verdict: 'refused', why: { why: 'credentials' } } as const;
  const plain = auth('PLAIN', '\0nu1\0secret');
  assert.equal(login(plain, { verdict: 'login', account: 'nu1@447.edu' }), 'in nu1@447.edu PLAIN');
  assert.equal(login(plain, refused), 'credentials nu1 PLAIN');
  const throttled = { why: 'throttled', waitSeconds: 9 } as const;
  assert.equal(login(plain, { verdict: 'refused', why: throttled }), 'throttled nu1 PLAIN');
  assert.equal(login(auth('PLAIN', 'nu2\0nu1\0secret')), 'authorization nu1 PLAIN');
  assert.equal(login(auth('PLAIN', 'secret')), 'malformed  PLAIN');
  assert.equal(login('AUTH LOGIN\r\n*'), 'cancelled  LOGIN');
  assert.equal(login('AUTH LOGIN\r\n!'), 'malformed  LOGIN');
  assert.equal(login('AUTH LOGIN\r\n\xff'), 'malformed  LOGIN');
  assert.equal(login(`AUTH LOGIN\r\n${'A'.repeat(13_000)}`), 'malformed  LOGIN');
  assert.equal(login('AUTH c2VjcmV0'), 'no-such-mechanism  ');
  assert.equal(login('auth cram-md5'), 'no-such-mechanism  CRAM-MD5');
  const token = auth('OAUTHBEARER', 'n,a=nu1,\x01auth=Bearer abc\x01\x01');
  assert.equal(login(`${token}\r\nAQ==`, refused), 'credentials nu1 OAUTHBEARER');
  // Somebody took -PLUS out of what the server announced.
  const downgraded = auth('SCRAM-SHA-256', 'y,,n=nu1,r=abcdefgh');
  assert.equal(login(downgraded, undefined, binding), 'channel-binding nu1 SCRAM-SHA-256');
  const first = auth('SCRAM-SHA-256-PLUS', 'p=tls-exporter,,n=nu1,r=abcdefgh');
  const nonce = `abcdefgh${Buffer.alloc(18).toString('base64')}`;
  const last = Buffer.from(`c=${Buffer.from('p=tls-exporter,,other').toString('base64')},r=${nonce},p=AAAA`);
  const elsewhere = `${first}\r\n${last.toString('base64')}`;
  const found = { verdict: 'scram-keys', keys } as const;
  assert.equal(login(elsewhere, found, binding), 'channel-binding nu1 SCRAM-SHA-256-PLUS');
});

/** Gives the bytes, and gives the question that comes of them. */
function asked(session: SmtpSession, text: string): Question {
  const action = session.handle({ on: 'bytes', chunk: Buffer.from(text) }).at(-1);
  assert(action?.do === 'ask');
  return action.question;
}

test('an answer to nothing, or of the wrong kind, is a fault of who answers', () => {
  const session = connected();
  const accepted = { verdict: 'accepted' } as const;
  const none: Question = { ask: 'enrol', address: { localPart: 'a', domain: 'b.example' } };
  assert.throws(() => session.handle({ on: 'verdict', verdict: accepted, to: none }), /no question/);
  assert.throws(() => session.handle({ on: 'secured', secured: { tls: {} as never, channelBinding: null } }));
  assert.throws(() => session.handle({ on: 'connected', secured: null }), /is greeted, not silent/);
  const question = asked(session, 'EHLO a\r\nAUTH PLAIN AGEAYg==\r\n');
  assert.throws(
    () => session.handle({ on: 'verdict', verdict: accepted, to: question }),
    /accepted does not answer login/,
  );
  // The fault can still be said.
  const fault = { verdict: 'fault', id: 'f4' } as const;
  const [result, action] = session.handle({ on: 'verdict', verdict: fault, to: question });
  assert(result?.do === 'login' && result.result.outcome === 'fault');
  assert(action?.do === 'reply');
  assert.equal(action.reply.code, 454);
});

test('a late answer does not settle the next question', () => {
  const session = connected();
  const first = asked(session, 'EHLO a\r\nAUTH PLAIN AGEAYg==\r\n');
  const fault = { verdict: 'fault', id: 'f4' } as const;
  session.handle({ on: 'verdict', verdict: fault, to: first });
  const second = asked(session, 'AUTH PLAIN AGEAYg==\r\n');
  assert.throws(() => session.handle({ on: 'verdict', verdict: fault, to: first }), /another question/);
  assert.equal(session.handle({ on: 'verdict', verdict: fault, to: second })[0]?.do, 'login');
});

test('a letter that is delivered makes up for as many errors as it has recipients', () => {
  const session = new SmtpSession({
    ...settings,
    door: 'exchanger',
    limits: { ...defaultLimits, errors: 4 },
  });
  session.handle({ on: 'connected', secured: null });
  const wrong = 'XYZZY\r\n'.repeat(2);
  const mail = 'MAIL FROM:<a@b.example>\r\n';
  const rcpt = 'RCPT TO:<a@b.example>\r\n';
  for (let letter = 0; letter < 5; letter += 1) {
    let question = asked(session, `${letter === 0 ? 'EHLO a\r\n' : ''}${wrong}${mail}`);
    for (const next of [rcpt, rcpt, 'DATA\r\n', '.\r\n']) {
      session.handle({ on: 'verdict', verdict: { verdict: 'accepted' }, to: question });
      question = asked(session, next);
    }
    session.handle({ on: 'verdict', verdict: { verdict: 'delivered', id: '1' }, to: question });
    assert.equal(session.at, 'ready');
  }
  session.handle({ on: 'bytes', chunk: Buffer.from(wrong + wrong) });
  assert.equal(session.at, 'closed');
});

test('a letter of nothing but dots is handed on in as many pieces as another', () => {
  const session = new SmtpSession({ ...settings, door: 'exchanger' });
  session.handle({ on: 'connected', secured: null });
  let question = asked(session, 'EHLO a\r\nMAIL FROM:<>\r\n');
  for (const next of ['RCPT TO:<a@b.example>\r\n', 'DATA\r\n']) {
    session.handle({ on: 'verdict', verdict: { verdict: 'accepted' }, to: question });
    question = asked(session, next);
  }
  session.handle({ on: 'verdict', verdict: { verdict: 'accepted' }, to: question });
  const actions = session.handle({ on: 'bytes', chunk: Buffer.from('..\r\n'.repeat(10_000)) });
  assert.deepEqual(
    actions.map((action) => action.do),
    ['body'],
  );
  assert(actions[0]?.do === 'body');
  assert.equal(Buffer.from(actions[0].chunk).toString(), '.\r\n'.repeat(10_000));
});

test('silence while a question is open is not the peer’s', () => {
  const session = connected();
  session.handle({ on: 'bytes', chunk: Buffer.from('EHLO a\r\nAUTH PLAIN AGEAYg==\r\n') });
  assert.deepEqual(session.handle({ on: 'timeout' }), []);
  assert.equal(session.at, 'asking');
});

test('nothing is done after the close', () => {
  const session = connected();
  session.handle({ on: 'bytes', chunk: Buffer.from('QUIT\r\nNOOP\r\n') });
  assert.equal(session.at, 'closed');
  assert.deepEqual(session.handle({ on: 'bytes', chunk: Buffer.from('NOOP\r\n') }), []);
  assert.deepEqual(session.handle({ on: 'timeout' }), []);
  assert.deepEqual(session.handle({ on: 'stopping' }), []);
});
