import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectPlain } from 'node:net';
import { test } from 'node:test';
import { TLSSocket } from 'node:tls';
import { defaultAdmissionLimits } from '../policy/admission.ts';
import { clientExchange } from '../sasl/client-mechanisms.ts';
import { Secret } from '../sasl/exchange.ts';
import { lettersInInbox } from '../store/contract/inbox.ts';
import { INBOX, put } from '../store/contract/fixtures.ts';
import {
  connect,
  enter,
  letter,
  login,
  openDoor,
  otherwise,
  secure,
  whenLogged,
  type Opened,
} from './pop3-loopback.ts';
import { channelBinding } from './tls/channel-binding.ts';

const two = [letter('one'), letter('two', '.dot\r\n..\r\nno end')];

const subjects = async ({ store, alice }: Opened): Promise<number> =>
  (await lettersInInbox(store, alice)).length;

test('one write carries everything: a whole session piped in, the peer closing its side at once', async (t) => {
  const opened = await openDoor(t, 'implicit', two);
  const peer = await secure(t, opened);
  await peer.hears(/^\+OK mail\.example\.org .*\r\n/);
  peer.socket.end(`${login}STAT\r\nLIST\r\nRETR 1\r\nRETR 2\r\nTOP 2 1\r\nDELE 1\r\nQUIT\r\n`);
  const heard = await peer.all();
  const sizes = two.map(({ length }) => length);
  assert.equal(
    heard.slice(heard.indexOf('+OK 2 ')),
    [
      `+OK 2 ${sizes[0]! + sizes[1]!}`,
      `+OK 2 letters, ${sizes[0]! + sizes[1]!} octets`,
      `1 ${sizes[0]}`,
      `2 ${sizes[1]}`,
      '.',
      '+OK The letter follows',
      'Subject: one',
      '',
      'Hello',
      '.',
      '+OK The letter follows',
      'Subject: two',
      '',
      '..dot',
      '...',
      'no end',
      '.',
      '+OK The top of the letter follows',
      'Subject: two',
      '',
      '..dot',
      '.',
      '+OK Letter 1 will be removed by QUIT',
      '+OK 1 letter removed; mail.example.org says goodbye',
      '',
    ].join('\r\n'),
  );
  assert.equal(await subjects(opened), 1);
  await whenLogged(opened, 'pop3.closed');
  const events = opened.logged
    .map((line) => line.split(' ')[0])
    .filter((event) => !/command|reply/.test(event!));
  assert.deepEqual(events, ['pop3.connected', 'pop3.login', 'pop3.maildrop', 'pop3.removed', 'pop3.closed']);
});

test('STLS: the handshake on the same socket, and no login before it', async (t) => {
  const opened = await openDoor(t, 'starttls', two);
  const before = await connect(t, opened);
  before.send(login);
  await before.hears(/^\+OK .*\r\n-ERR .*STLS\r\n-ERR .*STLS\r\n/);
  before.send('STLS\r\n');
  await before.hears(/\+OK Ready to start TLS\r\n/);
  before.leave();
  const peer = await secure(t, opened, before.socket);
  peer.send(`${login}RETR 1\r\nQUIT\r\n`);
  assert.match(await peer.all(), /^\+OK Send PASS\r\n\+OK Logged in[^]*\r\nHello\r\n\.\r\n\+OK /);
});

test('STLS with commands in the same packet ends the connection, and none of them counts', async (t) => {
  const opened = await openDoor(t, 'starttls', two);
  const peer = await connect(t, opened);
  await peer.hears(/^\+OK .*\r\n/);
  peer.send(`STLS\r\n${login}`);
  assert.match(await peer.all(), /^-ERR Nothing may follow STLS/);
});

test('SCRAM-SHA-256-PLUS is bound to the connection that it is spoken on, and to no other', async (t) => {
  const opened = await openDoor(t, 'implicit', two);
  for (const isOwn of [true, false]) {
    const peer = await secure(t, opened);
    assert(peer.socket instanceof TLSSocket);
    const exchange = clientExchange(
      'SCRAM-SHA-256-PLUS',
      { user: 'alice', password: new Secret('open sesame') },
      {
        channelBinding: isOwn ? channelBinding(peer.socket) : randomBytes(32),
        announced: ['SCRAM-SHA-256-PLUS'],
        nonce: randomBytes(18),
      },
    );
    assert(exchange.ok);
    const first = Buffer.from(exchange.value.start() ?? []).toString('base64');
    peer.send(`AUTH SCRAM-SHA-256-PLUS ${first}\r\n`);
    await peer.hears(/^\+OK .*\r\n\+ /);
    const second = exchange.value.respond(Buffer.from((await peer.hears(/.*\r\n/)).trim(), 'base64'));
    assert(second.ok);
    peer.send(`${Buffer.from(second.value).toString('base64')}\r\n`);
    if (!isOwn) {
      await peer.hears(/-ERR \[AUTH\] Channel binding/);
      continue;
    }
    await peer.hears(/\+ /);
    assert(exchange.value.respond(Buffer.from((await peer.hears(/.*\r\n/)).trim(), 'base64')).ok);
    assert.deepEqual(exchange.value.finish(), { ok: true, value: 'proved' });
    peer.send('\r\nSTAT\r\n');
    await peer.hears(/\+OK Logged in.*\r\n\+OK 2 /);
  }
});

