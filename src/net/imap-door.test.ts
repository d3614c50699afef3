import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Store } from '../store/port.ts';
import { systemClock } from './clock.ts';
import { appended, greeted, inInbox, loggedIn, openDoor } from './imap-loopback.ts';

test('what one connection does another one hears in IDLE, in milliseconds', async (t) => {
  const opened = await openDoor(t);
  const [one, two] = [await inInbox(opened), await inInbox(opened)];
  two.socket.write('i IDLE\r\n');
  await two.hears(/\+ idling\r\n/);
  await one.asks('a', appended('Subject: x\r\n\r\nx\r\n'));
  await two.hears(/\* 1 EXISTS\r\n/);
  await one.asks('b', 'STORE 1 +FLAGS (\\Deleted)');
  await two.hears(/\* 1 FETCH \(UID 1 FLAGS \(\\Deleted\)\)\r\n/);
  const at = systemClock.monotonic();
  await one.asks('c', 'EXPUNGE');
  await two.hears(/\* 1 EXPUNGE\r\n/);
  assert(systemClock.monotonic() - at < 500);
});

test('a letter that is larger than a page comes in pieces, whole and in parts, its header among them', async (t) => {
  const opened = await openDoor(t);
  const peer = await inInbox(opened);
  const body = Array.from({ length: 40_000 }, (_, line) => `line ${line} of many\r\n`).join('');
  const letter = `Subject: long\r\nX-Other: y\r\n\r\n${body}`;
  assert(letter.length > 700_000);
  await peer.asks('a', appended(letter));
  const whole = await peer.asks('b', 'FETCH 1 (BODY.PEEK[] UID)');
  assert.equal(whole, `* 1 FETCH (BODY[] {${letter.length}}\r\n${letter} UID 1)\r\nb OK FETCH completed\r\n`);
  const fields = await peer.asks(
    'c',
    'FETCH 1 (BODY.PEEK[HEADER.FIELDS (Subject)] BODY.PEEK[TEXT]<300000.7>)',
  );
  const part = body.slice(300_000, 300_007);
  assert.equal(
    fields,
    `* 1 FETCH (BODY[HEADER.FIELDS (Subject)] {17}\r\nSubject: long\r\n\r\n BODY[TEXT]<300000> {7}\r\n${part})\r\nc OK FETCH completed\r\n`,
  );
});

test('who does not fetch what was asked for makes the server keep little of it, and is hung up on', async (t) => {
  const opened = await openDoor(t, { loggedInMs: 300 });
  const peer = await inInbox(opened);
  const letter = `Subject: x\r\n\r\n${'x'.repeat(200_000)}\r\n`;
  for (let count = 0; count < 20; count++) await peer.asks(`a${count}`, appended(letter));
  let read = 0;
  const { store } = opened;
  const blob = store.blob.bind(store);
  store.blob = (...given) => {
    read += 1;
    return blob(...given);
  };
  peer.socket.pause();
  peer.socket.write(Array.from({ length: 50 }, (_, count) => `f${count} FETCH 1:* BODY.PEEK[]\r\n`).join(''));
  await opened.firstClosed;
  // A thousand letters were asked for: 200 MB. What the kernel takes in between is some of them.
  assert(read < 200, `${read} letters were read`);
});

test('commands in one packet are answered in order, however much each of them gives', async (t) => {
  const opened = await openDoor(t);
  const peer = await inInbox(opened);
  const letter = `Subject: x\r\n\r\n${'x'.repeat(100_000)}\r\n`;
  peer.socket.write(
    `a ${appended(letter)}\r\nb ${appended(letter)}\r\nc FETCH 1:* BODY[]\r\nd NOOP\r\ne LOGOUT\r\n`,
  );
  const heard = await peer.closes();
  assert.deepEqual(
    [...heard.matchAll(/^([a-e]) OK/gm)].map(([, tag]) => tag),
    ['a', 'b', 'c', 'd', 'e'],
  );
  assert.equal(heard.split('x'.repeat(100_000)).length, 3);
});

test('newcomers may be silent for a short time, and who is logged in for a long one', async (t) => {
  const opened = await openDoor(t, { newcomersMs: 150 });
  const [newcomer, person] = [await greeted(opened), await loggedIn(opened)];
  assert.equal(await newcomer.closes(), '* BYE Nothing was said for too long\r\n');
  await person.asks('a', 'NOOP');
});

