import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseAddressList, type Mailbox } from './address-list.ts';
import { plainText } from './body-text.ts';
import { composeLetter, type Draft } from './compose.ts';
import { formatField } from './field.ts';
import { Header, splitMessage } from './header.ts';
import { summarize } from './summary.ts';

const nu1: Mailbox = { name: null, address: { localPart: 'nu1', domain: '447.edu' } };
const nu2: Mailbox = { name: 'Doe, Jörg', address: { localPart: 'nu2', domain: 'bücher.example' } };
const draft: Draft = {
  from: nu1,
  to: [nu2],
  subject: 'lih',
  text: 'Hello\n.\nBye',
  date: Date.UTC(2020, 5, 30, 1, 3, 35),
  messageId: 'a.b@447.edu',
};
const compose = (changes: Partial<Draft>): string =>
  Buffer.from(composeLetter({ ...draft, ...changes })).toString();

test('a plain letter', () => {
  assert.equal(
    compose({}),
    [
      'Date: Tue, 30 Jun 2020 01:03:35 +0000',
      'From: nu1@447.edu',
      'To: =?utf-8?q?Doe=2C_J=C3=B6rg?= <nu2@xn--bcher-kva.example>',
      'Subject: lih',
      'Message-ID: <a.b@447.edu>',
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: 7bit',
      '',
      'Hello',
      '.',
      'Bye',
      '',
    ].join('\r\n'),
  );
});

test('the same for servers with SMTPUTF8 and 8BITMIME', () => {
  const letter = compose({
    smtpUtf8: true,
    transfer: '8bit',
    subject: 'grüße',
    text: 'grüße',
    cc: [nu1],
    inReplyTo: 'x@y',
    zoneMinutes: 120,
  });
  assert.match(letter, /^Date: Tue, 30 Jun 2020 03:03:35 \+0200\r\n/);
  assert.match(letter, /\r\nTo: "Doe, Jörg" <nu2@bücher\.example>\r\nCc: nu1@447\.edu\r\nSubject: grüße\r\n/);
  assert.match(letter, /\r\nIn-Reply-To: <x@y>\r\n.*: 8bit\r\n\r\ngrüße\r\n$/s);
});

test('nobody named, nothing said', () => {
  const letter = compose({ to: [], subject: '', text: '' });
  assert.match(letter, /\r\nTo: undisclosed-recipients:;\r\nSubject: ?\r\n/);
  assert.match(letter, /7bit\r\n\r\n$/);
});

test('a field is folded at spaces, and what cannot be folded is cut', () => {
  assert.equal(formatField('X', 'a\r\nB: c\n\nd'), 'X: a B: c  d\r\n');
  assert.equal(formatField('X', `${'a'.repeat(70)} bbbbb c`), `X: ${'a'.repeat(70)}\r\n bbbbb c\r\n`);
  assert.equal(formatField('X', 'é'.repeat(1000)), `X: ${'é'.repeat(497)}\r\n`);
  assert.equal(formatField('X', ''), 'X: \r\n');
});

test('a name keeps its white space, however much', () => {
  const name = `a${' '.repeat(1500)}b  c`;
  const letter = Buffer.from(compose({ from: { ...nu1, name } }));
  const header = new Header(letter);
  const field = header.fields.find((one) => one.name === 'from');
  assert.ok(field);
  const [item] = parseAddressList(header.value(field));
  assert.equal(item?.name, name);
});

test('no value adds a field or ends the header', () => {
  const evil = 'x\r\nBcc: y\r\n\r\nbody\n\rX: z\u2028\0';
  const letter = compose({
    subject: evil,
    messageId: evil,
    inReplyTo: evil,
    from: { name: evil, address: { localPart: evil, domain: evil } },
    to: [{ name: evil, address: { localPart: 'a', domain: evil } }],
  });
  const names = new Header(Buffer.from(letter)).fields.map(({ name }) => name);
  assert.equal(
    names.join(' '),
    'date from to subject message-id in-reply-to mime-version content-type content-transfer-encoding',
  );
  assert.match(letter, /\r\n\r\nHello\r\n\.\r\nBye\r\n$/);
});

test('property: whatever goes in, lines are bounded and end in CRLF, and subject and text come back', () => {
  const unit = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...Array.from('\r\n  .=?abcé€😀"<>,\0')) },
    { weight: 1, arbitrary: fc.constantFrom('\ufeff', '\u2066', '\u202e', '\u200f', '\u00ad') },
    { weight: 1, arbitrary: fc.string({ minLength: 1, maxLength: 1, unit: 'binary' }) },
  );
  const text = fc.oneof(
    fc.string({ unit, maxLength: 200 }),
    fc.string({ unit, minLength: 1, maxLength: 5 }).map((piece) => piece.repeat(700)),
  );
  const mailbox = fc.record({ name: fc.option(text), address: fc.record({ localPart: text, domain: text }) });
  const drafts = fc.record({
    from: mailbox,
    to: fc.array(mailbox, { maxLength: 4 }),
    subject: text,
    text,
    messageId: text,
    smtpUtf8: fc.boolean(),
    transfer: fc.constantFrom('8bit' as const, 'quoted-printable' as const),
  });
  fc.assert(
    fc.property(drafts, (values) => {
      const bytes = composeLetter({ ...draft, ...values });
      const letter = Buffer.from(bytes).toString('latin1');
      assert.doesNotMatch(letter, /\r(?!\n)|(?<!\r)\n/);
      for (const line of letter.split('\r\n')) assert.ok(line.length <= 998);
      assert.ok(letter.endsWith('\r\n'));
      assert.equal(new Header(bytes).fields.length, 8);
      const spaced = values.subject.toWellFormed().replaceAll(/\r\n|[\p{Cc}\u2028\u2029]/gu, ' ');
      const { subject } = summarize(bytes);
      assert.ok(
        spaced.trim().startsWith(subject.trim()) &&
          (subject.length >= 997 || spaced.trim() === subject.trim()),
      );
      const lines = values.text
        .toWellFormed()
        .replaceAll(/\r\n?/g, '\n')
        .replace(/\n?$/, '\n')
        // What a reader is not shown: the mark before a text, and what drives a terminal or turns the text around.
        .replace(/^\ufeff/, '')
        .replaceAll(/[^\P{Cc}\t\n]|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
      assert.equal(plainText(bytes, 100_000), values.text === '' ? '' : lines);
      assert.ok(splitMessage(bytes).bodyStart <= bytes.length);
    }),
    { interruptAfterTimeLimit: 1500, markInterruptAsFailure: false },
  );
});