test('a maildrop is one session\u2019s, and the next one\u2019s as soon as the first has its goodbye', async (t) => {
  const opened = await openDoor(t, 'implicit', two);
  const first = await enter(t, opened);
  const second = await secure(t, opened);
  second.send(login);
  await second.hears(/-ERR \[IN-USE\] .*\r\n/);
  first.send('DELE 1\r\nQUIT\r\n');
  await first.hears(/\+OK 1 letter removed/);
  second.send(`${login}STAT\r\n`);
  await second.hears(/\+OK Logged in; 1 letter.*\r\n\+OK 1 /);
});

test('a session that dies removes nothing, and its maildrop is free', async (t) => {
  const opened = await openDoor(t, 'implicit', two);
  const first = await enter(t, opened);
  first.send('DELE 1\r\nDELE 2\r\nNOOP\r\n');
  await first.hears(/Still here/);
  first.socket.destroy();
  for (;;) {
    const next = await secure(t, opened);
    next.send(`${login}STAT\r\nQUIT\r\n`);
    const heard = await next.all();
    // The reset may come behind the next client's login.
    if (/IN-USE/.test(heard)) continue;
    assert.match(heard, /\r\n\+OK 2 /);
    break;
  }
  assert.equal(await subjects(opened), 2);
});

test('a session that dies while its letters are removed keeps the maildrop until they are', async (t) => {
  const began = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const opened = await openDoor(t, 'implicit', two, {
    store: (store) =>
      otherwise(store, {
        expunge: async (...words) => {
          began.resolve();
          await goOn.promise;
          return store.expunge(...words);
        },
      }),
  });
  const first = await enter(t, opened);
  first.send('DELE 1\r\nQUIT\r\n');
  await began.promise;
  first.socket.destroy();
  await whenLogged(opened, 'pop3.closed');
  const second = await secure(t, opened);
  second.send(login);
  await second.hears(/IN-USE/);
  goOn.resolve();
  for (;;) {
    const next = await secure(t, opened);
    next.send(`${login}STAT\r\nQUIT\r\n`);
    const heard = await next.all();
    if (/IN-USE/.test(heard)) continue;
    assert.match(heard, /\r\n\+OK 1 /);
    break;
  }
});

test('letters that cannot be removed are told so with an id that the log has, and are there', async (t) => {
  const opened = await openDoor(t, 'implicit', two, {
    store: (store) => otherwise(store, { expunge: () => Promise.reject(new Error('the disk is on fire')) }),
  });
  const peer = await enter(t, opened);
  peer.send('DELE 1\r\nQUIT\r\n');
  const id = /-ERR \[SYS\/TEMP\] .* as (\S+)\r\n/.exec(await peer.all())?.[1];
  assert(id !== undefined);
  assert(opened.logged.some((line) => line.includes(id) && line.includes('the disk is on fire')));
  const next = await enter(t, opened);
  next.send('STAT\r\n');
  await next.hears(/\+OK 2 /);
});

test('a store with too much to do is told so, and nothing is removed', async (t) => {
  const overloaded = Object.assign(new Error('too much'), { name: 'StoreOverloaded' });
  const opened = await openDoor(t, 'implicit', two, {
    store: (store) => otherwise(store, { expunge: () => Promise.reject(overloaded) }),
  });
  const peer = await enter(t, opened);
  peer.send('DELE 1\r\nQUIT\r\n');
  assert.match(await peer.all(), /-ERR \[SYS\/TEMP\] .*nothing was removed/);
  assert.equal(await subjects(opened), 2);
});

test('a letter that cannot be read is told so, and the session goes on', async (t) => {
  const opened = await openDoor(t, 'implicit', two, {
    store: (store) =>
      otherwise(store, {
        served: () => {
          throw new Error('the disk is on fire');
        },
      }),
  });
  const peer = await enter(t, opened);
  peer.send('RETR 1\r\nNOOP\r\n');
  await peer.hears(/-ERR \[SYS\/TEMP\] The letter cannot be read.*\r\n\+OK Still here\r\n/);
});

