import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { enrols, inWorld } from './classic-world.ts';
import { piped } from './piped.ts';

test('the clients take their lines from a pipe as well', () =>
  inWorld(async (world) => {
    const { port } = await world.server('senderserver');
    const password = await enrols(await world.sender(port), 'jürgen');
    const where = ['--data', world.folder, '--port', String(port)];
    const letter = [
      'MAIL FROM',
      'jürgen@447.edu',
      'RCPT TO',
      'jürgen',
      'größe',
      'DATA',
      'eins',
      '',
      'zwei',
      '.',
    ];
    const lines = ['Connect', 'HELO', 'AUTH', 'jürgen', password, ...letter, 'nonsense', 'QUIT'];
    const sent = await piped(['senderclient', ...where], lines);
    assert.equal(sent.err, '');
    assert.equal(sent.status, 0);
    assert.match(sent.out, /\nAUTH=TRUE/);
    assert.match(sent.out, /\n> MAIL FROM:<jürgen@447\.edu> SMTPUTF8\n250 /);
    assert.match(sent.out, /\nStatus Code: 250 - Mail was sent\n/);
    assert.match(sent.out, /\nThat is not a command\./);
    assert.match(sent.out, /\n221 .*\nGoodbye\.\n$/);
    assert.ok(!sent.out.includes(password), 'the password is not shown');

    // A recipient that needs SMTPUTF8, in a letter that was begun without it; the input ends in the menu.
    const plain = await enrols(await world.sender(port), 'nu1');
    const late = ['MAIL FROM', 'nu1@447.edu', 'RCPT TO', 'nu1', 'first', 'RCPT TO', 'jürgen', 'DATA', '.'];
    const again = await piped(['senderclient', ...where], ['Connect', 'HELO', 'AUTH', 'nu1', plain, ...late]);
    assert.equal(again.status, 0);
    assert.match(
      again.out,
      /\n> RSET\n250 .*\n> MAIL FROM:<nu1@447\.edu> SMTPUTF8\n250 .*\n> RCPT TO:<nu1@447\.edu>\n250 .*\n> RCPT TO:<jürgen@447\.edu>\n250 /,
    );
    assert.match(again.out, /\nStatus Code: 250 - Mail was sent\n/);
    assert.match(again.out, /\n> QUIT\n221 .*\nGoodbye\.\n$/);
  }));

test('an encrypted key is opened by a file, a variable, or a person who is asked once', () =>
  inWorld(async (world) => {
    const { port } = await world.server('senderserver');
    const tls = join(world.folder, 'tls');
    const key = createPrivateKey(await readFile(join(tls, 'client.key'), 'utf8'));
    const locked = join(world.folder, 'locked.key');
    const sealed = key.export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'open sesame',
    });
    await writeFile(locked, sealed);
    const phrase = join(world.folder, 'phrase');
    await writeFile(phrase, 'open sesame\n');
    const own = ['--port', String(port), '--certificate', join(tls, 'client.pem'), '--key', locked];
    const where = ['senderclient', ...own, '--data', world.folder];

    const byFile = await piped([...where, '--passphrase-file', phrase], ['Connect', 'QUIT']);
    assert.equal(byFile.status, 0, byFile.err);
    const byVariable = await piped([...where, '--passphrase-env', 'KEY_OPENER'], ['Connect', 'QUIT'], {
      KEY_OPENER: 'open sesame',
    });
    assert.equal(byVariable.status, 0, byVariable.err);
    const byNobody = await piped(where, ['Connect', 'QUIT']);
    assert.equal(byNobody.status, 1);
    assert.match(byNobody.err, /^letterlock: .*encrypted and no pass phrase was given\n$/);

    const asked = world.start('senderclient', ...own);
    await asked.answers('Pass phrase of', 'open sesame');
    await asked.answers('Connect? ', 'Connect');
    await asked.answers('Command: ', 'QUIT');
    assert.equal(await asked.ends(), 0);
    assert.ok(!asked.screen.includes('sesame'), 'the pass phrase is not echoed');
    const wrong = world.start('senderclient', ...own);
    await wrong.answers('Pass phrase of', 'wrong');
    await wrong.sees('letterlock: ');
    assert.equal(await wrong.ends(), 1);
    const interrupted = world.start('senderclient', ...own);
    await interrupted.sees('Pass phrase of');
    interrupted.presses('\u0003');
    assert.equal(await interrupted.ends(), 130);
    assert.ok(!interrupted.screen.includes('    at '), interrupted.screen);
  }));

test('more letters than a page come page by page, as long as they are wanted', () =>
  inWorld(async (world) => {
    const sender = await world.server('senderserver');
    const receiver = await world.server('receiverserver');
    const password = await enrols(await world.sender(sender.port), 'nu1');
    const letter = (index: number): string[] => [
      'MAIL FROM:<nu1@447.edu>',
      'RCPT TO:<nu1>',
      `number ${index}`,
      'DATA',
      '.',
    ];
    const letters = Array.from({ length: 11 }, (_, index) => letter(index)).flat();
    const lines = ['Connect', 'HELO', 'AUTH', 'nu1', password, ...letters, 'QUIT'];
    const sent = await piped(['senderclient', '--data', world.folder, '--port', String(sender.port)], lines);
    assert.equal(sent.out.match(/Status Code: 250/g)?.length, 11);
    const reading = ['receiverclient', '--data', world.folder, '--port', String(receiver.port)];
    const subjects = (out: string): string[] => out.match(/(?<=^Subject: number )\d+$/gm) ?? [];
    const newest = ['10', '9', '8', '7', '6', '5', '4', '3', '2', '1'];
    const enough = await piped(reading, ['GET', 'nu1', password, 'no', 'Exit']);
    assert.deepEqual(subjects(enough.out), newest);
    const all = await piped(reading, ['GET', 'nu1', password, '', 'Exit']);
    assert.deepEqual(subjects(all.out), [...newest, '0']);
    assert.equal(all.status, 0);
  }));
