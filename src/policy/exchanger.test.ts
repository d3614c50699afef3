import assert from 'node:assert/strict';
import { lettersInInbox } from '../store/contract/inbox.ts';
import { test, type TestContext } from 'node:test';
import { formatAuthenticationResults, parseAuthenticationResults } from '../mail/authentication-results.ts';
import { keptPieces } from '../mail/omitted-ranges.ts';
import { methodResults, type SenderAuthentication } from '../mail/sender-authentication.ts';
import type { Recipient } from '../smtp/session.ts';
import { openMemoryStore } from '../store/memory/store.ts';
import type { AccountName, Delivery, Letter, Store, Verifiers } from '../store/port.ts';
import {
  contentOf,
  envelopeFrom,
  letterFrom,
  sealed,
  startChecker,
  toAddress,
  visitFrom,
} from './exchanger-loopback.ts';
import { defaultAuthenticationRules, judge, type AuthenticationRules } from './exchanger-rules.ts';
import { ExchangerPolicy, type ExchangerDelivery, type ExchangerVerdict } from './exchanger.ts';
import { recipientTable } from './local-recipients-table.ts';
import { LocalRecipients } from './local-recipients.ts';

const verifiers: Verifiers = {
  scram: {
    salt: new Uint8Array(16),
    iterations: 4096,
    storedKey: new Uint8Array(32),
    serverKey: new Uint8Array(32),
  },
  argon2id: '',
};

type House = {
  readonly store: Store;
  readonly policy: ExchangerPolicy;
  readonly delivered: ExchangerDelivery[];
  inbox(name: string): Promise<readonly Letter[]>;
};

async function house(t: TestContext, rules: Partial<AuthenticationRules> = {}): Promise<House> {
  const { authenticator } = await startChecker(t);
  const store = openMemoryStore();
  for (const name of ['alice@example.org', 'bob@example.org'] as AccountName[]) {
    await store.createAccount({ name, verifiers, createdAt: 0 });
  }
  const table = recipientTable({
    domains: ['example.org'],
    aliases: new Map([['all@example.org', ['alice@example.org', 'bob@example.org']]]),
    catchAll: new Map(),
    detailSeparator: '+',
    postmaster: 'first',
  });
  assert(table.ok);
  const delivered: ExchangerDelivery[] = [];
  const policy = new ExchangerPolicy({
    store: {
      quota: (account) => store.quota(account),
      deliver: (delivery: Delivery) => {
        delivered.push(delivery as ExchangerDelivery);
        return store.deliver(delivery);
      },
    },
    recipients: new LocalRecipients(table.value, store),
    authenticator,
    rules: { ...defaultAuthenticationRules, ...rules },
    host: 'mx.example.org',
    authservId: 'mx.example.org',
    now: () => Date.UTC(2026, 8, 1, 10),
  });
  const inbox = async (name: string): Promise<readonly Letter[]> => {
    const account = await store.account(name as AccountName);
    assert(account !== null);
    return lettersInInbox(store, account.id);
  };
  return { store, policy, delivered, inbox };
}

type Sent = { readonly sender?: string | null; readonly client?: string; readonly to?: readonly Recipient[] };

const alice = toAddress('alice@example.org');

const send = ({ policy }: House, letter: string, sent: Sent = {}): Promise<ExchangerVerdict> =>
  policy.deliver(
    envelopeFrom(sent.sender === undefined ? 'bob@sender.example' : sent.sender, sent.to ?? [alice]),
    null,
    visitFrom(sent.client ?? '192.0.2.7'),
    contentOf(letter),
  );

const word = (verdict: ExchangerVerdict): string =>
  verdict.verdict === 'refused' ? verdict.why.why : verdict.verdict;

const bobs = letterFrom('Bob <bob@sender.example>');
const forger = { client: '203.0.113.66', sender: 'x@lenient.example' };

