import { lettersInInbox } from '../store/contract/inbox.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keptPieces } from '../mail/omitted-ranges.ts';
import { unixAddress } from '../mail/transport.ts';
import { refused } from '../result.ts';
import type { Envelope, Outcome, Recipient } from '../smtp/session.ts';
import { testVerifiers } from '../store/contract.ts';
import { openMemoryStore } from '../store/memory/store.ts';
import type { AccountName, Letter, Store } from '../store/port.ts';
import { contentOf, envelopeFrom, toAddress, visitFrom } from './exchanger-loopback.ts';
import { recipientTable } from './local-recipients-table.ts';
import { LocalRecipients } from './local-recipients.ts';
import { LmtpPolicy, type LmtpParts } from './lmtp.ts';

type House = {
  readonly policy: LmtpPolicy;
  readonly store: Store;
  readonly inbox: (name: string) => Promise<readonly { letter: Letter; served: string }[]>;
};

/** Alice and Bob, an alias for both, and a server in front of them. */
async function house(changes: Partial<LmtpParts> = {}): Promise<House> {
  const store = openMemoryStore();
  for (const name of ['alice@example.org', 'bob@example.org'] as AccountName[])
    await store.createAccount({ name, verifiers: testVerifiers(), createdAt: 0 });
  const table = recipientTable({
    domains: ['example.org'],
    aliases: new Map([['all@example.org', ['alice@example.org', 'bob@example.org']]]),
    catchAll: new Map(),
    detailSeparator: '+',
    postmaster: 'first',
  });
  assert(table.ok);
  const policy = new LmtpPolicy({
    store,
    recipients: new LocalRecipients(table.value, store),
    host: 'mail.example.org',
    ownReports: 'mail.example.org',
    now: () => Date.UTC(2026, 8, 1, 10),
    ...changes,
  });
  const inbox: House['inbox'] = async (name) => {
    const account = await store.account(name as AccountName);
    assert(account !== null);
    const letters = await lettersInInbox(store, account.id);
    return Promise.all(
      letters.map(async (letter) => {
        const blob = await store.blob(account.id, letter.id);
        assert(blob !== null);
        const served = Buffer.concat([letter.prefix, ...keptPieces(blob, letter.omitted)]).toString();
        return { letter, served };
      }),
    );
  };
  return { policy, store, inbox };
}

const to = (...addresses: readonly string[]): readonly Recipient[] => addresses.map(toAddress);

function envelopeTo(...addresses: readonly string[]): Envelope {
  return { ...envelopeFrom('boss@forged.example'), recipients: to(...addresses) };
}

async function deliver(policy: LmtpPolicy, envelope: Envelope, letter: string): Promise<readonly Outcome[]> {
  const verdict = await policy.deliver(envelope, null, visitFrom(unixAddress), contentOf(letter));
  assert(verdict.verdict === 'each', JSON.stringify(verdict));
  return verdict.outcomes;
}

const words = (outcomes: readonly Outcome[]): readonly string[] =>
  outcomes.map((outcome) => (outcome.verdict === 'refused' ? outcome.why.why : outcome.verdict));

const letter = 'From: boss@forged.example\r\nSubject: hi\r\n\r\nHello\r\n';

test('each recipient has an outcome, in the order of the envelope, and each account one letter', async () => {
  const { policy, inbox } = await house();
  const envelope = envelopeTo(
    'alice@example.org',
    'nobody@example.org',
    'all@example.org',
    'bob@far.example',
    'alice+x@example.org',
  );
  assert.deepEqual(words(await deliver(policy, envelope, letter)), [
    'delivered',
    'no-such-mailbox',
    'delivered',
    'no-relay',
    'delivered',
  ]);
  const [only, ...more] = await inbox('alice@example.org');
  assert.deepEqual(more, []);
  assert.equal((await inbox('bob@example.org')).length, 1);
  assert.equal(only?.letter.forwardPath, 'alice@example.org');
  assert.equal(only.letter.transport?.protocol, 'LMTP');
  assert.equal(only.letter.transport?.client.address, unixAddress);
  assert.equal(only.letter.transport?.senders, undefined);
  assert.match(
    only.served,
    /^Return-Path: <boss@forged\.example>\r\nDelivered-To: alice@example\.org\r\nReceived: from \S+ \(unix socket\)\s+by mail\.example\.org\s+with LMTP\s+\(no TLS\)/,
  );
  assert(only.served.endsWith(letter));
});

