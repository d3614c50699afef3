import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ClassicWorld, enrols, inWorld, logsIn } from './classic-world.ts';
import type { AtTerminal } from './terminal.ts';

test('a letter to two people, from enrolment to goodbye, at four terminals', () =>
  inWorld(async (world) => {
    const sender = await world.server('senderserver');
    const other = await world.server('senderserver');
    const receiver = await world.server('receiverserver');
    const client = world.client('senderclient', sender.port);
    await client.answers('Connect? ', 'cOnNeCt');
    await seesCertificate(client, sender.port);

    const passwords = new Map<string, string>();
    await client.sees('Command: ');
    passwords.set('nu1', await enrols(client, 'nu1'));
    // The same port without being told, then another one.
    client.types('Connect');
    await client.sees(`Port: ${sender.port}`);
    await client.sees('Command: ');
    passwords.set('nu2', await enrols(client, 'nu2@447.edu'));
    client.types(`Connect ${other.port}`);
    await client.sees(`Port: ${other.port}`);
    await client.sees('Command: ');
    passwords.set('nu3', await enrols(client, 'NU3'));
    client.types(`connect ${other.port}`);
    await client.sees('Command: ');
    await logsIn(client, 'nu1', passwords.get('nu1') ?? '');
    await sendsLetter(client);
    client.types('QUIT');
    await client.sees('> QUIT');
    await client.sees(/^221 /m);
    await client.sees('Goodbye.');
    assert.equal(await client.ends(), 0);
    for (const [user, password] of passwords) {
      assert.equal(
        client.screen.split(password).length,
        2,
        `the password of ${user} is shown once, never echoed`,
      );
    }

    for (const user of ['nu2', 'nu3'])
      await readsLetter(world, receiver.port, user, passwords.get(user) ?? '');

    await other.terminal.sees('MAIL FROM:<nu1@447.edu>');
    await other.terminal.sees('RCPT TO:<nu2@447.edu>');
    await other.terminal.sees('RCPT TO:<nu3@447.edu>');
    for (const { terminal } of [sender, other, receiver]) {
      for (const password of passwords.values())
        assert.ok(!terminal.screen.includes(password), 'a log has a password');
      terminal.presses('\u0003');
      assert.equal(await terminal.ends(), 0);
    }
  }));

async function seesCertificate(client: AtTerminal, port: number): Promise<void> {
  for (const field of [
    'Subject: ',
    'Issuer: ',
    'Version: ',
    'Serial number: ',
    'Not before: ',
    'Not after: ',
  ]) {
    await client.sees(field);
  }
  await client.sees(/SHA-256 fingerprint: +([0-9A-F]{2}:){31}[0-9A-F]{2}$/m);
  await client.sees(`Address: 127.0.0.1   Port: ${port}`);
  await client.sees(/TLSv1\.3 TLS_\w+ X25519MLKEM768/);
}

async function sendsLetter(client: AtTerminal): Promise<void> {
  client.types('help');
  await client.sees(/^-> MAIL FROM /m);
  await client.answers('Command: ', 'mail from');
  await client.answers('Your address', 'nu1@447.edu');
  await client.sees('> MAIL FROM:<nu1@447.edu>');
  await client.sees(/^250 /m);
  await client.answers('Command: ', 'RCPT TO');
  await client.answers('Recipient', 'nu2');
  await client.sees('> RCPT TO:<nu2@447.edu>');
  await client.answers('Subject: ', 'lih');
  await client.answers('Command: ', 'RCPT TO');
  await client.answers('Recipient', 'nu3@447.edu');
  await client.sees(/> RCPT TO:<nu3@447\.edu>\n250 /);
  // The subject was asked for with the first recipient.
  await client.answers('Command: ', 'HELP');
  await client.sees(/^214 /m);
  await client.sees(/-> RCPT TO .*\n-> DATA .*\n {3}HELP /);
  await client.answers('Command: ', 'DATA');
  await client.sees(/^354 /m);
  await client.sees('Message');
  for (const line of ['Grüße, 你好', '', '..dots', '.more', '.']) client.types(line);
  await client.sees(/^250 /m);
  await client.sees('Status Code: 250 - Mail was sent');
  await client.answers('Command: ', 'HELP');
  await client.sees(/^-> MAIL FROM /m);
  await client.sees('Command: ');
}

async function readsLetter(world: ClassicWorld, port: number, user: string, password: string): Promise<void> {
  const client = world.client('receiverclient', port);
  await seesCertificate(client, port);
  await client.sees('Welcome to the server');
  await client.answers('[GET] to open letters or [Exit] to close the connection', 'get');
  await client.answers('Address', user);
  await client.answers('Password: ', password);
  await client.sees(/\[DATE: \d\d\/\d\d\/\d{4}\] \[TIME: \d\d:\d\d:\d\d\]\n\[Delivered\]\n/);
  await client.sees(`MAIL FROM: nu1@447.edu\nRCPT TO: ${user}@447.edu\nSubject: lih\n\nMessage:\n`);
  await client.sees('Grüße, 你好\n\n..dots\n.more\n');
  await client.answers('[GET]', 'EXIT');
  await client.sees('Goodbye.');
  assert.equal(await client.ends(), 0);
  assert.ok(!client.screen.includes(password), 'the password is not echoed');
}
