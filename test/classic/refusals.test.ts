import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enrols, inWorld, logsIn } from './classic-world.ts';

test('a wrong password is refused, and the dialogue goes on', () =>
  inWorld(async (world) => {
    const { port } = await world.server('senderserver');
    const client = await world.sender(port);
    const password = await enrols(client, 'nu1');
    client.types('Connect');
    await client.sees('Command: ');
    client.types('HELO');
    await client.sees('The server welcomes you.');
    await client.answers('Command: ', 'AUTH');
    await client.answers('User name', 'nu1');
    await client.answers('Password: ', 'Geheim99');
    await client.sees(/^535 /m);
    await client.sees('AUTH=FALSE: wrong user name or password');
    await client.sees('Command: ');
    // The arrow up offers no line of before, least of all this one.
    client.presses('\u001b[A\u001b[A');
    client.types('AUTH');
    await client.answers('User name', 'nu1');
    await client.answers('Password: ', '');
    await client.sees('nothing was sent');
    await client.sees('Command: ');
    await logsIn(client, 'nu1', password);
    assert.ok(!client.screen.includes('Geheim99'), 'the password is not echoed');
  }));

test('wrong passwords end the connection, not the client', () =>
  inWorld(async (world) => {
    const { port } = await world.server('senderserver');
    const client = await world.sender(port);
    await enrols(client, 'nu1');
    client.types('Connect');
    await client.sees('Command: ');
    client.types('HELO');
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await client.answers('Command: ', 'AUTH');
      await client.answers('User name', 'nu1');
      await client.answers('Password: ', `wrong${attempt}`);
      await client.sees('AUTH=FALSE');
    }
    await client.sees(/The connection is lost: .*421/);
    await client.answers('Connect? ', 'Connect');
    await client.sees('Command: ');
  }));

test('somebody else’s letters and a wrong password are told in words', () =>
  inWorld(async (world) => {
    const sender = await world.server('senderserver');
    const receiver = await world.server('receiverserver');
    const client = await world.sender(sender.port);
    const password = await enrols(client, 'nu1');
    const reader = world.client('receiverclient', receiver.port);
    const get = async (address: string, secret: string, answer: string | RegExp): Promise<void> => {
      await reader.answers('[GET]', 'GET');
      await reader.answers('Address', address);
      await reader.answers('Password: ', secret);
      await reader.sees(answer);
    };
    await get('nu1', password, 'No letters.');
    await get('nu1', 'Geheim99', '401: not authenticated');
    await get('nobody', password, '401: not authenticated');
    await reader.answers('[GET]', 'got');
    await reader.sees('neither GET nor Exit');
    assert.ok(!reader.screen.includes('Geheim99') && !reader.screen.includes(password));
    await receiver.terminal.stop('SIGKILL');
    await get('nu1', password, /^(?!letterlock).*localhost/m);
    await reader.answers('[GET]', 'exit');
    assert.equal(await reader.ends(), 1);
  }));

test('a server that goes away is told at once, and Connect is asked for again', () =>
  inWorld(async (world) => {
    const { port, terminal: server } = await world.server('senderserver');
    const client = await world.sender(port);
    client.types('DATA');
    await client.sees(/^503 /m);
    await client.sees('Command: ');
    await server.stop('SIGKILL');
    await client.sees('The connection is lost');
    await client.answers('Connect? ', 'HELO');
    await client.sees('There is no connection');
    await client.answers('Connect? ', 'Connect');
    await client.sees('nothing listens at');
    await client.answers('Connect? ', 'Connect 70000');
    await client.sees('is no port');
    const other = await world.server('senderserver');
    await client.answers('Connect? ', `Connect ${other.port}`);
    await client.sees('Command: ');
    client.presses('\u0004');
    await client.sees(/^221 /m);
    assert.equal(await client.ends(), 0);
  }));

test('Ctrl-C ends a client wherever it is', () =>
  inWorld(async (world) => {
    const { port } = await world.server('senderserver');
    const waiting = world.client('senderclient', port);
    await waiting.sees('Connect? ');
    const connected = await world.sender(port);
    connected.types('AUTH');
    await connected.sees('User name');
    for (const client of [waiting, connected]) {
      client.presses('\u0003');
      assert.equal(await client.ends(), 130);
    }
  }));

test('whoever leaves in the middle of a letter sends nothing', () =>
  inWorld(async (world) => {
    const { port, terminal: server } = await world.server('senderserver');
    const client = await world.sender(port);
    const password = await enrols(client, 'nu1');
    client.types('Connect');
    await client.sees('Command: ');
    await logsIn(client, 'nu1', password);
    client.types('MAIL FROM:<nu1@447.edu>');
    await client.answers('Command: ', 'RCPT TO:<nu1@447.edu>');
    await client.answers('Subject: ', 'half');
    await client.answers('Command: ', 'DATA');
    await client.sees('Message');
    client.types('half a letter');
    client.presses('\u0004');
    assert.equal(await client.ends(), 0);
    await server.sees('smtp.closed');
    assert.ok(!server.screen.includes('Mail was sent'));
  }));
