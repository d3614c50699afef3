import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultLimits } from '../limits.ts';
import type { Question, Settings } from '../session.ts';
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
  assert.deepEqual(notes(session, 'auth c2VjcmV0LW9mLW1vcmUtdGhhbi10d2VudHk=\r\n'), ['AUTH ***']);
  assert.deepEqual(notes(session, 'AUTH\r\nAUTHc2VjcmV0\r\n'), ['AUTH ***', '(no command, 12 octets)']);
  assert.deepEqual(notes(session, 'AUTH LOGIN\r\nbnUx\r\n'), ['AUTH LOGIN ***', '***']);
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
  const [action] = session.handle({ on: 'verdict', verdict: fault, to: question });
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
  assert.equal(session.handle({ on: 'verdict', verdict: fault, to: second })[0]?.do, 'reply');
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
