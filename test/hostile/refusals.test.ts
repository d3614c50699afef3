import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:tls';
import test from 'node:test';
import { LetterReader } from '../support/letters.ts';
import { greeted, Peer, tcpTo } from '../support/peer.ts';
import type { DoorName, RunningServer } from '../support/server.ts';
import { whileAttacked } from './attacked.ts';

test('TLS 1.2 is refused at every door of clients, with one line in the log for each', async () => {
  await whileAttacked('', async ({ server }) => {
    for (const door of ['submissions', 'submission', 'https'] as const) {
      assert.match(await refusal12(server, door), /ALERT_PROTOCOL_VERSION/);
      const line = await server.logged((logged) => logged.event === 'tls.failed' && logged['door'] === door);
      assert.equal(line['why'], 'the client offers no TLS version that this door takes');
      assert.equal(line['peer'], '127.0.0.1');
    }
    const lines = server.events().filter(({ event }) => event === 'tls.failed');
    assert.equal(lines.length, 3);
  });
});

/** The code of the error that a client gets which has TLS 1.2 and no more. */
async function refusal12(server: RunningServer, door: DoorName): Promise<string> {
  const plain = await tcpTo(server, door);
  if (door === 'submission') {
    const peer = new Peer(plain);
    assert.equal((await peer.reply()).code, 220);
    await peer.expect('EHLO peer.example', 250);
    await peer.expect('STARTTLS', 220);
    plain.removeAllListeners('data');
  }
  const socket = connect({
    socket: plain,
    ca: server.authority,
    servername: 'localhost',
    maxVersion: 'TLSv1.2',
  });
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
  socket.destroy();
  return String(error.code);
}

test('no secret is ever in the log, however clumsily it was sent', async () => {
  await whileAttacked(
    '',
    async ({ server, address, password }) => {
      const wrong = 'the wrong pass phrase';
      const base64 = (text: string): string => Buffer.from(text).toString('base64');
      const plainly = base64(`\0${address}\0${password}`);
      const peer = await greeted(server);
      await peer.expect('EHLO peer.example', 250);
      await peer.expect(` AUTH PLAIN ${plainly}`, 500);
      await peer.expect(`AUTH  PLAIN  ${plainly}`, 501);
      await peer.expect(`AUTH PLAIN ${plainly}`, 235);
      const clumsy = await greeted(server);
      await clumsy.expect('EHLO peer.example', 250);
      assert.equal((await clumsy.login(address, wrong)).code, 535);
      await clumsy.expect('AUTH LOGIN', 334);
      await clumsy.expect(base64(address), 334);
      await clumsy.expect(base64(password), 235);

      // Clients that do not listen send what they have, whatever the answer was.
      const deaf = new Peer(await tcpTo(server, 'submission'));
      await deaf.reply();
      await deaf.expect('EHLO peer.example', 250);
      await deaf.expect(`AUTH PLAIN ${plainly}`, 530);
      await deaf.expect('AUTH LOGIN', 530);
      await deaf.expect(base64(address), 500);
      await deaf.expect(base64(password), 500);

      const reader = new LetterReader(server, address, password);
      await reader.list();
      reader.close();
      for (const each of [peer, clumsy, deaf]) each.destroy();
      const marker = await greeted(server);
      await marker.expect('EHLO marker.example', 250);
      await server.logged(({ command }) => command === 'EHLO marker.example');
      marker.destroy();
      const log = server.output();
      assert.match(log, /"smtp\.command"/, 'there is a log to look at');
      for (const secret of [password, wrong]) {
        for (const form of [
          secret,
          base64(secret),
          base64(secret).replace(/=+$/, ''),
          encodeURIComponent(secret),
        ])
          assert.ok(!log.includes(form), `the log has ${form}`);
      }
      for (const form of [plainly, base64(`\0${address}\0${wrong}`), base64(`${address}:${password}`)])
        assert.ok(!log.includes(form), `the log has ${form}`);
    },
    '--trace',
  );
});
