import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enrols, inWorld, logsIn } from './classic-world.ts';

test('ten clients at once, each with an account of its own and a letter to the next one', () =>
  inWorld(async (world) => {
    const { port } = await world.server('senderserver');
    const users = Array.from({ length: 10 }, (_, index) => `nu${index}`);
    const clients = await Promise.all(users.map(() => world.sender(port)));
    const passwords: string[] = [];
    await Promise.all(
      clients.map(async (client, index) => {
        passwords[index] = await enrols(client, users[index] ?? '');
        client.types('Connect');
        await client.sees('Command: ');
        await logsIn(client, users[index] ?? '', passwords[index] ?? '');
      }),
    );
    await Promise.all(
      clients.map(async (client, index) => {
        client.types(`MAIL FROM:<${users[index]}@447.edu>`);
        await client.sees(/^250 /m);
        await client.answers('Command: ', `RCPT TO:<${users[(index + 1) % 10]}>`);
        await client.answers('Subject: ', `from ${index}`);
        await client.answers('Command: ', 'DATA');
        await client.sees('Message');
        client.types(`letter ${index}`);
        client.types('.');
        await client.sees('Status Code: 250 - Mail was sent');
        client.types('QUIT');
        assert.equal(await client.ends(), 0);
      }),
    );
    const receiver = await world.server('receiverserver');
    const reader = world.client('receiverclient', receiver.port);
    await reader.answers('[GET]', 'GET');
    await reader.answers('Address', 'nu0');
    await reader.answers('Password: ', passwords[0] ?? '');
    await reader.sees('MAIL FROM: nu9@447.edu');
    await reader.sees('letter 9');
    reader.presses('\u0004');
    assert.equal(await reader.ends(), 0);
  }));
