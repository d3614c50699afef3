import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import type { Store } from '../store/port.ts';
import { enter, letter, openDoor, otherwise, whenLogged, type Opened, type Peer } from './pop3-loopback.ts';

const line = `${'x'.repeat(76)}\r\n`;
/** 256 KiB, as a store gives a letter that lies in a file; it ends inside of a line. */
const piece = new Uint8Array(Buffer.from(line.repeat(3400)).subarray(0, 262_144));

/** How much of the letter was asked for, and whether its reading was ended. */
type Watched = { pieces: number; ended: boolean };

/** The store, whose letters are so many pieces long, each made when it is asked for; after `breaksAt` of them the disk breaks. */
const long =
  (watched: Watched, pieces: number, breaksAt = Infinity) =>
  (store: Store): Store =>
    otherwise(store, {
      served: () => ({ prefix: new Uint8Array(letter('long', '')), omitted: [], bytes: null }),
      blobPieces: () => made(watched, pieces, breaksAt),
    });

async function* made(watched: Watched, pieces: number, breaksAt: number): AsyncGenerator<Uint8Array> {
  try {
    for (let at = 0; at < pieces; at += 1) {
      if (at === breaksAt) throw new Error('the disk is on fire');
      watched.pieces += 1;
      yield piece;
    }
  } finally {
    watched.ended = true;
  }
}

async function reading(
  t: TestContext,
  pieces: number,
  changes: { readonly breaksAt?: number; readonly idleMs?: number } = {},
): Promise<{ opened: Opened; peer: Peer; watched: Watched }> {
  const watched = { pieces: 0, ended: false };
  const opened = await openDoor(t, 'implicit', [letter('short')], {
    store: long(watched, pieces, changes.breaksAt),
    ...(changes.idleMs === undefined ? {} : { idleMs: changes.idleMs }),
  });
  return { opened, peer: await enter(t, opened), watched };
}

/** What a socket in between may hold on both sides, octets. */
const underWay = 16_777_216;

test('a letter of 256 MiB is read as it is fetched, and comes whole', async (t) => {
  const pieces = 1024;
  const { peer, watched } = await reading(t, pieces);
  peer.leave();
  let heardBytes = 0;
  let last = '';
  let mostAhead = 0;
  const whole = new Promise<void>((resolve) => {
    peer.socket.on('data', (chunk: Buffer) => {
      heardBytes += chunk.length;
      mostAhead = Math.max(mostAhead, watched.pieces * piece.length - heardBytes);
      last = (last + chunk.toString('latin1')).slice(-5);
      if (last === '\r\n.\r\n') resolve();
    });
  });
  peer.send('RETR 1\r\n');
  await whole;
  const head = '+OK The letter follows\r\n'.length + letter('long', '').length;
  assert.equal(heardBytes, head + pieces * piece.length + '\r\n.\r\n'.length);
  assert.equal(watched.pieces, pieces);
  assert(mostAhead < underWay, `${mostAhead} octets ahead of the reader`);
});

test('nothing is read for a client that fetches nothing, and it is hung up on in the end', async (t) => {
  const { opened, peer, watched } = await reading(t, 1_000_000, { idleMs: 300 });
  peer.leave();
  peer.socket.pause();
  peer.send('RETR 1\r\nRETR 1\r\n');
  await whenLogged(opened, 'pop3.closed');
  assert(watched.pieces * piece.length < underWay, `${watched.pieces} pieces were read for nobody`);
  assert(watched.ended, 'the reading of the letter goes on');
  peer.socket.destroy();
});

test('a client that goes away in the middle of a letter ends its reading, and the maildrop is free', async (t) => {
  const { opened, peer, watched } = await reading(t, 1_000_000);
  peer.send('RETR 1\r\n');
  await peer.hears(/Subject: long/);
  peer.socket.destroy();
  await enterSoon(t, opened);
  assert(watched.ended);
});

test('TOP reads no more of a letter than it needs', async (t) => {
  const { peer, watched } = await reading(t, 1_000_000);
  peer.send('TOP 1 2\r\nNOOP\r\n');
  const heard = await peer.hears(/\r\n\.\r\n\+OK Still here\r\n/);
  assert.equal(
    heard,
    `+OK The top of the letter follows\r\n${letter('long', '').toString()}${line}${line}.\r\n+OK Still here\r\n`,
  );
  assert.equal(watched.pieces, 1);
  assert(watched.ended);
});

test('half a letter never ends: the connection is closed instead', async (t) => {
  const { opened, peer, watched } = await reading(t, 10, { breaksAt: 3 });
  peer.send('RETR 1\r\nNOOP\r\n');
  const heard = await peer.all();
  assert.equal(watched.pieces, 3);
  assert.equal(
    heard.length,
    '+OK The letter follows\r\n'.length + letter('long', '').length + 3 * piece.length,
  );
  assert(opened.logged.some((entry) => /^pop3\.fault .*"asked":"more".*on fire/.test(entry)));
  await enterSoon(t, opened);
});

/** Waits for the maildrop to be free: a reset may take its time. */
async function enterSoon(t: TestContext, opened: Opened): Promise<void> {
  await whenLogged(opened, 'pop3.closed');
  const next = await enter(t, opened);
  next.send('QUIT\r\n');
  await once(next.socket, 'close');
}
