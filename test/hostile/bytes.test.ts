import assert from 'node:assert/strict';
import test from 'node:test';
import { LetterReader } from '../support/letters.ts';
import { greeted, Peer, tcpTo, tlsTo, upgraded } from '../support/peer.ts';
import { SeededRandom } from '../support/random.ts';
import type { DoorName, RunningServer } from '../support/server.ts';
import { beginLetter, whileAttacked } from './attacked.ts';

const doors: readonly DoorName[] = ['submissions', 'submission', 'exchanger', 'https'];

test('random bytes at every door, before TLS and inside it', async () => {
  await whileAttacked('limits.idle_seconds = 2', async ({ server, sendLetter }) => {
    for (let seed = 1; seed <= 8; seed += 1) {
      const noise = new SeededRandom(seed).bytes(20_000);
      for (const door of doors) await sayNoise(new Peer(await tcpTo(server, door)), noise);
      for (const door of ['submissions', 'https'] as const)
        await sayNoise(new Peer(await tlsTo(server, door)), noise);
      await sayNoise(await upgraded(server), noise);
    }
    await sendLetter();
  });
});

/** The server ends it; what it says before, if anything, is a refusal. */
async function sayNoise(peer: Peer, noise: Buffer): Promise<void> {
  peer.socket.write(noise);
  await peer.ended;
  peer.destroy();
}

test('names that JavaScript knows are names like any other', async () => {
  await whileAttacked('', async ({ server, address, password }) => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
    const peer = await greeted(server);
    await peer.expect('EHLO __proto__', 250);
    for (const name of names) {
      await peer.expect(name, 500);
      await peer.expect(`AUTH ${name}`, 504);
    }
    assert.equal((await peer.login('__proto__', 'x')).code, 535);
    assert.equal((await peer.login(address, password)).code, 235);
    for (const name of names) {
      // RFC 5321 has no low line in the name of a parameter.
      await peer.expect(`MAIL FROM:<${address}> ${name}=1`, name.includes('_') ? 501 : 555);
      await peer.expect(`MAIL FROM:<${name}@letters.example>`, 550);
    }
    await peer.expect(`MAIL FROM:<${address}>`, 250);
    await peer.expect('RCPT TO:<__proto__@letters.example>', 550);
    await peer.expect('RSET', 250);
    await beginLetter(peer, address);
    const fields = names.map((name) => `${name}: polluted\r\n`).join('');
    await peer.expect(`${fields}Subject: __proto__\r\n\r\n__proto__\r\n.`, 250);
    await peer.expect('QUIT', 221);
    peer.destroy();
    await readBack(server, address, password, fields);
  });
});

async function readBack(
  server: RunningServer,
  address: string,
  password: string,
  fields: string,
): Promise<void> {
  const reader = new LetterReader(server, address, password);
  const letter = (await reader.list()).find(({ subject }) => subject === '__proto__');
  assert.ok(letter !== undefined);
  assert.equal((await reader.bytesOf(letter)).toString(), `${fields}Subject: __proto__\r\n\r\n__proto__\r\n`);
  reader.close();
}

test('a command that came in the clear behind STARTTLS is never obeyed', async () => {
  await whileAttacked('', async ({ server, sendLetter }) => {
    for (const injected of ['RSET\r\n', 'EHLO evil.example\r\n', 'x', '\x16\x03\x01']) {
      const peer = new Peer(await tcpTo(server, 'submission'));
      assert.equal((await peer.reply()).code, 220);
      await peer.expect('EHLO peer.example', 250);
      peer.socket.write(`STARTTLS\r\n${injected}`);
      assert.equal((await peer.reply()).code, 554);
      assert.equal(await peer.ended, '', 'nothing more was said');
      peer.destroy();
    }
    await sendLetter();
  });
});

test('connections that are reset in the middle of a letter leave nothing of it', async () => {
  await whileAttacked('', async ({ server, address, password, sendLetter }) => {
    for (let times = 0; times < 20; times += 1) {
      const peer = await greeted(server);
      await peer.expect('EHLO peer.example', 250);
      assert.equal((await peer.login(address, password)).code, 235);
      await beginLetter(peer, address);
      peer.socket.write(`Subject: never\r\n\r\n${'torn\r\n'.repeat(20_000)}`);
      peer.socket.destroy();
    }
    await sendLetter();
    const reader = new LetterReader(server, address, password);
    const subjects = (await reader.list()).map(({ subject }) => subject);
    assert.deepEqual(new Set(subjects), new Set(['normal']));
    reader.close();
  });
});
