import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { greeted, Peer, tcpTo, tlsTo, upgraded } from '../support/peer.ts';
import type { DoorName, RunningServer } from '../support/server.ts';
import { beginLetter, whileAttacked } from './attacked.ts';

const idle = 'limits.idle_seconds = 2';
const farewell = /^421 4\.4\.2 Nothing came for too long; closing\r\n$/;

// Mostly they wait, so they wait together.
describe('peers with all the time in the world', { concurrency: true }, () => {
  test('a connection that says nothing is told so and closed', async () => {
    await whileAttacked(idle, async ({ server }) => {
      const plain = new Peer(await tcpTo(server, 'submission'));
      assert.equal((await plain.reply()).code, 220);
      const silent = [plain, await greeted(server)];
      const inAuth = await greeted(server);
      await inAuth.expect('EHLO peer.example', 250);
      await inAuth.expect('AUTH LOGIN', 334);
      for (const peer of [...silent, inAuth]) {
        assert.match(await peer.ended, farewell);
        peer.destroy();
      }
    });
  });

  test('one byte at a time is no progress', async () => {
    await whileAttacked(idle, async ({ server, address, password, sendLetter }) => {
      const inCommand = await greeted(server);
      const inLetter = await greeted(server);
      await inLetter.expect('EHLO peer.example', 250);
      assert.equal((await inLetter.login(address, password)).code, 235);
      await beginLetter(inLetter, address);
      const inUpgraded = await upgraded(server);
      const trickles = [inCommand, inLetter, inUpgraded].map(async (peer) => {
        const timer = setInterval(() => peer.socket.write('x'), 20);
        const said = await peer.ended;
        clearInterval(timer);
        assert.match(said, farewell);
        peer.destroy();
      });
      await sendLetter();
      await Promise.all(trickles);
    });
  });

  test('a handshake that is begun and never finished is cut off', async () => {
    await whileAttacked(idle, async ({ server, sendLetter }) => {
      const halves: Peer[] = [];
      for (const door of ['submissions', 'https'] as const) {
        halves.push(new Peer(await tcpTo(server, door)), await beginHandshake(server, door));
      }
      const plain = new Peer(await tcpTo(server, 'submission'));
      assert.equal((await plain.reply()).code, 220);
      await plain.expect('EHLO peer.example', 250);
      await plain.expect('STARTTLS', 220);
      halves.push(plain);
      await sendLetter();
      const began = performance.now();
      for (const peer of halves) {
        await peer.ended;
        peer.destroy();
      }
      assert.ok(performance.now() - began < 10_000, 'cut off by the limits of this server, not those of TLS');
      for (const door of ['submissions', 'submission'])
        await server.logged(
          ({ event, why, ...fields }) =>
            event === 'tls.failed' &&
            fields['door'] === door &&
            /did not finish the handshake in time/.test(String(why)),
        );
    });
  });

  test('a peer that has ended its side gets its replies, and is let go', async () => {
    await whileAttacked(idle, async ({ server, address, password }) => {
      const asking = new Peer(await tcpTo(server, 'submission'));
      assert.equal((await asking.reply()).code, 220);
      asking.socket.end('EHLO peer.example\r\nNOOP\r\nQUIT\r\n');
      const said = await asking.ended;
      assert.match(said, /^250 2\.0\.0 Still here\r\n221 /m);

      for (const door of ['submissions', 'submission', 'https'] as const) {
        const silent = new Peer(await tcpTo(server, door));
        silent.socket.end();
        await silent.ended;
      }
      const secured = new Peer(await tlsTo(server, 'submissions'));
      assert.equal((await secured.reply()).code, 220);
      secured.socket.end();
      await secured.ended;

      const midLetter = await greeted(server);
      await midLetter.expect('EHLO peer.example', 250);
      assert.equal((await midLetter.login(address, password)).code, 235);
      await beginLetter(midLetter, address);
      midLetter.socket.end('Subject: half\r\n\r\nhalf');
      assert.equal(await midLetter.ended, '', 'half a letter is not answered');
    });
  });

  test('a peer that never fetches its replies is not read from, and then let go', async () => {
    await whileAttacked(`${idle}\nlimits.idle_commands = 1000000`, async ({ server, sendLetter }) => {
      const socket = await tlsTo(server, 'submissions');
      const connected = await server.logged(
        ({ event, port }) => event === 'smtp.connected' && port === socket.localPort,
      );
      const gone = server.logged(({ event, id }) => event === 'smtp.closed' && id === connected['id']);
      // It goes on as long as the server takes more; then nothing is fetched and nothing is said.
      const asks = Buffer.from('EHLO peer.example\r\n'.repeat(3000));
      let sentBytes = 0;
      const ask = (): void => {
        sentBytes += asks.length;
        socket.write(asks, () => setImmediate(() => socket.destroyed || ask()));
      };
      ask();
      await sendLetter();
      await gone;
      assert.ok(sentBytes < 64 * 1024 * 1024, `${sentBytes} bytes were taken`);
      socket.destroy();
    });
  });
});

/** A record header that announces a ClientHello of 512 octets, and a few of them. */
async function beginHandshake(server: RunningServer, door: DoorName): Promise<Peer> {
  const peer = new Peer(await tcpTo(server, door));
  peer.socket.write(Buffer.from('160301020001000001fc0303', 'hex'));
  return peer;
}
