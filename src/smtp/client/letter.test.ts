import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Body } from '../session.ts';
import type { ClientCommand } from './command.ts';
import { bodyOf } from './letter.ts';
import { SmtpClient } from './session.ts';

const rows: readonly (readonly [string, Body])[] = [
  ['', '7BIT'],
  ['a\r\n.\r\n', '7BIT'],
  ['\u00fc\r\n', '8BITMIME'],
  ['a', '7BIT'],
  ['a\n', 'BINARYMIME'],
  ['a\r', 'BINARYMIME'],
  ['\u00fc\n', 'BINARYMIME'],
  ['\0', 'BINARYMIME'],
];
for (const [text, body] of rows) {
  test(`${JSON.stringify(text)} is ${body}`, () => {
    assert.equal(bodyOf([Buffer.from(text, 'latin1')]), body);
    const octets = Array.from(text, (octet) => Buffer.from(octet, 'latin1'));
    assert.equal(bodyOf(octets), body);
  });
}

function greeted(): SmtpClient {
  const client = new SmtpClient();
  client.handle({ on: 'bytes', chunk: Buffer.from('220 mail.example\r\n') });
  client.send({ send: 'EHLO', name: 'client.example' });
  client.handle({ on: 'bytes', chunk: Buffer.from('250-x\r\n250-CHUNKING\r\n250 BINARYMIME\r\n') });
  return client;
}

const bare = ['a\n', '\n.\n', 'a\r.\r\n', '\r\r\n'];
for (const text of bare) {
  test(`${JSON.stringify(text)} goes out as BINARYMIME, and never as text`, () => {
    const chunks = [Buffer.from(text)];
    const binary: ClientCommand = { send: 'MAIL', sender: null, body: 'BINARYMIME' };
    for (const command of [
      { send: 'content', chunks },
      { send: 'BDAT', chunks, isLast: true },
    ] as const) {
      const client = greeted();
      client.send({ send: 'MAIL', sender: null });
      assert.throws(() => client.send(command), /bare CR or LF/);
    }
    const client = greeted();
    client.send(binary);
    assert.throws(() => client.send({ send: 'DATA' }), /goes by BDAT/);
    client.send({ send: 'BDAT', chunks, isLast: true });
  });
}

test('a line end may be split between two chunks, and not between two letters', () => {
  const client = greeted();
  const chunk = (text: string, isLast: boolean): ClientCommand => ({
    send: 'BDAT',
    chunks: [Buffer.from(text)],
    isLast,
  });
  client.send({ send: 'MAIL', sender: null });
  client.send(chunk('a\r', false));
  client.send(chunk('\nb', true));
  client.send({ send: 'MAIL', sender: null });
  assert.throws(() => client.send(chunk('\n', true)), /bare CR or LF/);
});

test('a CR at the very end of a letter is ended by DATA, and by BDAT it is a bare one', () => {
  const chunks = [Buffer.from('a\r')];
  const client = greeted();
  client.send({ send: 'MAIL', sender: null });
  client.send({ send: 'DATA' });
  client.send({ send: 'content', chunks });
  client.send({ send: 'MAIL', sender: null });
  client.send({ send: 'BDAT', chunks, isLast: false });
  assert.throws(() => client.send({ send: 'BDAT', chunks: [], isLast: true }), /bare CR or LF/);
});
