import assert from 'node:assert/strict';
import { once } from 'node:events';
import { constants } from 'node:http2';
import { Agent, request } from 'node:https';
import { connect as plainConnect } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { HttpRoutes } from './http-context.ts';
import { defaultAdmissionLimits } from '../policy/admission.ts';
import { systemClock } from './clock.ts';
import { openHttpsDoor } from './https-door.ts';
import {
  ask,
  basic,
  deliver,
  lettersDoor,
  raw,
  rest,
  session,
  testJournal,
  type LettersDoor,
  testGate,
} from './https-loopback.ts';
import { ensureDevelopmentCertificates } from './tls/authority.ts';
import { testCertificates, testSource } from './tls/loopback.ts';

const mine = { authorization: basic('nu1@447.edu') };
const big = `Subject: big\r\n\r\n${'0123456789abcde\r\n'.repeat(500_000)}`;
const h1 = { ALPNProtocols: ['http/1.1'] };

/** A GET by node:https. */
function httpsGet(
  at: LettersDoor,
  path: string,
  agent: Agent,
  headers: Record<string, string> = mine,
): Promise<{ status: number; text: string; connection: string | undefined }> {
  return new Promise((resolve, reject) => {
    const options = { ...at.tls, port: at.door.port, path, agent, headers };
    const asked = request(options, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text, connection: response.headers.connection }),
      );
    });
    asked.on('error', reject).end();
  });
}

function agentOf(t: TestContext): Agent {
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  return agent;
}

/** Resolves when a condition holds that something outside makes true. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

/** RFC 9113 section 3.2 for HTTP/2; RFC 9112 for who offers that, or nothing. */
test('HTTP/2, HTTP/1.1, and no ALPN at all', async (t) => {
  const at = await lettersDoor(t);
  await deliver(at.store, [at.nu1], 'Subject: x\r\n\r\nHello\r\n');
  const client = session(t, at);
  assert.equal((await ask(client, '/letters/nu1@447.edu', mine)).status, 200);
  assert.equal(client.alpnProtocol, 'h2');
  const agent = agentOf(t);
  for (const accept of ['text/plain', 'application/json', 'application/mbox', 'message/rfc822']) {
    const { status, text } = await httpsGet(at, '/letters/nu1@447.edu/1', agent, { ...mine, accept });
    assert.equal(status, 200);
    assert.match(text, /Hello/);
  }
  for (const options of [{}, h1]) {
    const socket = raw(t, at, options);
    socket.write('GET / HTTP/1.0\r\nHost: x\r\n\r\n');
    assert.match(await rest(socket), /^HTTP\/1\.1 200 OK\r\n[^]*Letterlock/);
  }
});

test('one log line for each request, with the route and not the query, and no password', async (t) => {
  const at = await lettersDoor(t);
  const client = session(t, at);
  const logged = at.journal.next('http.request');
  const answer = await ask(client, '/letters/nu1@447.edu?count=5&secret=1', mine);
  const { id, ms, ...line } = await logged;
  assert.equal(typeof id, 'string');
  assert.equal(typeof ms, 'number');
  assert.deepEqual(line, {
    peer: '127.0.0.1',
    protocol: 'h2',
    method: 'GET',
    route: '/letters/:address',
    status: 200,
    bytes: answer.body.length,
    account: 'nu1@447.edu',
  });
  await ask(client, '/nothing/here?secret=1', { ':method': 'FROB' });
  await until(() => at.journal.of('http.request').length === 2);
  assert.equal(at.journal.of('http.request')[1]?.fields['route'], null);
  const text = JSON.stringify(at.journal.lines);
  assert.ok(
    !text.includes('secret') && !text.includes('pencil') && !text.includes(mine.authorization.slice(6)),
  );
  const connected = at.journal.of('http.connected')[0]?.fields as { tls: { version: string; group: string } };
  assert.deepEqual([connected.tls.version, connected.tls.group], ['TLSv1.3', 'X25519MLKEM768']);
});

test('TLS 1.2, and what is no TLS, are refused in one line each', async (t) => {
  const at = await lettersDoor(t);
  const failed = at.journal.next('tls.failed');
  const old = raw(t, at, { maxVersion: 'TLSv1.2' });
  await rest(old);
  assert.match(String((await failed)['why']), /TLS version/);
  const plain = plainConnect(at.door.port, '127.0.0.1');
  plain.on('error', () => undefined).resume();
  const failedToo = at.journal.next('tls.failed');
  plain.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.match(String((await failedToo)['why']), /plain HTTP/);
  assert.equal(at.journal.of('tls.failed').length, 2);
  assert.equal(at.journal.of('http.connected').length, 0);
});