test('where nobody is left, nothing is stored and each hears why', async () => {
  const { policy, inbox } = await house();
  const outcomes = await deliver(policy, envelopeTo('nobody@example.org', 'alice@far.example'), letter);
  assert.deepEqual(words(outcomes), ['no-such-mailbox', 'no-relay']);
  assert.deepEqual(await inbox('alice@example.org'), []);
});

test('an account that goes away in the last moment is no reason to send the letter of the others back', async () => {
  const { store } = await house();
  const { policy } = await house({
    store: { quota: () => null, deliver: () => Promise.resolve(refused('no-account')) },
    recipients: new LocalRecipients(
      {
        domains: ['example.org'],
        aliases: new Map(),
        catchAll: new Map(),
        detailSeparator: null,
        postmaster: 'nobody',
      },
      store,
    ),
  });
  const outcomes = await deliver(policy, envelopeTo('alice@example.org', 'no@example.org'), letter);
  assert.deepEqual(words(outcomes), ['changed-meanwhile', 'no-such-mailbox']);
});

test('a mailbox that is full spoils no other recipient, and is told of by name', async () => {
  const { policy, store, inbox } = await house();
  const account = await store.account('bob@example.org' as AccountName);
  assert(account !== null);
  await store.setQuota(account.id, { bytes: null, letters: 0 });
  const outcomes = await deliver(policy, envelopeTo('bob@example.org', 'alice@example.org'), letter);
  assert.deepEqual(words(outcomes), ['over-quota', 'delivered']);
  assert.deepEqual(
    [(await inbox('alice@example.org')).length, (await inbox('bob@example.org')).length],
    [1, 0],
  );
  const question = {
    ask: 'recipient',
    recipient: toAddress('bob@example.org'),
    envelope: envelopeTo(),
  } as const;
  assert.deepEqual(await policy.answer(question), { verdict: 'refused', why: { why: 'over-quota' } });
});

test('loops and endless headers are refused as a whole', async () => {
  const { policy } = await house();
  const loop = 'Received: from a by b; Tue, 01 Sep 2026 10:00:00 +0000\r\n'.repeat(101);
  const fields = 'X: y\r\n'.repeat(1001);
  for (const [more, why] of [
    [loop, 'looping'],
    [fields, 'header-too-long'],
  ] as const) {
    const verdict = await policy.deliver(
      envelopeTo('alice@example.org'),
      null,
      visitFrom('127.0.0.1'),
      contentOf(more + letter),
    );
    assert.deepEqual(verdict, { verdict: 'refused', why: { why } });
  }
});

test('reports under our name are left out, or are those of the server in front, as the operator says', async () => {
  const report = 'Authentication-Results: mail.example.org; dmarc=pass header.from=bank.example\r\n';
  const path = 'Return-Path: <forged@bank.example>\r\n';
  const careful = await house();
  await deliver(careful.policy, envelopeTo('alice@example.org'), report + path + letter);
  const [left] = await careful.inbox('alice@example.org');
  assert.doesNotMatch(left?.served ?? '', /bank\.example/);
  const trusting = await house({ ownReports: null });
  await deliver(trusting.policy, envelopeTo('alice@example.org'), report + path + letter);
  const [kept] = await trusting.inbox('alice@example.org');
  assert(kept?.served.endsWith(`\r\n${report}${letter}`));
});

test('any sender may be named, and recipients are those of this server', async () => {
  const { policy } = await house();
  const envelope = envelopeTo();
  assert.deepEqual(await policy.answer({ ask: 'sender', envelope }), { verdict: 'accepted' });
  const about = (recipient: Recipient) => policy.answer({ ask: 'recipient', recipient, envelope });
  assert.deepEqual(await about({ is: 'postmaster' }), { verdict: 'accepted' });
  const refusal = await about(toAddress('nobody@example.org'));
  assert.deepEqual(refusal, { verdict: 'refused', why: { why: 'no-such-mailbox' } });
  const address = { localPart: 'a', domain: 'example.org' };
  assert.throws(() => policy.answer({ ask: 'enrol', address }), /the door of LMTP asked about enrol/);
});
