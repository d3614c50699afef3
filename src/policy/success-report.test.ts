import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noMailRequests, noRecipientRequests, type NotifyOn } from '../smtp/requests.ts';
import type { Envelope, Recipient } from '../smtp/session.ts';
import type { AccountName, Store } from '../store/port.ts';
import {
  content,
  envelope,
  inbox,
  noPassword,
  served,
  submissionHouse,
  to,
  visit,
  word,
} from './submission-loopback.ts';

const alice = 'alice@example.org';
const letter =
  'From: alice@example.org\r\nSubject: lih\r\nBcc: carol@bücher.example\r\nMessage-ID: <a@b>\r\nDate: x\r\n\r\nthe body\r\n';
const notify = (text: string, ...on: readonly NotifyOn[]): Recipient =>
  to(text, { ...noRecipientRequests, notify: on });
const who = { aliases: new Map([['sales@example.org', ['alice@example.org', 'bob@example.org']]]) };

async function reportOn(
  asked: Envelope,
): Promise<{ readonly store: Store; readonly report: string | null; readonly parts: readonly string[] }> {
  const { policy, store } = await submissionHouse({}, who);
  assert.equal(word(await policy.deliver(asked, null, visit, content(letter))), 'delivered');
  const [newest] = await inbox(store, alice);
  const report = newest?.transport === null ? await served(store, alice) : null;
  const boundary = /boundary="(.*)"/.exec(report ?? '')?.[1] ?? 'none';
  return { store, report, parts: report?.split(`\r\n--${boundary}`).slice(1) ?? [] };
}

test('NOTIFY=SUCCESS puts a report into the mailbox of the sender, about that recipient alone', async () => {
  const asked = {
    ...envelope(
      alice,
      notify('bob@example.org', 'SUCCESS', 'FAILURE'),
      notify('carol@bücher.example', 'FAILURE'),
    ),
    requests: { ...noMailRequests, envelopeId: 'QQ+1', ret: 'FULL' as const },
  };
  const { store, report, parts } = await reportOn(asked);
  assert.ok(report !== null);
  assert.match(
    report,
    /^Return-Path: <>\r\nDelivered-To: alice@example\.org\r\nDate: .*\r\nFrom: Mail delivery <postmaster@example\.org>\r\nTo: alice@example\.org\r\nSubject: Delivered: lih\r\n/,
  );
  assert.match(report, /\r\nIn-Reply-To: <a@b>\r\nAuto-Submitted: auto-replied\r\n/);
  const hash = (await inbox(store, 'bob@example.org'))[0]?.hash ?? '';
  assert.match(
    parts[1] ?? '',
    /\r\n\r\nOriginal-Envelope-Id: QQ\+1\r\nReporting-MTA: dns; mail\.example\.org\r\n/,
  );
  assert.ok(
    (parts[1] ?? '').endsWith(
      `\r\n\r\nFinal-Recipient: rfc822; bob@example.org\r\nAction: delivered\r\nStatus: 2.1.5\r\nFinal-Log-ID: ${hash.slice(0, 16)}\r\n`,
    ),
    report,
  );
  // RFC 3461 section 4.3: the whole letter comes back from a failure only. Nobody else's copy is told of.
  assert.match(parts[2] ?? '', /^\r\nContent-Type: text\/rfc822-headers\r\n/);
  assert.doesNotMatch(report, /the body|carol|Bcc/);
  const [kept] = await inbox(store, alice);
  assert.deepEqual([kept?.transport, kept?.forwardPath], [null, alice]);
  assert.equal(kept?.summary.subject, 'Delivered: lih');
});

const silent: readonly [string, Envelope][] = [
  ['nothing was asked for', envelope(alice, to('bob@example.org'))],
  ['NEVER', envelope(alice, notify('bob@example.org'))],
  ['FAILURE and DELAY', envelope(alice, notify('bob@example.org', 'FAILURE', 'DELAY'))],
  ['the null reverse path', envelope(null, notify('bob@example.org', 'SUCCESS'))],
];
for (const [what, asked] of silent)
  test(`no report: ${what}`, async () => {
    const { report, store } = await reportOn(asked);
    assert.equal(report, null);
    assert.equal((await inbox(store, 'bob@example.org')).length, 1);
    assert.equal((await inbox(store, alice)).length, 0);
  });

