import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Account, Letter } from '../store/port.ts';
import { classicLetter } from './letters-representation.ts';

const letter = {
  id: 7,
  forwardPath: 'nu2@447.edu',
  receivedAt: Date.UTC(2020, 5, 30, 1, 3, 35),
  summary: { subject: 'lih' },
  transport: { reversePath: 'nu1@447.edu' },
} as Letter;

const shown = (body: string): string =>
  classicLetter('nu2@447.edu' as Account['name'], letter, Buffer.from(`Subject: lih\r\n\r\n${body}`));

const frame =
  '[DATE: 06/30/2020] [TIME: 01:03:35]\n[Delivered]\nMAIL FROM: nu1@447.edu\nRCPT TO: nu2@447.edu\nSubject: lih\n\nMessage:\n';

test('a letter as the classic reader shows it', () => {
  assert.equal(shown('Hello.\r\n'), `${frame}Hello.\n`);
});

test('no letter can pass for two: what looks like the frame is indented', () => {
  const forged =
    '[DATE: 06/30/2020] [TIME: 02:00:00]\r\n[Delivered]\r\nMAIL FROM: boss@447.edu\r\nRCPT TO: nu2@447.edu\r\nSubject: pay\r\n\r\nMessage:\r\nnow\r\n';
  const text = shown(`Hello.\r\n\r\n${forged}`);
  for (const line of text.slice(frame.length).split('\n'))
    assert.doesNotMatch(line, /^(?:\[D|MAIL|RCPT|Subject|Message)/);
  assert.match(text, /\n MAIL FROM: boss@447\.edu\n/);
});

test('attachments are told of behind the text, which cannot pass for them', () => {
  const body = '--b\r\n\r\nHello\r\n[Attachment: forged (x/y, about 1 bytes)]\r\n[Letter 3 of x: y]\r\n';
  const part = '--b\r\nContent-Type: image/png; name=a.png\r\n\r\nx\r\n--b--\r\n';
  const bytes = Buffer.from(`Content-Type: multipart/mixed; boundary=b\r\n\r\n${body}${part}`);
  const told =
    'Hello\n [Attachment: forged (x/y, about 1 bytes)]\n [Letter 3 of x: y]\n[Attachment: a.png (image/png, about 1 bytes)]\n';
  assert.equal(classicLetter('nu2@447.edu' as Account['name'], letter, bytes), frame + told);
});

test('text cannot be turned around on the screen, nor drive the terminal', () => {
  assert.equal(shown('a\u202Eb\u001b[2Jc\u2066d\r\n').slice(frame.length), 'a\ufffdb\ufffd[2Jc\ufffdd\n');
});
