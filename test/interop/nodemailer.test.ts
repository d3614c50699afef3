import assert from 'node:assert/strict';
import test from 'node:test';
import { createTransport } from 'nodemailer';
import { LetterReader } from '../support/letters.ts';
import { withEveryLogin } from './every-login.ts';
import { assertArrived, letterFrom, mechanismsUsed, withMailbox, type Mailbox } from './mailbox.ts';

const doors = ['submissions', 'submission'] as const;

function transport({ server, address, password }: Mailbox, door: (typeof doors)[number], mechanism?: string) {
  return createTransport({
    host: 'localhost',
    port: server.port(door),
    secure: door === 'submissions',
    requireTLS: true,
    auth: { user: address, pass: password },
    ...(mechanism === undefined ? {} : { authMethod: mechanism }),
    tls: { ca: server.authority, minVersion: 'TLSv1.3' },
  });
}

test('nodemailer sends over TLS and by STARTTLS, by each mechanism that it knows', async () => {
  await withMailbox(async (mailbox) => {
    const { server, address } = mailbox;
    const letters: string[] = [];
    for (const door of doors) {
      for (const mechanism of [undefined, 'PLAIN', 'LOGIN']) {
        const raw = letterFrom(address, `nodemailer ${door} ${mechanism ?? 'by itself'}`);
        await transport(mailbox, door, mechanism).sendMail({
          envelope: { from: address, to: [address] },
          raw,
        });
        letters.unshift(raw);
      }
    }
    await assertArrived(mailbox, letters);
    const [byItself] = mechanismsUsed(server);
    assert.deepEqual(mechanismsUsed(server), [byItself, 'PLAIN', 'LOGIN', byItself, 'PLAIN', 'LOGIN']);
  });
});

test('nodemailer logs in with an access token', async () => {
  await withEveryLogin(async (mailbox) => {
    const { server, address, token } = mailbox;
    const raw = letterFrom(address, 'nodemailer OAuth2');
    await createTransport({
      host: 'localhost',
      port: server.port('submissions'),
      secure: true,
      auth: { type: 'OAuth2', user: address, accessToken: token },
      tls: { ca: server.authority, minVersion: 'TLSv1.3' },
    }).sendMail({ envelope: { from: address, to: [address] }, raw });
    await assertArrived(mailbox, [raw]);
    assert.deepEqual(mechanismsUsed(server), ['XOAUTH2']);
  });
});

test('a letter that nodemailer composes, with an attachment and signs of the world, is read as it was meant', async () => {
  await withMailbox(async (mailbox) => {
    const { server, address, password } = mailbox;
    await transport(mailbox, 'submissions').sendMail({
      from: { name: 'Ada Ümlaut', address },
      to: address,
      subject: 'Grüße, 你好',
      text: 'Liebe Ada,\n.\nschöne Grüße\n',
      attachments: [{ filename: 'noise.bin', content: Buffer.alloc(100_000, 0xa5) }],
    });
    const reader = new LetterReader(server, address, password);
    const [listed] = await reader.list();
    assert.equal(listed?.subject, 'Grüße, 你好');
    const shown = (await reader.get(`/letters/${encodeURIComponent(address)}`, 'text/plain')).toString(
      'utf8',
    );
    assert.match(shown, /\nMessage:\nLiebe Ada,\n\.\nschöne Grüße\n/);
    const mbox = (await reader.get(`/letters/${encodeURIComponent(address)}`, 'application/mbox')).toString(
      'latin1',
    );
    assert.match(mbox, /^From ada@letters\.example /);
    const whole = await reader.bytesOf(listed);
    assert.ok(whole.includes('paWlpaWlpaWl'), 'the attachment is there');
    reader.close();
  });
});
