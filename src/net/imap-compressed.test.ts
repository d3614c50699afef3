import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { constants, createDeflateRaw, createInflateRaw, deflateRawSync, type DeflateRaw } from 'node:zlib';
import { appended, inInbox, loggedIn, openDoor, Peer, type Opened } from './imap-loopback.ts';

/** A client that has turned compression on, with what it compresses by, and the connection as it is below. */
type Compressed = { readonly peer: Peer; readonly deflate: DeflateRaw; readonly raw: Duplex };

async function compressed(opened: Opened, first: typeof inInbox = inInbox): Promise<Compressed> {
  const plain = await first(opened);
  await plain.asks('z', 'COMPRESS DEFLATE');
  const raw = plain.socket;
  raw.removeAllListeners('data');
  const inflate = createInflateRaw({ finishFlush: constants.Z_SYNC_FLUSH });
  const deflate = createDeflateRaw({ flush: constants.Z_SYNC_FLUSH });
  const inside = new Duplex({
    read: () => void inflate.resume(),
    write: (chunk: Buffer, _, done) => void deflate.write(chunk, done),
  });
  inflate.on('data', (piece: Buffer) => {
    if (!inside.push(piece)) inflate.pause();
  });
  raw.on('close', () => inflate.end());
  inflate.on('end', () => void inside.push(null));
  inside.on('end', () => inside.destroy());
  raw.pipe(inflate);
  deflate.pipe(raw);
  return { peer: new Peer(inside), deflate, raw };
}

test('behind COMPRESS everything is compressed, and what happens elsewhere is told at once', async (t) => {
  const opened = await openDoor(t);
  const { peer } = await compressed(opened);
  const letter = `Subject: x\r\n\r\n${'The same line again.\r\n'.repeat(20_000)}`;
  await peer.asks('a', appended(letter));
  const whole = await peer.asks('b', 'FETCH 1 (BODY.PEEK[] UID)');
  assert.equal(whole, `* 1 FETCH (BODY[] {${letter.length}}\r\n${letter} UID 1)\r\nb OK FETCH completed\r\n`);
  peer.socket.write('c IDLE\r\n');
  await peer.hears(/\+ idling\r\n/);
  const other = await inInbox(opened);
  await other.asks('a', 'STORE 1 +FLAGS (\\Flagged)');
  await peer.hears(/\* 1 FETCH \(UID 1 FLAGS \(\\Flagged\)\)\r\n/);
  peer.socket.write('DONE\r\nd LOGOUT\r\n');
  await peer.hears(/d OK LOGOUT completed\r\n/);
  await opened.firstClosed;
});

test('what is not compressed behind COMPRESS is never read as a command', async (t) => {
  const opened = await openDoor(t);
  const peer = await inInbox(opened);
  peer.socket.write('a COMPRESS DEFLATE\r\n');
  await peer.hears(/a OK .*\r\n/);
  peer.socket.write('b DELETE Archive\r\n');
  await opened.firstClosed;
  await peer.closes();
  const account = await opened.store.account('alice@example.org' as never);
  assert(account !== null);
  assert((await opened.store.mailboxes(account.id)).some(({ name }) => name === 'Archive'));
});

test('compressed octets that come one by one are the same commands', async (t) => {
  const opened = await openDoor(t);
  const { peer, deflate, raw } = await compressed(opened, loggedIn);
  deflate.unpipe(raw);
  deflate.on('data', (piece: Buffer) => {
    for (const octet of piece) raw.write(Buffer.of(octet));
  });
  deflate.resume();
  await peer.asks('a', 'STATUS INBOX (MESSAGES)');
  await peer.asks('b', appended('Subject: x\r\n\r\nx\r\n'));
  assert.match(await peer.asks('c', 'STATUS INBOX (MESSAGES)'), /MESSAGES 1\)/);
});

test('a bomb of commands ends the connection before much of it has come out', async (t) => {
  const opened = await openDoor(t);
  const { raw, peer } = await compressed(opened, loggedIn);
  const commands = 'a NOOP\r\n'.repeat(8_000_000);
  const bomb = deflateRawSync(commands, { finishFlush: constants.Z_SYNC_FLUSH });
  assert(bomb.length < 250_000, `${bomb.length} octets`);
  raw.write(bomb);
  await opened.firstClosed;
  const heard = await peer.closes();
  assert.match(heard, /\* BYE \[TOOBIG\] Far more came out/);
  const answered = heard.split('a OK NOOP').length;
  assert(answered < commands.length / 16, `${answered} commands were answered`);
});

test('a bomb of one literal that is thrown away ends the connection', async (t) => {
  const opened = await openDoor(t);
  const { raw } = await compressed(opened, loggedIn);
  const literal = Buffer.concat([Buffer.from('a APPEND INBOX {200000000+}\r\n'), Buffer.alloc(60_000_000)]);
  raw.write(deflateRawSync(literal, { finishFlush: constants.Z_SYNC_FLUSH }));
  await opened.firstClosed;
});

test('a letter may be as alike as it wants', async (t) => {
  const opened = await openDoor(t);
  const { peer, raw } = await compressed(opened, loggedIn);
  const letter = `Subject: x\r\n\r\n${`${'A'.repeat(76)}\r\n`.repeat(200_000)}`;
  const octets = deflateRawSync(`a ${appended(letter)}\r\n`, { finishFlush: constants.Z_SYNC_FLUSH });
  assert(octets.length * 100 < letter.length, `${octets.length} octets`);
  raw.write(octets);
  await peer.hears(/a OK \[APPENDUID/);
});

test('who does not fetch what is compressed is waited for, and hung up on', async (t) => {
  const opened = await openDoor(t, { loggedInMs: 300 });
  const { peer, raw } = await compressed(opened);
  const letter = `Subject: x\r\n\r\n${randomBytes(150_000).toString('base64')}\r\n`;
  for (let count = 0; count < 20; count++) await peer.asks(`a${count}`, appended(letter));
  let read = 0;
  const { store } = opened;
  const blob = store.blob.bind(store);
  store.blob = (...given) => {
    read += 1;
    return blob(...given);
  };
  raw.pause();
  peer.socket.write(
    Array.from({ length: 200 }, (_, count) => `f${count} FETCH 1:* BODY.PEEK[]\r\n`).join(''),
  );
  await opened.firstClosed;
  assert(read < 800, `${read} letters were read`);
});

test('a client that ends its stream is let go', async (t) => {
  const opened = await openDoor(t);
  const { deflate, raw } = await compressed(opened);
  deflate.end();
  await once(raw, 'end');
  await opened.firstClosed;
});
