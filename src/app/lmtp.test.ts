import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { connect as connectSecure } from 'node:tls';
import { testJournal } from '../net/https-loopback.ts';
import { testVerifiers } from '../store/contract.ts';
import { openStore } from '../store/sqlite/open.ts';
import type { AccountName } from '../store/port.ts';
import { parseConfig } from './config.ts';
import { startServer } from './server.ts';

/** A server with Alice, Bob, and a door of LMTP alone. */
async function start(t: TestContext, toml: string, threads = 1) {
  const folder = mkdtempSync(join(tmpdir(), 'letterlock-lmtp.'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const closed = ['submissions', 'submission', 'exchanger', 'imap', 'pop3', 'https'].map(
    (door) => `${door}.enabled = false\n`,
  );
  const parsed = await parseConfig(
    `domains = ["example.org"]\nthreads = ${threads}\n[listen]\n${closed.join('')}lmtp.enabled = true\nlmtp.port = 0\n${toml}`,
    null,
    { variables: {}, folder },
  );
  assert(parsed.ok, JSON.stringify(parsed));
  const opened = await openStore(parsed.value.data);
  assert(opened.ok);
  for (const name of ['alice@example.org', 'bob@example.org'] as AccountName[])
    await opened.value.createAccount({ name, verifiers: testVerifiers(), createdAt: 0 });
  await opened.value.close();
  const journal = testJournal();
  const server = await startServer({
    config: parsed.value,
    journal,
    log: { level: 'silent', format: 'json', colour: false },
    trace: false,
    askPassphrase: null,
  });
  t.after(() => server.close(0));
  const [door] = server.doors;
  assert(door !== undefined && server.doors.length === 1);
  return { folder, door, journal, server };
}

/** Says everything after the greeting, and hears everything. */
async function talk(t: TestContext, at: NetConnectOpts, words: string): Promise<string> {
  const socket = connect(at);
  socket.on('error', () => undefined);
  t.after(() => socket.destroy());
  return talkOn(socket, words);
}

async function talkOn(socket: Socket, words: string): Promise<string> {
  let heard = '';
  socket.on('data', (chunk: Buffer) => void (heard += String(chunk)));
  socket.write(words);
  await once(socket, 'close');
  return heard;
}

const letter = `LHLO front.example
MAIL FROM:<bounces@sender.example>
RCPT TO:<alice@example.org>
RCPT TO:<nobody@example.org>
RCPT TO:<bob@example.org>
DATA
Subject: hi

Hello
.
QUIT
`.replaceAll('\n', '\r\n');

const outcomes =
  /250 2\.1\.5 [^\n]*\r\n550 5\.1\.1 [^\n]*\r\n250 2\.1\.5 [^\n]*\r\n354 [^\n]*\r\n250 2\.0\.0 [^\n]*\r\n250 2\.0\.0 [^\n]*\r\n221 /;

test('a letter over TCP: STARTTLS is offered and not needed, nobody logs in, each recipient has a reply', async (t) => {
  const { door, journal } = await start(t, '');
  const heard = await talk(t, { host: '127.0.0.1', port: door.port }, letter);
  assert.match(heard, /^220 localhost LMTP Letterlock\r\n[^]*250-STARTTLS\r\n/);
  assert.doesNotMatch(heard, /AUTH|XENROL|XCLIENT/);
  assert.match(heard, outcomes);
  assert.equal(journal.of('smtp.delivered')[0]?.fields['recipients'], 2);
});

test('a Unix socket in one of two threads, without TLS, gone when the server is', async (t) => {
  const { folder, door, server } = await start(t, 'lmtp.socket = "run"\nlmtp.socket_mode = "0600"\n', 2);
  const path = join(folder, 'run');
  assert.deepEqual([door.address, door.port], [path, 0]);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  for (let times = 0; times < 4; times += 1) {
    const heard = await talk(t, { path }, letter);
    assert.match(heard, outcomes);
    assert.doesNotMatch(heard, /STARTTLS/);
  }
  await server.close(0);
  assert(!existsSync(path));
});

test('where TLS is required nothing is taken before it', async (t) => {
  const { door, server } = await start(t, '[lmtp]\ntls = "required"\n');
  const at = { host: '127.0.0.1', port: door.port };
  assert.match(await talk(t, at, letter), /\r\n530 5\.7\.0 /);
  const plain = connect(at);
  t.after(() => plain.destroy());
  plain.write('LHLO front.example\r\n');
  let heard = '';
  while (!heard.includes('250 ')) heard += String((await once(plain, 'data'))[0]);
  plain.write('STARTTLS\r\n');
  await once(plain, 'data');
  assert(server.authority !== null);
  plain.removeAllListeners('data');
  const secured = connectSecure({
    socket: plain,
    ca: readFileSync(server.authority),
    servername: 'localhost',
  });
  assert.match(await talkOn(secured, letter), outcomes);
});

test('who is none of its clients is told so, and the door begins nothing', async (t) => {
  const { door, journal } = await start(t, '[lmtp]\nclients = ["192.0.2.0/24"]\n');
  const heard = await talk(t, { host: '127.0.0.1', port: door.port }, '');
  assert.match(heard, /^421 4\.7\.0 Connections from your network are not taken here/);
  assert.equal(journal.of('door.refused')[0]?.fields['why'], 'not-for-this-network');
});
