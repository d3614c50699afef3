import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { inWorld } from './classic-world.ts';
import type { AtTerminal } from './terminal.ts';

/** The program ends by itself: status 1, and `letterlock: …` the last and only line of its kind. */
async function givesUp(program: AtTerminal, why: RegExp): Promise<void> {
  await program.sees(new RegExp(`^letterlock: .*${why.source}.*\\n`, 'm'));
  assert.equal(await program.ends(), 1);
  assert.match(program.screen, /(?:^|\n)letterlock: [^\n]+\n$/);
  assert.equal(program.screen.split('letterlock: ').length, 2, program.screen);
}

/** A port that nothing listens at: one that was free a moment ago. */
async function deadPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('a port that is none ends every program in one line', () =>
  inWorld(async (world) => {
    const started = [
      world.start('senderserver', '--port', '65536'),
      world.start('receiverserver', '--port', 'nine'),
      world.start('senderclient', '--port', '70000'),
      world.start('senderclient', '--port', 'nine'),
      world.start('receiverclient', '--port=-1'),
      world.start('receiverclient', '--port', '0'),
    ];
    for (const program of started) await givesUp(program, /is no port/);
  }));

test('a port that is taken ends the server in one line', () =>
  inWorld(async (world) => {
    const { port } = await world.server('senderserver');
    await givesUp(world.start('senderserver', '--port', String(port)), /taken/);
    await givesUp(world.start('receiverserver', '--port', String(port)), /taken/);
  }));

test('a server that is not there ends the client in one line', () =>
  inWorld(async (world) => {
    const port = await deadPort();
    const sender = world.client('senderclient', port);
    await sender.answers('Connect? ', 'Connect');
    await givesUp(sender, new RegExp(`nothing listens at localhost:${port}`));
    await givesUp(world.client('receiverclient', port), new RegExp(`nothing listens at localhost:${port}`));
  }));

test('a certificate of another authority ends the client in one line', () =>
  inWorld(async (world) => {
    const sender = await world.server('senderserver');
    const receiver = await world.server('receiverserver');
    await inWorld(async (elsewhere) => {
      const client = elsewhere.client('senderclient', sender.port);
      await client.answers('Connect? ', 'Connect');
      await givesUp(client, /does not verify/);
      await givesUp(elsewhere.client('receiverclient', receiver.port), /does not verify/);
    });
  }));

test('a certificate without its key ends the client in one line', () =>
  inWorld(async (world) => {
    await givesUp(world.start('senderclient', '--certificate', 'mine.pem'), /--key/);
    await givesUp(world.start('receiverclient', '--ca', `${world.folder}/none.pem`), /none\.pem/);
  }));
