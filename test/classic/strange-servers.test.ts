import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { createServer } from 'node:tls';
import { inWorld, type ClassicWorld } from './classic-world.ts';
import { piped, type Piped } from './piped.ts';

/** What a server answers to a line; null closes without a word. */
type Answers = (line: string) => string | null;

/** Runs a client against a server that has the right certificate and its own ideas of the protocol. */
async function against(
  world: ClassicWorld,
  client: 'senderclient' | 'receiverclient',
  greeting: string,
  answers: Answers,
  lines: readonly string[],
): Promise<Piped> {
  const made = await piped([client, '--data', world.folder, '--port', '1'], []);
  assert.ok(made.status !== null);
  const file = (name: string): Promise<string> => readFile(join(world.folder, 'tls', name), 'utf8');
  const options = {
    key: await file('server.key'),
    cert: await file('server.pem'),
    ALPNProtocols: ['smtp', 'http/1.1'],
  };
  const server = createServer(options, (socket) => {
    socket.on('error', () => undefined).write(greeting);
    socket.on('data', (chunk) => {
      const answer = answers(chunk.toString('utf8'));
      if (answer === null) socket.destroy();
      else socket.write(answer);
      if (/^(?:221|421|HTTP)/.test(answer ?? '')) socket.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    return await piped([client, '--data', world.folder, '--port', String(port)], lines);
  } finally {
    server.close();
  }
}

const quits = (line: string): string | null => (line.startsWith('QUIT') ? '221 bye\r\n' : null);

test('a server that knows no EHLO is greeted with HELO', () =>
  inWorld(async (world) => {
    const answers: Answers = (line) =>
      line.startsWith('EHLO') ? '500 what\r\n' : line.startsWith('HELO') ? '250 old\r\n' : quits(line);
    const { out, status } = await against(world, 'senderclient', '220 old\r\n', answers, [
      'Connect',
      'HELO',
      'QUIT',
    ]);
    assert.match(
      out,
      /> EHLO \[127\.0\.0\.1\]\n500 what\n> HELO \[127\.0\.0\.1\]\n250 old\nThe server welcomes you\.\n/,
    );
    assert.equal(status, 0);
  }));

test('no server acts on the terminal', () =>
  inWorld(async (world) => {
    const escape = '\u001b[2J\u009b0m\u0007';
    const answers: Answers = (line) =>
      line.startsWith('EHLO') ? `250-${escape}\r\n250 ${escape}\r\n` : quits(line);
    const { out } = await against(world, 'senderclient', `220 ${escape}\r\n`, answers, [
      'Connect',
      'HELO',
      'QUIT',
    ]);
    // oxlint-disable-next-line no-control-regex -- none of them may be there
    assert.doesNotMatch(out, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/u);
    const page = `HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(escape)}\r\n\r\n${escape}`;
    const got = await against(world, 'receiverclient', '', () => page, ['GET', 'nu1', 'secret', 'Exit']);
    // oxlint-disable-next-line no-control-regex -- none of them may be there
    assert.doesNotMatch(got.out, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/u);
    assert.match(got.out, /\\u\{1b\}\[2J/);
    assert.equal(got.status, 0);
  }));

test('421 ends the connection, and the line after it is not for this server', () =>
  inWorld(async (world) => {
    const answers: Answers = () => '421 enough\r\n';
    const lines = ['Connect', 'HELO', 'Connect', 'DATA'];
    const { out, status } = await against(world, 'senderclient', '220 short\r\n', answers, lines);
    assert.equal(
      out.match(/The connection is lost: the server closed the connection with 421\./g)?.length,
      2,
    );
    assert.equal(status, 0);
  }));

test('a server that is no mail server, or does not let anybody in, is told in one line', () =>
  inWorld(async (world) => {
    for (const greeting of ['554 go away\r\n', '421 too busy\r\n', 'HTTP/1.1 400 Bad Request\r\n']) {
      const { err, status } = await against(world, 'senderclient', greeting, quits, ['Connect']);
      assert.match(err, /^letterlock: the server [^\n]+\n$/);
      assert.equal(status, 1);
    }
  }));

test('a server that does not prove that it knows the password is not believed', () =>
  inWorld(async (world) => {
    const answers: Answers = (line) =>
      line.startsWith('EHLO')
        ? '250-x\r\n250 AUTH SCRAM-SHA-256\r\n'
        : line.startsWith('AUTH')
          ? '235 sure\r\n'
          : null;
    const { out } = await against(world, 'senderclient', '220 x\r\n', answers, [
      'Connect',
      'HELO',
      'AUTH',
      'nu1',
      'secret',
    ]);
    assert.match(out, /\nAUTH=FALSE: the server did not prove/);
    assert.doesNotMatch(out, /AUTH=TRUE|secret/);
  }));