test('anybody may write, and to people of this server only', async (t) => {
  const { policy } = await house(t);
  for (const sender of [null, 'bob@sender.example', 'alice@example.org']) {
    assert.deepEqual(await policy.answer({ ask: 'sender', envelope: envelopeFrom(sender) }), {
      verdict: 'accepted',
    });
  }
  for (const [recipient, expected] of [
    [alice, 'accepted'],
    [toAddress('all+x@example.org'), 'accepted'],
    [toAddress('abuse@example.org'), 'accepted'],
    [{ is: 'postmaster' }, 'accepted'],
    [toAddress('nobody@example.org'), 'no-such-mailbox'],
    [toAddress('bob@sender.example'), 'no-relay'],
    [toAddress('alice%elsewhere.example@sender.example'), 'no-relay'],
    [toAddress('alice@[192.0.2.1]'), 'no-relay'],
  ] as const) {
    const envelope = envelopeFrom('bob@sender.example');
    assert.equal(word(await policy.answer({ ask: 'recipient', recipient, envelope })), expected);
  }
});

test('a full mailbox is told of at RCPT, and at the end of a letter that does not fit', async (t) => {
  const one = await house(t);
  const { store, policy } = one;
  const about = async (announcedBytes: number | null): Promise<string> => {
    const envelope = { ...envelopeFrom('bob@sender.example'), announcedBytes };
    return word(await policy.answer({ ask: 'recipient', recipient: alice, envelope }));
  };
  const account = await store.account('alice@example.org' as AccountName);
  assert(account !== null);
  await store.setQuota(account.id, { bytes: 2000, letters: 2 });
  assert.deepEqual(
    [await about(null), await about(1500), await about(2001)],
    ['accepted', 'accepted', 'exceeds-quota'],
  );
  const delivered = await send(one, bobs);
  assert.equal(delivered.verdict, 'delivered');
  assert.deepEqual([await about(null), await about(1500)], ['accepted', 'over-quota']);
  const long = letterFrom('Bob <bob@sender.example>', '', 'Hello\r\n'.repeat(200));
  const both = { to: [alice, toAddress('bob@example.org')] };
  assert.equal(word(await send(one, long, both)), 'over-quota');
  const longer = letterFrom('Bob <bob@sender.example>', '', 'Hello\r\n'.repeat(400));
  assert.equal(word(await send(one, longer, both)), 'exceeds-quota');
  assert.deepEqual(
    [(await one.inbox('alice@example.org')).length, (await one.inbox('bob@example.org')).length],
    [1, 0],
  );
  await store.setQuota(account.id, { bytes: null, letters: 1 });
  assert.equal(await about(null), 'over-quota');
  await store.setQuota(account.id, { bytes: null, letters: null });
  assert.equal(await about(4_000_000_000), 'accepted');
});

test('the fields before a letter: delivery, findings, trace', async (t) => {
  const here = await house(t);
  const to = [toAddress('alice+news@example.org')];
  assert.equal(word(await send(here, bobs, { to })), 'delivered');
  const [letter] = await here.inbox('alice@example.org');
  assert.equal(
    Buffer.from(letter?.prefix ?? [])
      .toString()
      .replace(/Received: [^]*/, 'Received: …'),
    'Return-Path: <bob@sender.example>\r\n' +
      'Delivered-To: alice+news@example.org\r\n' +
      'Authentication-Results: mx.example.org; spf=pass smtp.mailfrom=sender.example;\r\n' +
      ' dkim=none; dmarc=pass policy.dmarc=reject header.from=sender.example;\r\n' +
      ' arc=none smtp.remote-ip=192.0.2.7\r\n' +
      'Received: …',
  );
  assert.equal(letter?.forwardPath, 'alice+news@example.org');
  assert.equal(here.delivered[0]?.transport.senders.spf.result, 'pass');
});

