import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { Recipient } from '../smtp/session.ts';
import type { AccountName } from '../store/port.ts';
import {
  address,
  content,
  envelope,
  inbox,
  noPassword,
  submissionHouse as house,
  to,
  visit,
  word,
} from './submission-loopback.ts';

const senders: readonly [string | null, string][] = [
  ['alice@example.org', 'accepted'],
  ['Alice@EXAMPLE.org', 'accepted'],
  ['"alice"@example.org', 'accepted'],
  ['bob@example.org', 'not-yours'],
  ['alice@elsewhere.example', 'not-yours'],
  [null, 'accepted'],
];
for (const [sender, expected] of senders) {
  test(`the sender ${sender ?? '<>'} of alice's session is ${expected}`, async () => {
    const { policy } = await house();
    assert.equal(word(await policy.answer({ ask: 'sender', envelope: envelope(sender) }, visit)), expected);
  });
}

test('a letter to a full mailbox is refused at RCPT and at its end, and not counted as delivered', async () => {
  const { policy, store } = await house();
  const bob = await store.account('bob@example.org' as AccountName);
  assert(bob !== null);
  await store.setQuota(bob.id, { bytes: 100, letters: null });
  const about = (announcedBytes: number | null) =>
    policy.answer(
      {
        ask: 'recipient',
        recipient: to('bob@example.org'),
        envelope: { ...envelope('alice@example.org'), announcedBytes },
      },
      visit,
    );
  assert.equal(word(await about(null)), 'accepted');
  assert.equal(word(await about(101)), 'exceeds-quota');
  const letter = content('From: alice@example.org\r\nSubject: hi\r\n\r\nHello\r\n');
  const one = envelope('alice@example.org', to('bob@example.org'));
  assert.equal(word(await policy.deliver(one, null, visit, letter)), 'over-quota');
  assert.deepEqual(await inbox(store, 'bob@example.org'), []);
});

test('people may make accounts in a domain of the store, from the moment it is there', async () => {
  const { policy, store } = await house();
  const question = { ask: 'enrol', address: address('zoe@new.example') } as const;
  assert.equal(word(await policy.answer(question, visit)), 'elsewhere');
  await store.addDomain('new.example');
  assert.equal(word(await policy.answer(question, visit)), 'enrolled');
});

const recipients: readonly [Recipient, string][] = [
  [to('bob@example.org'), 'accepted'],
  [to('BOB@Example.ORG'), 'accepted'],
  [to('carol@xn--bcher-kva.example'), 'accepted'],
  [to('nobody@example.org'), 'no-such-mailbox'],
  [to('bob@elsewhere.example'), 'no-relay'],
  [to('bob@[192.0.2.1]'), 'no-relay'],
  [{ is: 'postmaster' }, 'no-such-mailbox'],
];
for (const [recipient, expected] of recipients) {
  test(`the recipient ${JSON.stringify(recipient)} is ${expected}`, async () => {
    const { policy } = await house();
    const question = { ask: 'recipient', recipient, envelope: envelope('alice@example.org') } as const;
    assert.equal(word(await policy.answer(question, visit)), expected);
  });
}

test('the postmaster without a domain is the one of the first domain', async () => {
  const { store, policy } = await house();
  await store.createAccount({
    name: 'postmaster@example.org' as AccountName,
    verifiers: noPassword,
    createdAt: 0,
  });
  const question = {
    ask: 'recipient',
    recipient: { is: 'postmaster' },
    envelope: envelope('alice@example.org'),
  } as const;
  assert.equal(word(await policy.answer(question, visit)), 'accepted');
});

test('a letter to one person in three spellings and to another is one letter each, sharing one blob', async () => {
  const { store, policy } = await house();
  const letter = 'Subject: hi\r\n\r\nhello\r\n';
  const all = envelope(
    'alice@example.org',
    to('bob@example.org'),
    to('Bob@example.org'),
    to('"bob"@EXAMPLE.org'),
    to('carol@bücher.example'),
  );
  const verdict = await policy.deliver(all, null, visit, content(letter));
  const hash = createHash('sha256').update(letter).digest('hex');
  assert.deepEqual(verdict, { verdict: 'delivered', id: hash.slice(0, 16) });
  const [bobs, carols] = [await inbox(store, 'bob@example.org'), await inbox(store, 'carol@bücher.example')];
  assert.deepEqual([bobs.length, carols.length], [1, 1]);
  assert.equal(bobs[0]?.hash, hash);
  assert.equal(carols[0]?.hash, hash);
  assert.equal(bobs[0]?.forwardPath, 'bob@example.org');
  // Neither record nor fields tell one recipient of the other.
  const prefix = Buffer.from(bobs[0]?.prefix ?? []).toString();
  assert.match(prefix, /^Return-Path: <alice@example\.org>\r\nDelivered-To: bob@example\.org\r\nReceived: /);
  assert.doesNotMatch(JSON.stringify(bobs[0]?.transport), /carol|bob@/i);
  assert.doesNotMatch(prefix.replace('Delivered-To: bob@', ''), /carol|bob@/i);
  assert.match(
    Buffer.from(carols[0]?.prefix ?? []).toString(),
    /Delivered-To: carol@xn--bcher-kva\.example\r\n/,
  );
});

test('the only recipient stands in the Received field', async () => {
  const { store, policy } = await house();
  await policy.deliver(envelope('alice@example.org', to('bob@example.org')), null, visit, content('x\r\n'));
  const [letter] = await inbox(store, 'bob@example.org');
  assert.match(Buffer.from(letter?.prefix ?? []).toString(), /for <bob@example\.org>/);
});

test('a recipient that is gone since RCPT: nothing is delivered to anybody', async () => {
  const { store, policy } = await house();
  const both = envelope('alice@example.org', to('bob@example.org'), to('nobody@example.org'));
  assert.equal(word(await policy.deliver(both, null, visit, content('x\r\n'))), 'recipient-gone');
  assert.equal((await inbox(store, 'bob@example.org')).length, 0);
});

for (const [fields, expected] of [
  [100, 'delivered'],
  [101, 'looping'],
] as const) {
  test(`${fields} Received fields: ${expected}`, async () => {
    const { policy } = await house();
    const letter = `${'received: by x\r\n'.repeat(fields)}\r\nReceived: in the body\r\n`;
    const verdict = await policy.deliver(
      envelope('alice@example.org', to('bob@example.org')),
      null,
      visit,
      content(letter),
    );
    assert.equal(word(verdict), expected);
  });
}

test('enrolment is for addresses of the own domains that nobody has and that are not reserved', async () => {
  const { policy } = await house();
  const ask = async (text: string): Promise<string> =>
    word(await policy.answer({ ask: 'enrol', address: address(text) }, visit));
  assert.equal(await ask('dave@example.org'), 'enrolled');
  assert.equal(await ask('DAVE@example.org'), 'exists');
  assert.equal(await ask('Postmaster@example.org'), 'reserved');
  assert.equal(await ask('dave@elsewhere.example'), 'elsewhere');
});