test('a door is not opened on a source that takes TLS 1.2', async (t) => {
  const certificates = await testCertificates(t);
  const source = await testSource(certificates, { minVersion: 'TLSv1.2' });
  const place = { address: '127.0.0.1', port: 0, shared: false };
  const journal = testJournal();
  const parts = { name: 'https', place, certificates: source, routes: [], journal, gate: testGate(journal) };
  await assert.rejects(openHttpsDoor({ ...parts, clock: systemClock }), /TLS 1\.3 only/);
});

test('a taken port is told as Node tells it', async (t) => {
  const at = await lettersDoor(t);
  const place = { address: '127.0.0.1', port: at.door.port, shared: false };
  const { journal, source } = at;
  const parts = { name: 'two', place, certificates: source, routes: [], journal, gate: testGate(journal) };
  await assert.rejects(openHttpsDoor({ ...parts, clock: systemClock }), { code: 'EADDRINUSE' });
});

test('a reload reaches the door', async (t) => {
  const at = await lettersDoor(t);
  const before = raw(t, at, h1);
  await once(before, 'secureConnect');
  await ensureDevelopmentCertificates(at.certificates.folder, { host: 'mail.447.edu' });
  assert.ok((await at.source.reload()).ok);
  const after = raw(t, at, h1);
  await once(after, 'secureConnect');
  assert.notEqual(
    after.getPeerX509Certificate()?.fingerprint256,
    before.getPeerX509Certificate()?.fingerprint256,
  );
});

const troubled: HttpRoutes = (app) => {
  app.get('/throws', () => {
    throw new Error('the disk is full');
  });
  app.get('/rejects', () => Promise.reject(new Error('the disk is full')));
  app.get('/events', (c) => {
    c.env.exchange.endless = true;
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(Buffer.from('data: 1\n\n')),
    });
    const headers = {
      'content-type': 'text/event-stream',
      'transfer-encoding': 'chunked',
      connection: 'keep-alive',
    };
    return new Response(stream, { headers });
  });
  app.post('/take', async (c) => c.text(String((await c.req.arrayBuffer()).byteLength)));
};

test('a fault is told by its id alone, over HTTP/2 and HTTP/1.1', async (t) => {
  const at = await lettersDoor(t, { routes: [troubled] });
  const client = session(t, at);
  const agent = agentOf(t);
  for (const path of ['/throws', '/rejects']) {
    const texts = [(await ask(client, path)).text, (await httpsGet(at, path, agent)).text];
    for (const text of texts) {
      const [, fault] = /^The server failed\. Fault ([\w-]{8})\.\n$/.exec(text) ?? [];
      const line = at.journal.of('http.fault').find(({ fields }) => fields['fault'] === fault);
      assert.match(String(line?.fields['error']), /the disk is full/);
    }
  }
});

test('an event stream flows over both, with the fields of one connection left out', async (t) => {
  const at = await lettersDoor(t, { routes: [troubled], limits: { stallMs: 20 } });
  const stream = session(t, at).request({ ':path': '/events' });
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
  assert.equal(headers['connection'], undefined);
  const [chunk] = (await once(stream, 'data')) as [Buffer];
  assert.equal(chunk.toString(), 'data: 1\n\n');
  const socket = raw(t, at, h1);
  socket.write('GET /events HTTP/1.1\r\nHost: x\r\n\r\n');
  let text = '';
  socket.on('data', (more: Buffer) => (text += more.toString()));
  await until(() => text.includes('data: 1'));
  assert.equal(at.journal.of('http.fault').length, 0);
});

test('a client that sends nothing, or its header octet by octet, is shown out', async (t) => {
  const limits = { headersMs: 80, requestMs: 120, idleMs: 100 };
  const at = await lettersDoor(t, { limits });
  const silent = raw(t, at, h1);
  const slow = raw(t, at, h1);
  slow.write('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ');
  const drip = setInterval(() => slow.writable && slow.write('a'), 10);
  t.after(() => clearInterval(drip));
  const silentH2 = raw(t, at, { ALPNProtocols: ['h2'] });
  const idleH2 = session(t, at);
  const idleClosed = once(idleH2, 'close');
  await ask(idleH2, '/').catch(() => undefined);
  const pings = setInterval(() => !idleH2.closed && idleH2.ping(() => undefined), 10);
  t.after(() => clearInterval(pings));
  const kept = raw(t, at, h1);
  kept.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  const [, answer] = await Promise.all([rest(silent), rest(slow), rest(silentH2), idleClosed, rest(kept)]);
  assert.match(answer, /^(HTTP\/1\.1 408 [^]*)?$/);
  await until(() => at.journal.of('http.closed').length === 5);
});