test('a From that stands in the body is nobody to be judged by', async (t) => {
  const here = await house(t);
  const forged = ' evil\r\nFrom: boss@sender.example\r\nSubject: pay\r\n\r\nnow\r\n';
  assert.equal(word(await send(here, forged, { client: '192.0.2.99' })), 'delivered');
  const [letter] = await here.inbox('alice@example.org');
  const prefix = Buffer.from(letter?.prefix ?? []).toString();
  assert.match(prefix, /dmarc=permerror/);
  assert.match(prefix, /Received: [^]*\r\n\r\n$/);
  assert.equal(letter?.summary.from, '');
});

test('one letter for each, whichever ways lead there, and none that names another', async (t) => {
  const here = await house(t);
  const to = [
    toAddress('all@example.org'),
    alice,
    toAddress('ALICE+x@example.org'),
    { is: 'postmaster' } as const,
  ];
  assert.equal(word(await send(here, bobs, { to, sender: null })), 'delivered');
  const [alices, bobsOwn] = [await here.inbox('alice@example.org'), await here.inbox('bob@example.org')];
  assert.deepEqual([alices.length, bobsOwn.length], [1, 1]);
  // The first way that leads there is the one that is kept.
  assert.equal(alices[0]?.forwardPath, 'all@example.org');
  const prefix = Buffer.from(bobsOwn[0]?.prefix ?? []).toString();
  assert.match(prefix, /^Return-Path: <>\r\nDelivered-To: bob@example\.org\r\n/);
  assert.match(prefix, /smtp\.helo=host\.sender\.example/);
  assert.doesNotMatch(prefix, /alice|all@/);
});

test('what claims to be ours is kept and not served', async (t) => {
  const here = await house(t);
  const forged = 'Authentication-Results: (x) MX.example.org 1; dmarc=pass\r\nReturn-Path: <x@y.example>\r\n';
  const honest = 'Authentication-Results: sender.example; none\r\n';
  await send(here, `${forged}${honest}${bobs}`);
  const [delivery] = here.delivered;
  const [letter] = await here.inbox('alice@example.org');
  assert(delivery !== undefined && letter !== undefined);
  const account = await here.store.account('alice@example.org' as AccountName);
  const blob = account === null ? null : await here.store.blob(account.id, letter.id);
  assert.equal(Buffer.from(blob ?? []).toString(), `${forged}${honest}${bobs}`);
  assert.equal(
    Buffer.concat(keptPieces(blob ?? new Uint8Array(), delivery.omitted)).toString(),
    `${honest}${bobs}`,
  );
});

const refusals: readonly [string, Partial<AuthenticationRules>, string, Sent, string][] = [
  ['p=reject', {}, bobs, forger, 'dmarc'],
  ['p=reject and marking', { dmarcReject: 'mark' }, bobs, forger, 'delivered'],
  ['p=quarantine', {}, letterFrom('x@quarantine.example'), forger, 'delivered'],
  [
    'p=quarantine and refusing',
    { dmarcQuarantine: 'refuse' },
    letterFrom('x@quarantine.example'),
    forger,
    'dmarc',
  ],
  ['p=reject on trial', {}, letterFrom('x@testing.example'), forger, 'delivered'],
  ['an author behind another', {}, letterFrom('x@lenient.example, y@sender.example'), forger, 'dmarc'],
  ['SPF', {}, letterFrom('x@nowhere.example'), { client: '203.0.113.66' }, 'delivered'],
  [
    'SPF and refusing',
    { spfFail: 'refuse' },
    letterFrom('x@nowhere.example'),
    { client: '203.0.113.66' },
    'spf',
  ],
  ['a name server that is down', {}, letterFrom('x@dark.example'), forger, 'delivered'],
  [
    'a name server that is down and deferring',
    { temporary: 'defer' },
    letterFrom('x@dark.example'),
    forger,
    'not-looked-up',
  ],
  ['SPF that is down and deferring', { temporary: 'defer' }, bobs, { sender: 'x@down.example' }, 'dmarc'],
];
for (const [name, rules, letter, sent, expected] of refusals) {
  test(`a letter that fails by ${name}: ${expected}`, async (t) => {
    const here = await house(t, rules);
    assert.equal(word(await send(here, letter, sent)), expected);
    assert.equal((await here.inbox('alice@example.org')).length, expected === 'delivered' ? 1 : 0);
  });
}