test('what other programs do meanwhile neither shows nor moves the numbers, and what they removed can be fetched', async (t) => {
  const opened = await openDoor(t, 'implicit', two);
  const peer = await enter(t, opened);
  const { store, alice } = opened;
  const [second] = await lettersInInbox(store, alice);
  assert(second !== undefined);
  await store.removeLetters(alice, [second.id], 1);
  await put(store, alice, { bytes: letter('three') });
  peer.send('STAT\r\nRETR 2\r\nDELE 2\r\nDELE 1\r\nQUIT\r\n');
  const heard = await peer.all();
  assert.match(heard, /\+OK 2 [^]*Subject: two\r\n[^]*\+OK 2 letters removed/);
  const left = await lettersInInbox(store, alice);
  assert.deepEqual(
    left.map(({ id }) => id),
    [3],
  );
});

test('a letter that the store has let go of is no more, and the session goes on', async (t) => {
  const opened = await openDoor(t, 'implicit', two);
  const peer = await enter(t, opened);
  const { store, alice } = opened;
  await store.expunge(alice, INBOX, await inboxUids(opened), 'any', 1);
  await store.tidy({ now: 2, removedMs: 0, tombstonesMs: 0 });
  peer.send('RETR 1\r\nDELE 1\r\nQUIT\r\n');
  assert.match(
    await peer.all(),
    /-ERR Letter 1 was removed by another program.*\r\n\+OK Letter 1.*\r\n\+OK 1 letter/,
  );
});

const inboxUids = async ({ store, alice }: Opened) =>
  (await store.placed({ account: alice, mailbox: INBOX })).map(({ uid }) => uid);

test('an app password opens POP3 where its scope says so', async (t) => {
  const opened = await openDoor(t, 'implicit', two);
  const { store, alice } = opened;
  const { appPasswordDigest, generateAppPassword } = await import('../accounts/app-passwords.ts');
  for (const scope of [['smtp', 'imap'], ['pop3']] as const) {
    const password = generateAppPassword(randomBytes);
    const sha256 = appPasswordDigest(password);
    assert(sha256 !== null);
    await store.addAppPassword(alice, { label: scope.join(), sha256, scope, createdAt: 0, expiresAt: null });
    const peer = await secure(t, opened);
    peer.send(`USER alice\r\nPASS ${password.reveal()}\r\nQUIT\r\n`);
    const isIn = /Logged in/.test(await peer.all());
    assert.equal(isIn, scope.includes('pop3' as never));
  }
});

test('silence ends the session without a word, nothing is removed, and the maildrop is free', async (t) => {
  const opened = await openDoor(t, 'implicit', two, { idleMs: 60 });
  const peer = await enter(t, opened);
  peer.send('DELE 1\r\n');
  await peer.hears(/will be removed.*\r\n/);
  assert.equal(await peer.all(), '');
  const next = await enter(t, opened);
  next.send('STAT\r\n');
  await next.hears(/\+OK 2 /);
});

test('a door that closes lets a session with letters to remove end, and tells the others', async (t) => {
  const opened = await openDoor(t, 'implicit', two);
  const idle = await secure(t, opened);
  await idle.hears(/^\+OK .*\r\n/);
  const peer = await enter(t, opened);
  peer.send('DELE 1\r\n');
  await peer.hears(/will be removed/);
  const closing = opened.door.close(10_000);
  assert.match(await idle.all(), /^-ERR \[SYS\/TEMP\] mail\.example\.org is stopping/);
  peer.send('RETR 2\r\nQUIT\r\n');
  await peer.hears(/Subject: two[^]*\+OK 1 letter removed/);
  await closing;
  assert.equal(await subjects(opened), 1);
  await assert.rejects(once(connectPlain({ host: '127.0.0.1', port: opened.door.port }), 'connect'));
});

test('who is not let in is told so at the door that begins in the clear', async (t) => {
  const admission = { ...defaultAdmissionLimits, connections: 1 };
  const opened = await openDoor(t, 'starttls', two, { admission });
  const first = await connect(t, opened);
  await first.hears(/^\+OK /);
  const second = await connect(t, opened);
  assert.match(await second.all(), /^-ERR \[SYS\/TEMP\] Too many connections/);
});

test('the log has the login and no password, whatever is traced', async (t) => {
  const opened = await openDoor(t, 'implicit', two);
  const peer = await secure(t, opened);
  peer.send('USER alice\r\nPASS wrong sesame\r\n');
  await peer.hears(/\[AUTH\]/);
  peer.send(`${login}QUIT\r\n`);
  await peer.all();
  assert.doesNotMatch(opened.logged.join('\n'), /sesame/);
  const logins = opened.logged.filter((line) => line.startsWith('pop3.login'));
  assert.match(logins[0] ?? '', /"outcome":"credentials","account":"alice","mechanism":"PLAIN"/);
  assert.match(logins[1] ?? '', /"outcome":"in","account":"alice@example\.org","mechanism":"PLAIN"/);
});
