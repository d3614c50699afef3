import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agreedSecured as secured } from '../../../test/support/agreed-tls.ts';
import { defaultLimits } from '../limits.ts';
import { say } from '../reply.ts';
import type { Action, Question, Settings, Verdict } from '../session.ts';
import { Pop3Session } from './session.ts';

const settings: Settings = {
  host: 'mail.example',
  limits: defaultLimits,
  startTls: true,
  trace: true,
  takesTokens: true,
  random: (bytes) => Buffer.alloc(bytes, 1),
};

const bytes = (session: Pop3Session, text: string): Action[] =>
  session.handle({ on: 'bytes', chunk: Buffer.from(text) });

const open = (): Pop3Session => {
  const session = new Pop3Session(settings);
  session.handle({ on: 'connected', secured });
  return session;
};

const askedIn = (actions: readonly Action[]): Question => {
  const [asked] = actions.flatMap((action) => (action.do === 'ask' ? [action.question] : []));
  assert(asked !== undefined);
  return asked;
};

const settle = (session: Pop3Session, to: Question, verdict: Verdict): Action[] =>
  session.handle({ on: 'verdict', verdict, to });

/** A session whose client is in, with one letter. */
const inside = (): Pop3Session => {
  const session = open();
  const login = askedIn(bytes(session, 'USER nu1\r\nPASS secret\r\n'));
  const maildrop = askedIn(
    settle(session, login, { verdict: 'sasl', answer: { verdict: 'login', account: 'nu1@447.edu' } }),
  );
  const letters = { count: 1, sizeBytes: () => 100, uniqueId: () => 'x' };
  settle(session, maildrop, { verdict: 'maildrop', maildrop: letters });
  assert.equal(session.at, 'transaction');
  return session;
};

test('no secret is in a note, wherever it stands', () => {
  const secret = 'hunter2';
  const base64 = Buffer.from(`\0nu1\0${secret}`).toString('base64');
  const lines = [
    `PASS ${secret}`,
    `pass ${secret}`,
    `PASS  ${secret}`,
    `APOP nu1 ${secret}`,
    `AUTH PLAIN ${base64}`,
    `AUTH ${secret}`,
    `AUTH  PLAIN ${base64}`,
    secret,
    base64,
    ` PASS ${secret}`,
    `PASS\t${secret}`,
    `PAſS ${secret}`,
  ];
  for (const line of lines) {
    const shown = bytes(open(), `${line}\r\n`).flatMap((action) =>
      action.do === 'note' ? [action.shown] : [],
    );
    assert.equal(shown.length, 1);
    assert.doesNotMatch(shown.join(), /hunter2/);
    assert(!shown.join().includes(base64));
  }
  const session = open();
  bytes(session, 'AUTH PLAIN\r\n');
  const [note] = bytes(session, `${base64}\r\n`);
  assert.deepEqual(note, { do: 'note', shown: '***' });
});

test('what is noted of other commands is what was sent, without what a terminal would obey', () => {
  const noted = (line: string): unknown => bytes(open(), `${line}\r\n`)[0];
  assert.deepEqual(noted('USER nu1@447.edu'), { do: 'note', shown: 'USER nu1@447.edu' });
  assert.deepEqual(noted('USER \u009b31m'), { do: 'note', shown: 'USER ?31m' });
  assert.deepEqual(noted('AUTH PLAIN AAAA'), { do: 'note', shown: 'AUTH PLAIN ***' });
  assert.deepEqual(noted('utf8'), { do: 'note', shown: 'utf8' });
  assert.deepEqual(noted('XYZZY'), { do: 'note', shown: '(no command, 5 octets)' });
});

test('a login is told to the log with who and how, and whether it came to anything', () => {
  const session = open();
  const asked = askedIn(bytes(session, 'USER nu1\r\nPASS secret\r\n'));
  const refused: Verdict = {
    verdict: 'sasl',
    answer: { verdict: 'refused', why: { why: 'credentials' } },
  };
  const [login, reply] = settle(session, asked, refused);
  assert.deepEqual(login, {
    do: 'login',
    result: { outcome: 'credentials', account: 'nu1', mechanism: 'PLAIN', channelBinding: null },
  });
  assert.deepEqual(reply, { do: 'reply', reply: say.authFailed });
  const [, unknown] = bytes(session, 'AUTH hunter2\r\n');
  assert.deepEqual(unknown, {
    do: 'login',
    result: { outcome: 'no-such-mechanism', account: null, mechanism: null, channelBinding: null },
  });
});

test('a verdict that nobody asked for, or that answers something else, is a fault', () => {
  const session = open();
  const verdict: Verdict = { verdict: 'accepted' };
  assert.throws(() => settle(session, { ask: 'room' }, verdict), /no question is open/);
  const asked = askedIn(bytes(session, 'USER nu1\r\nPASS secret\r\n'));
  assert.throws(() => settle(session, { ...asked }, verdict), /another question/);
  assert.throws(() => settle(session, asked, verdict), /does not answer login/);
});

test('letters, more of them, lists and removals are answered by what belongs to them', () => {
  for (const [commands, ask] of [
    ['RETR 1\r\n', 'letter'],
    ['DELE 1\r\nQUIT\r\n', 'remove'],
  ] as const) {
    const session = inside();
    const asked = askedIn(bytes(session, commands));
    assert.equal(asked.ask, ask);
    assert.throws(
      () => settle(session, asked, { verdict: 'accepted' }),
      new RegExp(`does not answer ${ask}`),
    );
  }
  const session = inside();
  const letter = askedIn(bytes(session, 'RETR 1\r\n'));
  const more = askedIn(settle(session, letter, { verdict: 'pieces', pieces: [], isWhole: false }));
  assert.throws(() => settle(session, more, { verdict: 'removed' }), /does not answer more/);
});

test('while a question is open nothing is read, and time is not the client\u2019s', () => {
  const session = inside();
  const asked = askedIn(bytes(session, 'RETR 1\r\nDELE 1\r\nQUIT\r\n'));
  assert.deepEqual(bytes(session, 'NOOP\r\n'), []);
  assert.deepEqual(session.handle({ on: 'timeout' }), []);
  assert.deepEqual(session.handle({ on: 'stopping' }), []);
  const actions = settle(session, asked, { verdict: 'pieces', pieces: [], isWhole: true });
  // The server is stopping, and nothing was to be removed yet.
  assert.deepEqual(
    actions.map((action) => action.do),
    ['reply', 'send', 'reply', 'close'],
  );
});

test('after close whatever comes is nothing', () => {
  const session = open();
  bytes(session, 'QUIT\r\n');
  assert.equal(session.at, 'closed');
  assert.deepEqual(bytes(session, 'USER nu1\r\n'), []);
  assert.deepEqual(session.handle({ on: 'timeout' }), []);
});

test('a session that says nothing holds nothing', () => {
  const session = inside();
  assert.equal(session.heldBytes, 0);
  bytes(session, 'NOO');
  assert(session.heldBytes < 1024);
  bytes(session, 'P\r\n');
  assert.equal(session.heldBytes, 0);
});