test('the refusal names the domain that asked for it', async (t) => {
  assert.deepEqual(await send(await house(t), bobs, forger), {
    verdict: 'refused',
    why: { why: 'dmarc', domain: 'sender.example' },
  });
});

test('a list that is trusted may change what the domain protects', async (t) => {
  const letter = await sealed(bobs, 'dmarc=pass header.from=sender.example');
  assert.equal(word(await send(await house(t), letter, forger)), 'dmarc');
  const trusting = await house(t, { trustedSealers: ['list.example'] });
  assert.equal(word(await send(trusting, letter, forger)), 'delivered');
  assert.equal(word(await send(trusting, letter.replace('dmarc=pass', 'dmarc=none'), forger)), 'dmarc');
});

test('letters that go in circles or whose header has no end', async (t) => {
  const here = await house(t);
  assert.equal(word(await send(here, `${'Received: by x\r\n'.repeat(101)}${bobs}`)), 'looping');
  assert.equal(word(await send(here, `${'Received: by x\r\n'.repeat(100)}${bobs}`)), 'delivered');
  assert.equal(word(await send(here, `X: ${'y'.repeat(300_000)}\r\n${bobs}`)), 'header-too-long');
});

test('a recipient that is gone since RCPT: nothing is delivered to anybody', async (t) => {
  const here = await house(t);
  assert.equal(
    word(await send(here, bobs, { to: [alice, toAddress('nobody@example.org')] })),
    'recipient-gone',
  );
  assert.equal(here.delivered.length, 0);
});

const clean: SenderAuthentication = {
  spf: { result: 'pass', identity: 'mailfrom', domain: 'a.example', reason: null },
  dkim: [
    {
      result: 'pass',
      domain: 'a.example',
      selector: 's',
      algorithm: 'rsa-sha256',
      signature: 'ab/c+d==',
      reason: null,
    },
  ],
  dmarc: [{ result: 'pass', domain: 'a.example', policy: 'reject', reason: null }],
  arc: { result: 'none', sealer: null, dmarc: null, clientAddress: '2001:db8::1', reason: null },
};

test('findings are written so that they can be read, with names that are not ASCII as A-labels', () => {
  const odd: SenderAuthentication = {
    ...clean,
    spf: { ...clean.spf, domain: 'bücher.example' },
    dkim: [{ ...clean.dkim[0]!, domain: 'a"; dmarc=pass x.y="', reason: 'DNS; failure\r\nX: y' }],
  };
  const field = formatAuthenticationResults({ authservId: 'mx.example.org', results: methodResults(odd) });
  const value = field.slice('Authentication-Results:'.length).replaceAll('\r\n', '');
  const read = parseAuthenticationResults(value);
  assert.deepEqual(
    read?.results.map(({ method }) => method),
    ['spf', 'dkim', 'dmarc', 'arc'],
  );
  assert.equal(read.results[0]?.properties[0]?.value, 'xn--bcher-kva.example');
  assert.equal(read.results[1]?.properties[0]?.value, 'a"; dmarc=pass x.y="');
});

test('DKIM and ARC alone are no reason to refuse', () => {
  const poor: SenderAuthentication = {
    ...clean,
    dkim: [{ ...clean.dkim[0]!, result: 'fail' }],
    arc: { ...clean.arc, result: 'fail' },
  };
  const strictest = {
    dmarcReject: 'refuse',
    dmarcQuarantine: 'refuse',
    spfFail: 'refuse',
    temporary: 'defer',
    trustedSealers: [],
  } as const;
  assert.equal(judge(poor, strictest), null);
});
