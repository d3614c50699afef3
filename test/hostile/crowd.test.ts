import assert from 'node:assert/strict';
import test from 'node:test';
import { greeted, Peer, tcpTo, type RawReply } from '../support/peer.ts';
import { addAccount, type RunningServer } from '../support/server.ts';
import { whileAttacked } from './attacked.ts';

test('five hundred connections that wait are not noticed by the next one', async () => {
  await whileAttacked('', async ({ server, sendLetter }) => {
    const crowd: Peer[] = [];
    for (let times = 0; times < 10; times += 1) {
      crowd.push(
        ...(await Promise.all([
          ...Array.from({ length: 25 }, () => greeted(server)),
          ...Array.from({ length: 25 }, () => greetedPlain(server)),
        ])),
      );
    }
    assert.equal(crowd.length, 500);
    await sendLetter();
    // They were not pushed out to make room either.
    for (const peer of crowd) await peer.expect('NOOP', 250);
    for (const peer of crowd) peer.destroy();
  });
});

async function greetedPlain(server: RunningServer): Promise<Peer> {
  const peer = new Peer(await tcpTo(server, 'submission'));
  assert.equal((await peer.reply()).code, 220);
  return peer;
}

test('strangers who never end their letters leave room for own people', async () => {
  await whileAttacked('threads = 1', async ({ server, address, password, sendLetter }) => {
    const strangers: Peer[] = [];
    const chunk = Buffer.alloc(22_000_000, 'x');
    for (let times = 0; times < 3; times += 1) {
      const peer = await stranger(server, address);
      peer.socket.write(`BDAT ${chunk.length}\r\n`);
      peer.socket.write(chunk);
      assert.equal((await peer.reply()).code, 250);
      strangers.push(peer);
    }
    const fourth = await stranger(server, address);
    fourth.socket.write(`BDAT ${chunk.length} LAST\r\n`);
    fourth.socket.write(chunk);
    assert.equal((await fourth.reply()).code, 452);
    const own = await greeted(server);
    await own.expect('EHLO peer.example', 250);
    assert.equal((await own.login(address, password)).code, 235);
    await own.expect(`MAIL FROM:<${address}> SIZE=26000000`, 250);
    await own.expect(`RCPT TO:<${address}>`, 250);
    await own.expect('DATA', 354);
    await sendLetter();
    for (const peer of [...strangers, fourth, own]) peer.destroy();
  });
});

/** From the greeting to RCPT at the door for other servers. */
async function stranger(server: RunningServer, address: string): Promise<Peer> {
  const peer = new Peer(await tcpTo(server, 'exchanger'));
  assert.equal((await peer.reply()).code, 220);
  await peer.expect('EHLO stranger.example', 250);
  await peer.expect('MAIL FROM:<stranger@stranger.example>', 250);
  await peer.expect(`RCPT TO:<${address}>`, 250);
  return peer;
}

test('of a hundred passwords tried at once only as many are verified as the throttle lets through', async () => {
  await whileAttacked('threads = 1', async ({ server, site, sendLetter }) => {
    const address = await addAccount(site, 'ben', 'another pass phrase');
    const peers = await Promise.all(Array.from({ length: 100 }, () => greeted(server)));
    await Promise.all(peers.map((peer) => peer.expect('EHLO peer.example', 250)));
    const began = performance.now();
    const replies = await Promise.all(
      peers.map((peer, index) => peer.login(address, `wrong guess ${index}`)),
    );
    const seconds = (performance.now() - began) / 1000;
    const count = (code: number): number => replies.filter((reply) => reply.code === code).length;
    const counted = replies.reduce<Record<number, number>>(tally, {});
    assert.equal(count(535) + count(454), 100, JSON.stringify(counted));
    // Five failures cost nothing; after them each wait is twice the one before, the first is a second.
    const mostVerified = 5 + Math.ceil(Math.log2(seconds + 1));
    assert.ok(count(535) >= 1 && count(535) <= mostVerified, `${count(535)} were verified in ${seconds} s`);
    const logged = server
      .events()
      .filter(({ event, outcome }) => event === 'smtp.login' && outcome === 'credentials');
    assert.equal(logged.length, count(535));
    for (const peer of peers) peer.destroy();
    // Guesses at one account from a network are no obstacle to another that is known there.
    await sendLetter();
  });
});

const tally = (sum: Record<number, number>, { code }: RawReply): Record<number, number> => ({
  ...sum,
  [code]: (sum[code] ?? 0) + 1,
});
