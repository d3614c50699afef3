import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SubmissionRules } from './submission.ts';
import { defaultSendingRate } from './sending-rate.ts';
import {
  beginning,
  content,
  envelope,
  inbox,
  served,
  submissionHouse,
  to,
  visit,
  word,
  type SubmissionHouse,
} from './submission-loopback.ts';

const alice = 'alice@example.org';
const bob = to('bob@example.org');
const who = {
  aliases: new Map([
    ['sales@example.org', ['alice@example.org', 'bob@example.org']],
    ['office@bücher.example', ['sales+office@example.org']],
    ['bobby@example.org', ['bob@example.org']],
  ]),
  catchAll: new Map([['example.org', 'alice@example.org']]),
  postmaster: 'first',
} as const;

async function send(
  { policy }: SubmissionHouse,
  letter: string,
  sender: string | null = alice,
): Promise<string> {
  const verdict = await policy.deliver(envelope(sender, bob), null, visit, content(letter));
  return word(verdict);
}

const own: readonly [string, boolean][] = [
  ['alice@example.org', true],
  ['ALICE+lists@example.org', true],
  ['sales@example.org', true],
  ['Sales+spring@example.org', true],
  ['office@xn--bcher-kva.example', true],
  ['bobby@example.org', false],
  ['bob+alice@example.org', false],
  // A catch-all gets what nobody has, and the first account the postmaster's mail; neither is theirs.
  ['nobody@example.org', false],
  ['postmaster@example.org', false],
  ['abuse+alice@example.org', false],
  ['alice@bücher.example', false],
  ['alice@elsewhere.example', false],
  ['alice+@example.org', true],
];
for (const [sender, isOwn] of own) {
  test(`${sender} is ${isOwn ? '' : 'not '}alice's own, as sender and in From`, async () => {
    const house = await submissionHouse({}, who);
    const question = { ask: 'sender', envelope: envelope(sender) } as const;
    assert.equal(word(await house.policy.answer(question, visit)), isOwn ? 'accepted' : 'not-yours');
    const letter = `From: Whoever <${sender}>\r\n\r\nx\r\n`;
    assert.equal(await send(house, letter), isOwn ? 'delivered' : 'from-not-yours');
  });
}

test('an account whose exact name looks like a detail of another is not the other', async () => {
  const house = await submissionHouse(
    {},
    { aliases: new Map([['alice+x@example.org', ['bob@example.org']]]) },
  );
  const question = { ask: 'sender', envelope: envelope('alice+x@example.org') } as const;
  assert.equal(word(await house.policy.answer(question, visit)), 'not-yours');
});

const froms: readonly [string, string, string][] = [
  ['nobody named', 'Subject: x\r\n\r\nx\r\n', 'delivered'],
  ['one more', 'From: alice@example.org, bob@example.org\r\n\r\n', 'from-not-yours'],
  [
    'a second field',
    'From: alice@example.org\r\nSubject: x\r\nFrom: bob@example.org\r\n\r\n',
    'from-not-yours',
  ],
  ['somebody without an address', 'From: The Boss\r\n\r\n', 'from-not-yours'],
  ['a foreign Sender', 'From: alice@example.org\r\nSender: bob@example.org\r\n\r\n', 'from-not-yours'],
  ['an own Sender', 'From: alice+x@example.org\r\nSender: alice@example.org\r\n\r\n', 'delivered'],
  [
    'behind 16 KiB',
    `From: alice@example.org,${' '.repeat(20_000)}\r\n bob@example.org\r\n\r\n`,
    'from-not-yours',
  ],
  ['in the body only', 'From: alice@example.org\r\n\r\nFrom: bob@example.org\r\n', 'delivered'],
  ['a hundred and one own', `From: ${'alice@example.org,'.repeat(101)}\r\n\r\n`, 'from-not-yours'],
  [
    'a header too long to look at',
    `${'X: y\r\n'.repeat(999)}From: alice@example.org\r\nFrom: bob@example.org\r\n\r\n`,
    'header-too-long',
  ],
];
for (const [what, letter, expected] of froms)
  test(`From: ${what}: ${expected}`, async () => {
    const house = await submissionHouse();
    assert.equal(await send(house, letter), expected);
    assert.equal((await inbox(house.store, 'bob@example.org')).length, expected === 'delivered' ? 1 : 0);
  });

