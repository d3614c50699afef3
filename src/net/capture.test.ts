import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { formatCapture } from './capture-pcapng.ts';
import { readCapture, saidBy, type Conversation } from './capture-reader.ts';
import { Capture, CapturingRelay } from './capture.ts';
import { stoppedClock, systemClock } from './clock.ts';

const conversationsOf = (capture: Capture): readonly Conversation[] =>
  readCapture(formatCapture({ interfaceName: 'lo', keyLog: null, packets: capture.packets })).conversations;

/** A server that does `serve` with each connection, and a relay to it. */
async function relayed(
  t: TestContext,
  capture: Capture,
  serve: (socket: Socket) => void,
): Promise<{ relay: CapturingRelay; port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const relay = await CapturingRelay.open({ address: '127.0.0.1', port }, capture);
  t.after(async () => {
    await relay.close();
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return { relay, port };
}

test('every byte of both directions goes through and is captured, with the ends as they are', async (t) => {
  const capture = new Capture(systemClock);
  // The server answers when the client has ended: the relay must hand on half a close.
  const { relay, port } = await relayed(t, capture, (socket) => {
    const heard: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => heard.push(chunk));
    socket.on('end', () => socket.end(Buffer.concat([...heard, ...heard])));
  });
  const said = Buffer.from(Array.from({ length: 1_000_000 }, (_, index) => index % 251));
  const client = connect({ host: '127.0.0.1', port: relay.port, allowHalfOpen: true });
  await once(client, 'connect');
  const { localPort } = client;
  client.end(said);
  const answer = await buffer(client);
  await relay.idle();
  assert.ok(answer.equals(Buffer.concat([said, said])));
  const [conversation, ...others] = conversationsOf(capture);
  assert.ok(conversation !== undefined && others.length === 0);
  assert.deepEqual(conversation.client, { address: '127.0.0.1', port: localPort });
  assert.deepEqual(conversation.server, { address: '127.0.0.1', port });
  assert.equal(conversation.end, 'ended');
  assert.ok(saidBy(conversation, 'client').equals(said));
  assert.ok(saidBy(conversation, 'server').equals(answer));
});

test('several connections at once are kept apart', async (t) => {
  const capture = new Capture(systemClock);
  const { relay } = await relayed(t, capture, (socket) => socket.pipe(socket));
  const clients = ['one', 'two', 'three'].map((text) => {
    const client = connect(relay.port, '127.0.0.1');
    client.end(text);
    return buffer(client);
  });
  await Promise.all(clients);
  await relay.idle();
  const said = conversationsOf(capture).map((conversation) => saidBy(conversation, 'client').toString());
  assert.deepEqual(said.toSorted(), ['one', 'three', 'two']);
});

test('a side that breaks off is captured as a reset, and the other learns of it', async (t) => {
  const capture = new Capture(systemClock);
  const { relay } = await relayed(t, capture, (socket) =>
    socket.once('data', () => socket.resetAndDestroy()),
  );
  const client = connect(relay.port, '127.0.0.1');
  client.write('hello');
  const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ECONNRESET');
  await relay.idle();
  assert.deepEqual(
    conversationsOf(capture).map(({ end }) => end),
    ['reset'],
  );
});

test('a server that is not there is a connection refused', async (t) => {
  const nobody = createServer();
  nobody.listen(0, '127.0.0.1');
  await once(nobody, 'listening');
  const { port } = nobody.address() as AddressInfo;
  nobody.close();
  await once(nobody, 'close');
  const capture = new Capture(systemClock);
  const relay = await CapturingRelay.open({ address: '127.0.0.1', port }, capture);
  t.after(() => relay.close());
  const client = connect(relay.port, '127.0.0.1');
  await once(client, 'error');
  await relay.idle();
  assert.deepEqual(
    conversationsOf(capture).map(({ end }) => end),
    ['reset'],
  );
});

test('a capture that has enough breaks the connection off', async (t) => {
  const capture = new Capture(systemClock, 100_000);
  const { relay } = await relayed(t, capture, (socket) => socket.pipe(socket));
  const client = connect(relay.port, '127.0.0.1');
  const closed = new Promise((resolve) => client.on('error', () => undefined).once('close', resolve));
  client.resume().write(Buffer.alloc(10_000_000));
  await closed;
  await relay.idle();
  assert.ok(capture.packets.reduce((sum, { frame }) => sum + frame.length, 0) <= 100_000);
});

test('close breaks off what still stands', async (t) => {
  const { relay } = await relayed(t, new Capture(systemClock), (socket) => socket.write('220 hello'));
  const client = connect(relay.port, '127.0.0.1');
  await once(client, 'data');
  const closed = once(client, 'close');
  client.resume();
  await relay.close();
  await closed;
});

test('each packet has a later time than the one before it, by a clock that stands still', () => {
  const clock = stoppedClock(1_790_000_000_123);
  const capture = new Capture(clock);
  const frame = new Uint8Array(1);
  assert.ok(capture.add([frame, frame]));
  clock.advance(1.5);
  assert.ok(capture.add([frame]));
  assert.deepEqual(
    capture.packets.map(({ atNs }) => atNs),
    [1_790_000_000_123_000_000n, 1_790_000_000_123_000_001n, 1_790_000_000_124_500_000n],
  );
});
