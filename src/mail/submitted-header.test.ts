import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { formatAddress } from './address.ts';
import { Header } from './header.ts';
import { keptPieces } from './omitted-ranges.ts';
import { formatAddedFields, formatSender, readSubmittedHeader, unservedFields } from './submitted-header.ts';
import { prefersDelivery } from './tls-required.ts';

const bytes = (lines: readonly string[]): Buffer => Buffer.from(lines.map((line) => `${line}\r\n`).join(''));
const headerOf = (lines: readonly string[]): Header => new Header(bytes(lines));
const named = (...lines: readonly string[]): readonly string[] => {
  const { from, sender } = readSubmittedHeader(headerOf(lines));
  const text = (found: typeof from): string[] =>
    found.map((address) => (address === null ? '?' : formatAddress(address)));
  return [...text(from), ...text(sender).map((address) => `sender ${address}`)];
};

const froms: readonly [string, readonly string[], readonly string[]][] = [
  ['one', ['From: alice@a.example'], ['alice@a.example']],
  ['with a name', ['From: "boss@b.example" <alice@a.example>'], ['alice@a.example']],
  ['in encoded words', ['From: =?utf-8?q?boss=40b=2Eexample?= <alice@a.example> (hi)'], ['alice@a.example']],
  ['several', ['From: alice@a.example, bob@a.example'], ['alice@a.example', 'bob@a.example']],
  ['several fields', ['From: alice@a.example', 'fRoM : bob@a.example'], ['alice@a.example', 'bob@a.example']],
  ['a group', ['From: us: alice@a.example, bob@a.example;'], ['alice@a.example', 'bob@a.example']],
  ['a group of nobody', ['From: the boss:;'], ['?']],
  ['a name alone', ['From: the boss'], ['?']],
  ['no domain', ['From: boss'], ['?']],
  ['an encoded address', ['From: =?utf-8?q?boss=40b=2Eexample?='], ['?']],
  ['an empty one', ['From:'], []],
  ['none', ['Subject: From: x@y'], []],
  ['folded', ['From: Alice', ' <alice@a.example>,', '\tbob@a.example'], ['alice@a.example', 'bob@a.example']],
  ['a comment inside', ['From: alice(x@y)@a.example'], ['alice@a.example']],
  ['a route', ['From: <@c.example:alice@a.example>'], ['alice@a.example']],
  ['in its body', ['Subject: x', '', 'From: bob@a.example'], []],
  [
    'far behind',
    [`From: ${'alice@a.example, '.repeat(3)}${' '.repeat(20_000)}`, ' boss@b.example'],
    ['alice@a.example', 'alice@a.example', 'alice@a.example', 'boss@b.example'],
  ],
  ['too much of it', [`From: alice@a.example,${' '.repeat(33_000)}`, ' boss@b.example'], ['?']],
  [
    'too much in all',
    [`From: ${' '.repeat(20_000)}`, ' alice@a.example', `Sender: ${' '.repeat(20_000)}`, ' boss@b.example'],
    ['alice@a.example', 'sender ?'],
  ],
  [
    'a sender',
    ['From: alice@a.example', 'Sender: bob@a.example'],
    ['alice@a.example', 'sender bob@a.example'],
  ],
  ['8-bit', ['From: jörg@bücher.example'], ['jörg@bücher.example']],
];
for (const [what, lines, expected] of froms)
  test(`who a letter says it is from: ${what}`, () => assert.deepEqual(named(...lines), expected));

test('what is missing is told, whatever its letter case', () => {
  const has = (...lines: string[]): readonly boolean[] => {
    const { hasDate, hasMessageId } = readSubmittedHeader(headerOf(lines));
    return [hasDate, hasMessageId];
  };
  assert.deepEqual(has('Subject: x'), [false, false]);
  assert.deepEqual(has('DATE: x', 'Resent-Message-ID: <x@y>'), [true, false]);
  assert.deepEqual(has('Resent-Date: x', 'message-id: <x@y>'), [false, true]);
});

test('added fields are the ones that are missing', () => {
  const at = Date.UTC(2026, 10, 22, 17);
  assert.equal(formatSender({ localPart: 'nu1', domain: '447.edu' }), 'Sender: nu1@447.edu\r\n');
  assert.equal(
    formatAddedFields({ date: at, messageId: 'a@b' }),
    'Date: Sun, 22 Nov 2026 17:00:00 +0000\r\nMessage-ID: <a@b>\r\n',
  );
  assert.equal(formatAddedFields({ date: null, messageId: null }), '');
});

test('Bcc and what is ours to say are not served, and nothing else is missing', () => {
  const letter = bytes([
    'Bcc: a@x',
    'From: alice@a.example',
    'BCC : b@x,',
    ' c@x',
    'Resent-Bcc: d@x',
    'Sender: e@x',
    'Authentication-Results: mail.example; dmarc=pass',
    'Authentication-Results: other.example; dmarc=pass',
    'X-Bcc: f@x',
    '',
    'Bcc: in the body',
  ]);
  const header = letter.subarray(0, letter.indexOf('\r\n\r\n') + 2);
  const served = (sender: 'kept' | 'replaced'): string =>
    Buffer.concat(keptPieces(letter, unservedFields(new Header(header), 'mail.example', sender))).toString();
  assert.equal(
    served('kept'),
    'From: alice@a.example\r\nSender: e@x\r\nAuthentication-Results: other.example; dmarc=pass\r\nX-Bcc: f@x\r\n\r\n' +
      'Bcc: in the body\r\n',
  );
  assert.doesNotMatch(served('replaced'), /Sender/);
});

test('TLS-Required has one value, once', () => {
  const prefers = (...lines: string[]): boolean => prefersDelivery(headerOf(lines));
  assert.equal(prefers('TLS-Required: No'), true);
  assert.equal(prefers('Subject: x', 'tls-required:', ' no'), true);
  assert.equal(prefers('TLS-Required: Yes'), false);
  assert.equal(prefers('TLS-Required: No', 'TLS-Required: No'), false);
  assert.equal(prefers('Subject: x', '', 'TLS-Required: No'), false);
});

test('whatever a header holds, it is read, and what is left out lies in it', () => {
  const line = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constantFrom('From: a@x, b@y', 'Bcc: c@z', ' folded', '\tfolded', 'Sender:', 'Resent-Bcc : <d@w>', ''),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
      const header = headerOf(lines);
      readSubmittedHeader(header);
      const ranges = unservedFields(header, 'mail.example', 'replaced');
      const kept = Buffer.concat(keptPieces(header.bytes, ranges));
      let at = 0;
      for (const { start, end } of ranges) {
        assert.ok(start >= at && end > start && end <= header.bytes.length);
        at = end + 1;
      }
      assert.deepEqual(unservedFields(new Header(kept), 'mail.example', 'replaced'), []);
    }),
    { interruptAfterTimeLimit: 1500, markInterruptAsFailure: false },
  );
});
