import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { greeted, Peer, tcpTo } from '../support/peer.ts';
import { beginLetter, whileAttacked } from './attacked.ts';

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;

/** Sends up to 1 GiB of one letter, as fast as the server takes it, and gives how much went out before the end. */
async function flood(peer: Peer, chunk: Buffer): Promise<number> {
  let sentBytes = 0;
  while (!peer.isOver && sentBytes < GiB) {
    sentBytes += chunk.length;
    if (peer.socket.write(chunk)) await new Promise(setImmediate);
    else await Promise.race([once(peer.socket, 'drain'), peer.ended, peer.closed]);
  }
  return sentBytes;
}

const line = Buffer.alloc(65_536, 'A');

test('a line of 1 GiB is cut off early, with a reply', async () => {
  await whileAttacked('', async ({ server, address, password, sendLetter }) => {
    const plain = new Peer(await tcpTo(server, 'submission'));
    assert.equal((await plain.reply()).code, 220);
    const secured = await greeted(server);
    const inAuth = await greeted(server);
    await inAuth.expect('EHLO peer.example', 250);
    await inAuth.expect('AUTH PLAIN', 334);
    const inMail = await greeted(server);
    await inMail.expect('EHLO peer.example', 250);
    assert.equal((await inMail.login(address, password)).code, 235);
    await inMail.expect(`MAIL FROM:<${address}>`, 250);
    for (const peer of [plain, secured, inAuth, inMail]) {
      const [sentBytes] = await Promise.all([flood(peer, line), sendLetter()]);
      assert.ok(sentBytes < 64 * MiB, `${sentBytes} bytes were taken`);
      assert.match(await peer.ended, /^421 4\.5\.2 The line does not end; closing\r\n$/);
      peer.destroy();
    }
  });
});

test('a letter without end is thrown away, then cut off with a reply', async () => {
  await whileAttacked('limits.message_bytes = 65536', async ({ server, address, password, sendLetter }) => {
    const peer = await greeted(server);
    await peer.expect('EHLO peer.example', 250);
    assert.equal((await peer.login(address, password)).code, 235);
    await beginLetter(peer, address);
    const lines = Buffer.from(`${'x'.repeat(76)}\r\n`.repeat(800));
    const [sentBytes] = await Promise.all([flood(peer, lines), sendLetter()]);
    assert.ok(sentBytes < 384 * MiB, `${sentBytes} bytes were taken`);
    assert.match(await peer.ended, /^421 4\.3\.4 The letter does not end; closing\r\n$/);
    peer.destroy();
  });
});

test('a letter that is too big is refused, and the session goes on', async () => {
  await whileAttacked('limits.message_bytes = 65536', async ({ server, address, password }) => {
    const peer = await greeted(server);
    await peer.expect('EHLO peer.example', 250);
    assert.equal((await peer.login(address, password)).code, 235);
    await peer.expect(`MAIL FROM:<${address}> SIZE=65537`, 552);
    await beginLetter(peer, address);
    await peer.expect(`${'x'.repeat(998)}\r\n`.repeat(200) + '.', 552);
    await peer.expect('NOOP', 250);
    peer.destroy();
  });
});
