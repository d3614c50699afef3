import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { assertArrived, letterFrom, mechanismsUsed, withMailbox } from './mailbox.ts';
import { machineHas, succeed } from './programs.ts';

const program = join(import.meta.dirname, 'smtplib_client.py');

test('Python sends with SMTP_SSL and by STARTTLS, by each mechanism that it knows, and reads over HTTPS', async (t) => {
  if (!machineHas(t, 'python3')) return;
  await withMailbox(async (mailbox) => {
    const { server, address, password } = mailbox;
    const sendings = ['implicit', 'starttls'].flatMap((door) =>
      // CRAM-MD5 is the third that smtplib knows, and nothing that a server should offer.
      [null, 'PLAIN', 'LOGIN'].map((mechanism) => ({
        door,
        mechanism,
        letter: letterFrom(address, `smtplib ${door} ${mechanism ?? 'by itself'}`),
      })),
    );
    const job = {
      authority: server.authorityFile,
      submissions: server.port('submissions'),
      submission: server.port('submission'),
      https: server.port('https'),
      address,
      password,
      letters: sendings,
    };
    const read = JSON.parse(await succeed('python3', [program], JSON.stringify(job))) as {
      readonly letters: readonly string[];
      readonly shown: string;
      readonly mbox: string;
    };
    const letters = sendings.map(({ letter }) => letter).toReversed();
    assert.deepEqual(
      read.letters.map((letter) => letter.slice(letter.indexOf('From: '))),
      letters,
    );
    assert.equal(read.shown.match(/^Subject: smtplib /gm)?.length, letters.length);
    assert.equal(read.mbox.match(/^From ada@letters\.example /gm)?.length, letters.length);
    await assertArrived(mailbox, letters);
    const [byItself] = mechanismsUsed(server);
    assert.deepEqual(mechanismsUsed(server), [byItself, 'PLAIN', 'LOGIN', byItself, 'PLAIN', 'LOGIN']);
    // smtplib takes ASCII only.
  }, 'pass phrase: with "signs"');
});