test('the refusal names who is not the account', async () => {
  const { policy } = await submissionHouse();
  const letter = content('From: alice@example.org, bob@example.org\r\n\r\n');
  assert.deepEqual(await policy.deliver(envelope(alice, bob), null, visit, letter), {
    verdict: 'refused',
    why: { why: 'from-not-yours', address: { localPart: 'bob', domain: 'example.org' } },
  });
});

test('where the operator says so, a foreign From gets a Sender, and a foreign Sender ours', async () => {
  const rules: Partial<SubmissionRules> = { foreignFrom: 'sender' };
  const sent = async (letter: string): Promise<string> => {
    const house = await submissionHouse(rules);
    assert.equal(await send(house, `${letter}Date: x\r\nMessage-ID: <a@b>\r\n\r\nx\r\n`), 'delivered');
    const all = await served(house.store, 'bob@example.org');
    const above = /\r\nDelivered-To: .*\r\n(Sender: .*\r\n)?Received: /.exec(all)?.[1] ?? '';
    return `${above}${all.slice(all.indexOf('+0000\r\n') + 7, all.indexOf('Date: x'))}`;
  };
  const boss = 'From: boss@example.org\r\n';
  assert.equal(await sent(boss), `Sender: alice@example.org\r\n${boss}`);
  assert.equal(await sent(`${boss}Sender: boss@example.org\r\n`), `Sender: alice@example.org\r\n${boss}`);
  const right = `${boss}Sender: alice+x@example.org\r\n`;
  assert.equal(await sent(right), right);
  const mine = 'From: alice@example.org\r\n';
  assert.equal(await sent(mine), mine);
  assert.equal(await sent(`${mine}Sender: boss@example.org\r\n`), `Sender: alice@example.org\r\n${mine}`);
});

test('the null reverse path is for letters of the account itself', async () => {
  for (const foreignFrom of ['refuse', 'sender'] as const) {
    const house = await submissionHouse({ foreignFrom });
    assert.equal(await send(house, 'From: bob@example.org\r\n\r\n', null), 'from-not-yours');
    assert.equal(await send(house, 'Subject: x\r\n\r\n', null), 'from-not-yours');
    assert.equal(await send(house, 'From: alice@example.org\r\n\r\n', null), 'delivered');
    assert.match(await served(house.store, 'bob@example.org'), /^Return-Path: <>\r\n/);
  }
});

test('Date and Message-ID are added where they are missing, above the letter, and to what is known of it', async () => {
  const house = await submissionHouse();
  const letter = 'Subject: x\r\n\r\nx\r\n';
  assert.equal(await send(house, letter), 'delivered');
  const all = await served(house.store, 'bob@example.org');
  const [, date, id] = /\r\nDate: (.*)\r\nMessage-ID: <(.*)>\r\nSubject: x\r\n\r\nx\r\n$/.exec(all) ?? [];
  assert.equal(date, 'Sun, 22 Nov 2026 17:00:00 +0000');
  assert.match(id ?? '', /^[0-9a-f]{36}@mail\.example\.org$/);
  const [kept] = await inbox(house.store, 'bob@example.org');
  assert.deepEqual([kept?.summary.sentAt, kept?.summary.messageId], [beginning, id]);
  assert.equal(kept?.sizeBytes, letter.length);
});

test('what is there stays as it is, right or wrong, and every byte is kept', async () => {
  const house = await submissionHouse();
  const letter = 'date: yesterday\r\nMESSAGE-ID: none\r\nX: \xff\r\n\r\nx\r\n';
  assert.equal(await send(house, letter), 'delivered');
  const all = await served(house.store, 'bob@example.org');
  assert.ok(all.endsWith(`+0000\r\n${letter}`), all);
});

test('Bcc is kept and served to nobody', async () => {
  const house = await submissionHouse();
  const secret = 'Bcc: carol@bücher.example,\r\n mallory@example.org\r\n';
  const letter = `To: bob@example.org\r\n${secret}Date: x\r\nMessage-ID: <a@b>\r\n\r\nBcc: in the body\r\n`;
  assert.equal(await send(house, letter), 'delivered');
  const all = await served(house.store, 'bob@example.org');
  assert.ok(
    all.endsWith('\r\nTo: bob@example.org\r\nDate: x\r\nMessage-ID: <a@b>\r\n\r\nBcc: in the body\r\n'),
  );
  const [kept] = await inbox(house.store, 'bob@example.org');
  assert.equal(kept?.sizeBytes, Buffer.byteLength(letter));
});