test('a door that closes says BYE to who idles, and lets a command under way end', async (t) => {
  const opened = await openDoor(t);
  const [idle, busy] = [await inInbox(opened), await inInbox(opened)];
  idle.socket.write('i IDLE\r\n');
  await idle.hears(/\+ idling\r\n/);
  const letter = 'Subject: x\r\n\r\nx\r\n';
  busy.socket.write(`a APPEND INBOX {${letter.length}}\r\n`);
  await busy.hears(/\+ go on\r\n/);
  const closed = opened.door.close(5000);
  await idle.hears(/\* BYE \[UNAVAILABLE\] The server is going down\r\n/);
  busy.socket.write(`${letter}\r\n`);
  await busy.hears(/a OK \[APPENDUID/);
  await busy.hears(/\* BYE \[UNAVAILABLE\] The server is going down\r\n/);
  await closed;
});

test('a fault of the store is NO with an id that the log has, and the session goes on', async (t) => {
  const failing = (store: Store): Store => ({
    ...store,
    onChange: (listener) => store.onChange(listener),
    deliver: () => Promise.reject(new Error('the disk is on fire')),
  });
  const opened = await openDoor(t, { store: failing });
  const peer = await inInbox(opened);
  peer.socket.write(`a ${appended('x')}\r\n`);
  const [, id] = /as (\S+)\r\n$/.exec(await peer.hears(/\r\n/)) ?? [];
  assert(
    opened.logged.some(
      (line) => line.startsWith('imap.fault') && line.includes(`"fault":"${id}"`) && line.includes('fire'),
    ),
  );
  await peer.asks('b', 'NOOP');
});

test('who waits for an answer hears again and again that it is looked for', async (t) => {
  const released = Promise.withResolvers<void>();
  const slow = (store: Store): Store => ({
    ...store,
    onChange: (listener) => store.onChange(listener),
    createMailbox: async (...given) => {
      await released.promise;
      return store.createMailbox(...given);
    },
  });
  const opened = await openDoor(t, { store: slow, stillAtItMs: 10 });
  const peer = await inInbox(opened);
  peer.socket.write('a CREATE New\r\n');
  await peer.hears(/\* OK \[INPROGRESS \("a" NIL NIL\)\]/);
  await peer.hears(/\* OK \[INPROGRESS \("a" NIL NIL\)\]/);
  released.resolve();
  await peer.hears(/a OK \[MAILBOXID/);
  await peer.asks('b', 'LOGOUT');
  assert(!(await peer.closes()).includes('INPROGRESS'));
});

test('letters that do not fit into memory are put off, and the next one is taken', async (t) => {
  const opened = await openDoor(t, { roomBytes: 1000 });
  const peer = await inInbox(opened);
  peer.socket.write(`a ${appended('x'.repeat(1001))}\r\n`);
  await peer.hears(/a NO \[INUSE\]/);
  const half = 'y'.repeat(600);
  peer.socket.write(`b APPEND INBOX {600+}\r\n${half} {600+}\r\n${half}\r\n`);
  await peer.hears(/b NO \[INUSE\]/);
  await peer.hears(/\r\n/);
  await peer.asks('c', appended(half));
  assert.match(await peer.asks('d', 'STATUS INBOX (MESSAGES)'), /MESSAGES 1\)/);
});

test('the log has each command and the login, and no secret', async (t) => {
  const opened = await openDoor(t);
  const peer = await greeted(opened);
  peer.socket.write('a LOGIN alice wrong\r\n');
  await peer.hears(/a NO/);
  peer.socket.write('LOGIN alice "open sesame"\r\nb AUTHENTICATE PLAIN AGFsaWNlAG9wZW4gc2VzYW1l\r\n');
  await peer.hears(/Logged in\r\n/);
  await peer.asks('c', 'LOGOUT');
  await peer.closes();
  const all = opened.logged.join('\n');
  assert.match(all, /imap\.login .*"outcome":"credentials"/);
  assert.match(all, /imap\.login .*"outcome":"in","account":"alice@example.org","mechanism":"PLAIN"/);
  assert.match(all, /"command":"b AUTHENTICATE PLAIN \*\*\*"/);
  for (const secret of ['sesame', 'AGFsaWNl', 'wrong']) assert(!all.includes(secret), secret);
});