test('an HTTP/2 client whose header or body does not end is shown out', async (t) => {
  const at = await lettersDoor(t, { limits: { requestMs: 60, idleMs: 500 }, routes: [troubled] });
  const halfHeader = raw(t, at, { ALPNProtocols: ['h2'] });
  halfHeader.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  // SETTINGS, then HEADERS of 16 KiB with a long field, octet by octet.
  halfHeader.write(Buffer.from('0000000400000000000040000104000000018284870001787ffb7e', 'hex'));
  const drip = setInterval(() => halfHeader.writable && halfHeader.write('a'), 10);
  t.after(() => clearInterval(drip));
  const stream = session(t, at).request({ ':path': '/take', ':method': 'POST' });
  stream.on('error', () => undefined);
  stream.write('a');
  const closed = new Promise<void>((resolve) => stream.once('close', resolve));
  await Promise.all([rest(halfHeader), closed]);
  assert.equal(at.journal.of('http.too-slow').length, 1);
});

test('a client that does not take its letter is shown out, and the room given back', async (t) => {
  const at = await lettersDoor(t, { limits: { stallMs: 150, slowestBytes: 1_000_000_000 } });
  await deliver(at.store, [at.nu1], big);
  const path = '/letters/nu1@447.edu/1';
  const stream = session(t, at).request({ ':path': path, ...mine, accept: 'message/rfc822' });
  stream.on('error', () => undefined);
  await once(stream, 'response');
  stream.pause();
  const socket = raw(t, at, h1);
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: ${mine.authorization}\r\nAccept: message/rfc822\r\n\r\n`,
  );
  socket.pause();
  await until(() => at.journal.of('http.request').length === 2);
  for (const { fields } of at.journal.of('http.request')) {
    assert.equal(fields['aborted'], true);
    assert.ok(Number(fields['bytes']) < big.length, 'no more is loaded than is taken');
  }
  assert.equal(at.journal.of('http.too-slow').length, 2);
  assert.ok(at.room.fits(64_000_000));
});

test('downloads broken off by the client hurt nobody', async (t) => {
  const at = await lettersDoor(t);
  await deliver(at.store, [at.nu1], big);
  const path = '/letters/nu1@447.edu/1';
  for (const accept of ['message/rfc822', 'application/mbox', 'text/plain']) {
    const client = session(t, at);
    for (let n = 0; n < 4; n++) {
      const stream = client.request({ ':path': path, ...mine, accept });
      stream.on('error', () => undefined);
      if (n % 2 === 0) stream.once('response', () => stream.close(constants.NGHTTP2_CANCEL));
      else stream.once('data', () => stream.destroy());
      await once(stream, 'close');
    }
    client.request({ ':path': path, ...mine, accept }).on('error', () => undefined);
    client.destroy();
    const socket = raw(t, at, h1);
    // A pipeline: not every response of it has a connection of its own to hear from.
    const one = `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: ${mine.authorization}\r\nAccept: ${accept}\r\n\r\n`;
    socket.write(one.repeat(3));
    await once(socket, 'data');
    socket.destroy();
  }
  await until(() => at.journal.of('http.closed').length === 6);
  assert.ok(at.room.fits(64_000_000));
  assert.deepEqual(at.journal.of('http.fault'), []);
  assert.equal((await ask(session(t, at), '/letters/nu1@447.edu', mine)).status, 200);
});

test('a header of 1 MiB is refused, and one of 10 KiB is not', async (t) => {
  const at = await lettersDoor(t);
  const long = 'a'.repeat(1_048_576);
  const socket = raw(t, at, h1);
  socket.write(`GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${long}\r\n\r\n`);
  assert.match(await rest(socket), /^HTTP\/1\.1 431 /);
  assert.equal(at.journal.of('http.bad-request').length, 1);
  const many = raw(t, at, h1);
  many.write(`GET / HTTP/1.1\r\nHost: x\r\n${'A: b\r\n'.repeat(200_000)}\r\n`);
  assert.match(await rest(many), /^HTTP\/1\.1 431 /);
  const frames = raw(t, at, { ALPNProtocols: ['h2'] });
  frames.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  // SETTINGS, HEADERS without END_HEADERS, then 64 CONTINUATION frames full of a field that is not indexed.
  frames.write(Buffer.from('000000040000000000000003010000000001828487', 'hex'));
  const field = Buffer.concat([
    Buffer.from('000178', 'hex'),
    Buffer.from('7ffb7e', 'hex'),
    Buffer.alloc(16_378, 'a'),
  ]);
  for (let n = 0; n < 64; n++) frames.write(Buffer.concat([Buffer.from('004000090000000001', 'hex'), field]));
  await rest(frames);
  const client = session(t, at);
  assert.equal((await ask(client, '/', { 'x-long': 'a'.repeat(17_000) })).status, 431);
  await assert.rejects(ask(client, '/', { 'x-long': 'a'.repeat(70_000) }));
  const third = session(t, at);
  await assert.rejects(
    ask(third, '/', Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`x-${n}`, 'a']))),
  );
  assert.equal((await ask(session(t, at), '/', { 'x-long': 'a'.repeat(10_000) })).status, 200);
});

test('octets that are no HTTP get one answer', async (t) => {
  const at = await lettersDoor(t);
  const cases = [
    'EHLO there\r\n\r\n',
    '\0\0\0\0\0\0',
    'GET / HTTP/1.1\r\nHost: x\r\nA:b\rc\r\n\r\n',
    '\x16\x03\x01\x02\x00',
  ];
  for (const octets of cases) {
    const socket = raw(t, at, h1);
    socket.write(octets, 'latin1');
    const answer = await rest(socket);
    assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\nConnection: close\r\n\r\n$/, JSON.stringify(octets));
  }
  const frames = raw(t, at, { ALPNProtocols: ['h2'] });
  frames.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await rest(frames);
  const noHost = raw(t, at, h1);
  noHost.write('GET / HTTP/1.1\r\n\r\n');
  assert.match(await rest(noHost), /^HTTP\/1\.1 400 /);
});

test('a GET with a body is refused, and its connection closed', async (t) => {
  const at = await lettersDoor(t);
  for (const fields of ['Content-Length: 1000000000', 'Transfer-Encoding: chunked']) {
    const socket = raw(t, at, h1);
    socket.write(`GET /letters/nu1@447.edu HTTP/1.1\r\nHost: x\r\n${fields}\r\n\r\n`);
    assert.match(await rest(socket), /^HTTP\/1\.1 413 [^]*\r\nConnection: close\r\n/i);
  }
  const answer = await ask(session(t, at), '/', {}, Buffer.alloc(10));
  assert.equal(answer.status, 413);
});

test('connections and requests at once are bounded', async (t) => {
  const at = await lettersDoor(t, {
    limits: { streams: 3 },
    admission: { ...defaultAdmissionLimits, connections: 2 },
    routes: [troubled],
  });
  const client = session(t, at);
  await once(client, 'remoteSettings');
  assert.equal(client.remoteSettings.maxConcurrentStreams, 3);
  const piped = raw(t, at, h1);
  piped.write('GET /events HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(4));
  // The third connection finds the door shut, as long as the others stand.
  await rest(raw(t, at, h1));
  await rest(piped);
  assert.equal(at.journal.of('door.refused').length, 1);
  await until(() => at.journal.of('http.closed').length === 1);
  const fourth = raw(t, at, h1);
  await once(fourth, 'secureConnect');
});

test('closing lets what is under way end, and takes nothing new', async (t) => {
  const at = await lettersDoor(t);
  await deliver(at.store, [at.nu1], big);
  const path = '/letters/nu1@447.edu/1';
  const client = session(t, at);
  const stream = client.request({ ':path': path, ...mine, accept: 'message/rfc822' });
  await once(stream, 'response');
  const idle = session(t, at);
  await ask(idle, '/');
  const agent = agentOf(t);
  await httpsGet(at, '/', agent);
  const download = raw(t, at, h1);
  download.write(
    `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: ${mine.authorization}\r\nAccept: message/rfc822\r\n\r\n`,
  );
  download.pause();
  await until(() => at.journal.of('http.connected').length === 4);
  await once(download, 'readable');
  const halfOpen = plainConnect(at.door.port, '127.0.0.1');
  await once(halfOpen, 'connect');

  const goneAway = once(client, 'goaway');
  let closed = false;
  const closing = at.door.close(10_000).then(() => (closed = true));
  await Promise.all([goneAway, once(idle, 'close'), once(halfOpen.resume(), 'close')]);
  await assert.rejects(once(plainConnect(at.door.port, '127.0.0.1'), 'connect'), { code: 'ECONNREFUSED' });
  assert.equal(closed, false);
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => (bytes += chunk.length));
  await once(stream, 'end');
  assert.ok(bytes > big.length);
  assert.ok((await rest(download)).length > big.length);
  await closing;
});

test('closing does not wait longer than the grace', async (t) => {
  const at = await lettersDoor(t, { routes: [troubled] });
  const stream = session(t, at).request({ ':path': '/events' });
  stream.on('error', () => undefined);
  await once(stream, 'data');
  await Promise.all([at.door.close(30), at.door.close(30)]);
  await until(() => stream.destroyed);
  assert.equal(at.journal.of('http.closed').length, 1);
});
