import assert from 'node:assert/strict';
import { test } from 'node:test';
import { say } from '../smtp/reply.ts';
import { replyTable, smtpCommand } from './smtp-replies.ts';

test('every reply is printed once, lowest code first, with its section', () => {
  const paragraphs = replyTable().trimEnd().split('\n\n');
  const names = paragraphs.map(
    (paragraph) => /^(\w+) \(RFC \d+ section [\d.]+\)\n\d{3}[ -]/.exec(paragraph)?.[1],
  );
  assert.equal(names.length, Object.keys(say).length);
  assert.deepEqual(new Set(names), new Set(Object.keys(say)));
  const codes = paragraphs.map((paragraph) => Number(/\n(\d{3})/.exec(paragraph)?.[1]));
  assert.deepEqual(
    codes,
    codes.toSorted((a, b) => a - b),
  );
  assert(replyTable().includes('nestedMail (RFC 5321 section 4.1.4)\n503 5.5.1 Out of order: one mail'));
});

test('it is a sub-command of smtp', () => {
  assert.deepEqual(
    smtpCommand().commands.map((command) => command.name()),
    ['replies'],
  );
});