test('an alias of several is expanded, and its members stay unnamed', async () => {
  const { report, parts } = await reportOn(
    envelope(alice, notify('Sales@example.org', 'SUCCESS'), notify('bob+x@example.org', 'SUCCESS')),
  );
  assert.match(parts[1] ?? '', /\r\nFinal-Recipient: rfc822; Sales@example\.org\r\nAction: expanded\r\n/);
  assert.match(parts[1] ?? '', /\r\nFinal-Recipient: rfc822; bob\+x@example\.org\r\nAction: delivered\r\n/);
  assert.doesNotMatch(report ?? '', /bob@/);
});

test('ORCPT comes back as it was given; the postmaster without a domain is as he was named', async () => {
  const { policy, store } = await submissionHouse({}, { ...who, postmaster: 'first' });
  const original = { type: 'rfc822', address: 'Dana+x@Ivory.EDU' };
  const asked: Envelope = envelope(
    'alice+lists@example.org',
    to('bob@example.org', { notify: ['SUCCESS'], originalRecipient: original }),
    { is: 'postmaster', requests: { notify: ['SUCCESS'], originalRecipient: null } },
  );
  assert.equal(word(await policy.deliver(asked, null, visit, content(letter))), 'delivered');
  const report = await served(store, alice);
  assert.match(report, /^Return-Path: <>\r\nDelivered-To: alice\+lists@example\.org\r\n/);
  assert.match(report, /\r\nTo: alice\+lists@example\.org\r\n/);
  assert.match(
    report,
    /\r\nOriginal-Recipient: rfc822; Dana\+x@Ivory\.EDU\r\nFinal-Recipient: rfc822; bob@example\.org\r\n/,
  );
  assert.match(report, /\r\nFinal-Recipient: rfc822; Postmaster\r\n/);
});

test('a recipient beyond ASCII is named in UTF-8', async () => {
  const { parts } = await reportOn(envelope(alice, notify('carol@bücher.example', 'SUCCESS')));
  assert.match(parts[1] ?? '', /^\r\nContent-Type: message\/global-delivery-status\r\n/);
  assert.match(parts[1] ?? '', /\r\nFinal-Recipient: utf-8; carol@bücher\.example\r\n/);
});

test('letter and report are one write', async () => {
  const { policy, store } = await submissionHouse();
  const asked = envelope(alice, notify('bob@example.org', 'SUCCESS'));
  const writes: number[] = [];
  const deliver = store.deliver.bind(store);
  store.deliver = (...deliveries) => {
    writes.push(deliveries.length);
    return deliver(...deliveries);
  };
  await policy.deliver(asked, null, visit, content(letter));
  assert.deepEqual(writes, [2]);
  store.deliver = async () => ({ ok: false, refusal: 'no-account' });
  assert.equal(word(await policy.deliver(asked, null, visit, content(letter))), 'recipient-gone');
});

test('an account whose own address is an alias by now has its reports where its mail goes', async () => {
  const { policy, store } = await submissionHouse(
    {},
    { aliases: new Map([['alice@example.org', ['carol@bücher.example']]]) },
  );
  await policy.deliver(envelope(alice, notify('bob@example.org', 'SUCCESS')), null, visit, content(letter));
  assert.equal((await inbox(store, 'carol@bücher.example'))[0]?.transport, null);
});

test('an account that outlasts its domain has its reports all the same', async () => {
  const { policy, store } = await submissionHouse();
  const dave = 'dave@gone.example';
  await store.createAccount({ name: dave as AccountName, verifiers: noPassword, createdAt: 0 });
  const asked = envelope(dave, notify('bob@example.org', 'SUCCESS'));
  const login = { account: dave, mechanism: 'PLAIN', channelBinding: null } as const;
  await policy.deliver({ ...asked, login }, null, visit, content('Subject: x\r\n\r\n'));
  assert.match(await served(store, dave), /^Return-Path: <>\r\nDelivered-To: dave@gone\.example\r\n/);
});

test('a report that its reader has no room for is lost, and keeps the letter from nobody', async () => {
  for (const [bytes, reports] of [
    [1000, 0],
    [1_000_000, 1],
  ] as const) {
    const { policy, store } = await submissionHouse();
    const account = await store.account(alice as AccountName);
    assert(account !== null);
    await store.setQuota(account.id, { bytes, letters: null });
    const asked = envelope(alice, notify('bob@example.org', 'SUCCESS'), to(alice));
    assert.equal(word(await policy.deliver(asked, null, visit, content(letter))), 'delivered');
    assert.equal((await inbox(store, 'bob@example.org')).length, 1);
    assert.equal((await inbox(store, alice)).length, 1 + reports);
  }
});