test('reports of ours that a sender wrote are not served', async () => {
  const house = await submissionHouse();
  const forged = 'Authentication-Results: mail.example.org; dmarc=pass\r\n';
  assert.equal(await send(house, `${forged}From: alice@example.org\r\n\r\n`), 'delivered');
  assert.doesNotMatch(await served(house.store, 'bob@example.org'), /Authentication-Results/);
});

test('what its sender asked of its way is recorded', async () => {
  const { policy, store } = await submissionHouse();
  const asked = {
    requireTls: false,
    ret: null,
    envelopeId: null,
    hold: null,
    deliverBy: null,
    priority: 3,
    submitter: null,
  };
  const letter = 'TLS-Required: No\r\nFrom: alice@example.org\r\n\r\n';
  await policy.deliver({ ...envelope(alice, bob), requests: asked }, null, visit, content(letter));
  const [kept] = await inbox(store, 'bob@example.org');
  assert.deepEqual([kept?.transport?.tlsRequired, kept?.transport?.priority], ['no', 3]);
  assert.match(await served(store, 'bob@example.org'), /for <bob@example\.org>\s+PRIORITY 3;/);
  // RFC 8689 section 4.1: REQUIRETLS counts before the header.
  const strict = { ...envelope(alice, bob), requests: { ...asked, requireTls: true, priority: null } };
  await policy.deliver(strict, null, visit, content(letter));
  const [next] = await inbox(store, 'bob@example.org');
  assert.equal(next?.transport?.tlsRequired, 'yes');
  assert.equal('priority' in (next?.transport ?? {}), false);
});

test('an account that has sent too much is refused at MAIL, at RCPT and at the end, and so is nobody else', async () => {
  const rate = {
    ...defaultSendingRate,
    letters: { perHour: 2, perDay: 0 },
    recipients: { perHour: 3, perDay: 0 },
  };
  const house = await submissionHouse({ rate });
  const { policy, clock } = house;
  const mail = async (): Promise<string> =>
    word(await policy.answer({ ask: 'sender', envelope: envelope(alice) }, visit));
  const rcpt = async (already: number): Promise<string> => {
    const so = envelope(alice, ...Array.from({ length: already }, () => bob));
    return word(await policy.answer({ ask: 'recipient', recipient: bob, envelope: so }, visit));
  };
  const letter = 'From: alice@example.org\r\n\r\n';
  assert.equal(await send(house, letter), 'delivered');
  assert.deepEqual(
    [await mail(), await rcpt(0), await rcpt(1), await rcpt(2)],
    ['accepted', 'accepted', 'accepted', 'sent-too-much'],
  );
  assert.equal(await send(house, letter), 'delivered');
  assert.equal(await mail(), 'sent-too-much');
  assert.equal(await send(house, letter), 'sent-too-much');
  assert.equal((await inbox(house.store, 'bob@example.org')).length, 2);
  const bobs = {
    ...envelope('bob@example.org'),
    login: { ...envelope(alice).login!, account: 'bob@example.org' },
  };
  assert.equal(word(await policy.answer({ ask: 'sender', envelope: bobs }, visit)), 'accepted');
  clock.now += 2 * 3_600_000;
  assert.equal(await send(house, letter), 'delivered');
});

test('a letter that cannot be stored is not counted, and one that cannot be counted is a fault', async () => {
  const rate = { ...defaultSendingRate, letters: { perHour: 1, perDay: 0 } };
  const house = await submissionHouse({ rate });
  const { store } = house;
  const kept = { deliver: store.deliver.bind(store), tally: store.tally.bind(store) };
  const letter = 'From: alice@example.org\r\n\r\n';
  store.deliver = () => Promise.reject(new Error('no disk'));
  store.tally = () => Promise.resolve();
  await assert.rejects(send(house, letter), /no disk/);
  store.deliver = kept.deliver;
  store.tally = () => Promise.reject(new Error('no count'));
  await assert.rejects(send(house, letter), /no count/);
  store.tally = kept.tally;
  assert.equal(await send(house, letter), 'delivered');
});
