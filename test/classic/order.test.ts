import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enrols, inWorld, logsIn } from './classic-world.ts';
import type { AtTerminal } from './terminal.ts';

test('every command out of order gets its 503, and the dialogue goes on', () =>
  inWorld(async (world) => {
    const { port, terminal: server } = await world.server('senderserver');
    const client = await world.sender(port);
    // Before HELO.
    await auth(client);
    await mail(client);
    await rcpt(client);
    await data(client);
    const password = await enrols(client, 'nu1');
    client.types('Connect');
    await client.sees('Command: ');
    client.types('helo');
    await client.sees('The server welcomes you.');
    await client.sees('Command: ');
    // Before AUTH.
    await mail(client);
    await rcpt(client);
    await data(client);
    await logsIn(client, 'nu1', password);
    // Before MAIL FROM, and AUTH a second time.
    await auth(client);
    await rcpt(client);
    await data(client);
    client.types('MAIL FROM:<nu1@447.edu>');
    await client.sees(/^250 /m);
    await client.sees('Command: ');
    // Before RCPT TO, AUTH and MAIL FROM inside a letter.
    await data(client);
    await auth(client);
    client.types('MAIL FROM:<nu1@447.edu>');
    await client.sees(/^503 /m);
    await client.sees('type RSET');
    await client.answers('Command: ', 'rset');
    await client.sees(/> RSET\n250 /);
    await client.answers('Command: ', 'MAIL FROM:<nu1@447.edu>');
    await client.sees(/^250 /m);
    await client.sees('Command: ');
    client.types('QUIT');
    await client.sees(/^221 /m);
    assert.equal(await client.ends(), 0);
    for (const line of ['MAIL FROM:<nu1@447.edu>', 'Out of order', 'DATA', 'QUIT']) await server.sees(line);
  }));

async function refused(client: AtTerminal): Promise<void> {
  await client.sees(/^503 /m);
  await client.sees('Command: ');
}

async function auth(client: AtTerminal): Promise<void> {
  client.types('AUTH');
  await client.answers('User name', 'nu1');
  await refused(client);
}

async function mail(client: AtTerminal): Promise<void> {
  client.types('MAIL FROM');
  await client.answers('Your address', 'nu1@447.edu');
  await client.sees('> MAIL FROM:<nu1@447.edu>');
  await refused(client);
}

async function rcpt(client: AtTerminal): Promise<void> {
  client.types('RCPT TO');
  await client.answers('Recipient', 'nu1');
  await client.sees('> RCPT TO:<nu1@447.edu>');
  await refused(client);
}

async function data(client: AtTerminal): Promise<void> {
  client.types('DATA');
  await client.sees('> DATA');
  await refused(client);
}
