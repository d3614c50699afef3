import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAddress } from '../mail/address.ts';
import type { Recipient } from '../smtp/session.ts';
import { openMemoryStore } from '../store/memory/store.ts';
import type { AccountName, Store, Verifiers } from '../store/port.ts';
import { LocalRecipients, plainTable } from './local-recipients.ts';
import { recipientTable, type RecipientRules } from './local-recipients-table.ts';

const verifiers: Verifiers = {
  scram: {
    salt: new Uint8Array(16),
    iterations: 4096,
    storedKey: new Uint8Array(32),
    serverKey: new Uint8Array(32),
  },
  argon2id: '',
};

async function people(...names: string[]): Promise<Store> {
  const store = openMemoryStore();
  for (const [index, name] of names.entries()) {
    await store.createAccount({ name: name as AccountName, verifiers, createdAt: index });
  }
  return store;
}

const rules = (changes: Partial<RecipientRules> = {}): RecipientRules => ({
  domains: ['Example.org', 'bücher.example'],
  aliases: new Map([
    ['Sales@example.org', ['alice@example.org', 'bob@example.org', 'ALICE+sales@example.org']],
    ['all@example.org', ['sales@example.org', 'carol@bücher.example']],
    ['bob@example.org', ['bob@example.org', 'alice@example.org']],
    ['round@example.org', ['about@example.org']],
    ['about@example.org', ['round@example.org']],
    ['partly@example.org', ['about@example.org', 'gone@example.org', 'alice@example.org']],
    ['gone.too@example.org', ['gone@example.org']],
    ['list@example.org', ['alice+list@example.org']],
    ['abuse@bücher.example', ['carol@xn--bcher-kva.example']],
  ]),
  catchAll: new Map([['xn--bcher-kva.example', 'carol@bücher.example']]),
  detailSeparator: '+',
  postmaster: 'first',
  ...changes,
});

async function found(text: string, changes: Partial<RecipientRules> = {}): Promise<string | string[]> {
  const table = recipientTable(rules(changes));
  assert(table.ok);
  const store = await people(
    'alice@example.org',
    'bob@example.org',
    'x+y@example.org',
    'carol@bücher.example',
  );
  const parsed = parseAddress(text);
  assert(text === '' || parsed.ok, text);
  const recipient: Recipient = parsed.ok ? { is: 'address', address: parsed.value } : { is: 'postmaster' };
  const result = await new LocalRecipients(table.value, store).find(recipient);
  if (!result.ok) return result.refusal;
  return result.value.map(({ account, deliveredTo }) =>
    account.name === deliveredTo ? account.name : `${account.name} as ${deliveredTo}`,
  );
}

const table: readonly [string, string | readonly string[]][] = [
  ['alice@example.org', ['alice@example.org']],
  ['ALICE@EXAMPLE.ORG', ['alice@example.org']],
  ['"alice"@example.org', ['alice@example.org']],
  ['alice+news@example.org', ['alice@example.org as alice+news@example.org']],
  ['alice+a+b@example.org', ['alice@example.org as alice+a+b@example.org']],
  ['alice+@example.org', ['alice@example.org as alice+@example.org']],
  ['"alice+a b"@example.org', ['alice@example.org as "alice+a b"@example.org']],
  ['+news@example.org', 'no-such-mailbox'],
  ['x+y@example.org', ['x+y@example.org']],
  ['x@example.org', 'no-such-mailbox'],
  ['sales@example.org', ['alice@example.org', 'bob@example.org']],
  ['sales+2026@example.org', ['alice@example.org', 'bob@example.org']],
  ['all@example.org', ['carol@bücher.example', 'alice@example.org', 'bob@example.org']],
  ['bob@example.org', ['bob@example.org', 'alice@example.org']],
  ['list@example.org', ['alice@example.org as alice+list@example.org']],
  ['round@example.org', 'alias-loop'],
  ['partly@example.org', ['alice@example.org']],
  ['gone.too@example.org', 'no-such-mailbox'],
  ['nobody@example.org', 'no-such-mailbox'],
  ['__proto__@example.org', 'no-such-mailbox'],
  ['nobody@bücher.example', ['carol@bücher.example']],
  ['nobody@xn--bcher-kva.example', ['carol@bücher.example']],
  ['alice@elsewhere.example', 'no-relay'],
  ['alice@sub.example.org', 'no-relay'],
  ['alice@[192.0.2.1]', 'no-relay'],
  ['', ['alice@example.org as postmaster@example.org']],
  ['Postmaster@example.org', ['alice@example.org as postmaster@example.org']],
  ['postmaster+x@example.org', ['alice@example.org as postmaster+x@example.org']],
  ['abuse@example.org', ['alice@example.org as abuse@example.org']],
  ['abuse@bücher.example', ['carol@bücher.example']],
  ['postmaster@bücher.example', ['alice@example.org as postmaster@bücher.example']],
  ['hostmaster@example.org', 'no-such-mailbox'],
];
for (const [text, expected] of table) {
  test(`${text || 'the postmaster'} is ${String(expected)}`, async () => {
    const result = await found(text);
    assert.deepEqual(result, expected);
  });
}

test('the postmaster may be named, be an alias, or be left to who has the name', async () => {
  const named = { postmaster: { address: 'all@example.org' } };
  assert.equal((await found('postmaster@example.org', named)).length, 3);
  assert.deepEqual(await found('abuse@example.org', { postmaster: 'nobody' }), 'no-such-mailbox');
  assert.deepEqual(await found('postmaster@bücher.example', { postmaster: 'nobody' }), [
    'carol@bücher.example',
  ]);
});

test('without a separator a plus is a letter like any other', async () => {
  assert.equal(await found('alice+news@example.org', { detailSeparator: null }), 'no-such-mailbox');
  assert.deepEqual(await found('alice-news@example.org', { detailSeparator: '-' }), [
    'alice@example.org as alice-news@example.org',
  ]);
});

test('a server without anybody has no postmaster either', async () => {
  const recipients = new LocalRecipients(
    { ...plainTable(['example.org']), postmaster: 'first' },
    await people(),
  );
  assert.deepEqual(await recipients.find({ is: 'postmaster' }), { ok: false, refusal: 'no-such-mailbox' });
});

test('domains and aliases of the store count beside the rules, as soon as they are there', async () => {
  const store = await people('alice@example.org', 'bob@example.org', 'dave@new.example');
  const ruled = recipientTable(rules());
  assert(ruled.ok);
  const recipients = new LocalRecipients(ruled.value, store);
  const find = async (text: string): Promise<string | string[]> => {
    const parsed = parseAddress(text);
    assert(parsed.ok, text);
    const result = await recipients.find({ is: 'address', address: parsed.value });
    return result.ok ? result.value.map(({ account }) => account.name) : result.refusal;
  };
  const name = (text: string): AccountName => text as AccountName;
  assert.equal(await find('dave@new.example'), 'no-relay');
  await store.addDomain('new.example');
  assert.deepEqual(await find('dave@NEW.example'), ['dave@new.example']);
  assert.deepEqual(await find('dave+x@new.example'), ['dave@new.example']);
  await store.setAlias({
    name: name('team@new.example'),
    targets: [name('sales@example.org'), name('dave@new.example')],
  });
  assert.deepEqual(await find('team+2026@new.example'), [
    'dave@new.example',
    'alice@example.org',
    'bob@example.org',
  ]);
  await store.setAlias({ name: name('sales@example.org'), targets: [name('dave@new.example')] });
  assert.deepEqual(
    await find('sales@example.org'),
    ['alice@example.org', 'bob@example.org'],
    'the rules come first',
  );
  await store.setAlias({
    name: name('alice@example.org'),
    targets: [name('alice@example.org'), name('bob@example.org')],
  });
  assert.deepEqual(await find('alice@example.org'), ['alice@example.org', 'bob@example.org']);
  const team = parseAddress('team@new.example');
  assert(team.ok);
  assert.equal(await recipients.owns(name('dave@new.example'), team.value), true);
  await store.removeAlias(name('team@new.example'));
  assert.equal(await find('team@new.example'), 'no-such-mailbox');
  await store.removeDomain('new.example');
  assert.equal(await find('dave@new.example'), 'no-relay');
});

test('the postmaster is the first account of those that are there', async () => {
  const store = await people('alice@example.org', 'bob@example.org');
  const recipients = new LocalRecipients({ ...plainTable(['example.org']), postmaster: 'first' }, store);
  const postmaster = async (): Promise<string> => {
    const first = await recipients.find({ is: 'postmaster' });
    return first.ok ? (first.value[0]?.account.name ?? '') : first.refusal;
  };
  assert.equal(await postmaster(), 'alice@example.org');
  const alice = await store.account('alice@example.org' as AccountName);
  assert(alice !== null);
  await store.removeAccount(alice.id);
  assert.equal(await postmaster(), 'bob@example.org');
});

const mistakes: readonly [Partial<RecipientRules>, string, string][] = [
  [{ aliases: new Map([['sales', ['alice@example.org']]]) }, 'not-an-address', 'sales'],
  [{ aliases: new Map([['a@example.org', ['b@elsewhere.example']]]) }, 'not-local', 'b@elsewhere.example'],
  [{ aliases: new Map([['a@elsewhere.example', ['b@example.org']]]) }, 'not-local', 'a@elsewhere.example'],
  [{ aliases: new Map([['a@example.org', []]]) }, 'alias-empty', 'a@example.org'],
  [
    {
      aliases: new Map([
        ['a@example.org', ['b@example.org']],
        ['A@example.org', ['c@example.org']],
      ]),
    },
    'alias-twice',
    'A@example.org',
  ],
  [{ catchAll: new Map([['elsewhere.example', 'a@example.org']]) }, 'not-a-domain', 'elsewhere.example'],
  [{ catchAll: new Map([['example.org', 'a@elsewhere.example']]) }, 'not-local', 'a@elsewhere.example'],
  [{ domains: ['not a domain'] }, 'not-a-domain', 'not a domain'],
  [{ detailSeparator: '@' }, 'separator', '@'],
  [{ detailSeparator: '++' }, 'separator', '++'],
  [{ postmaster: { address: 'root' } }, 'not-an-address', 'root'],
];
for (const [changes, why, word] of mistakes) {
  test(`rules with ${why} ${word}`, () => {
    assert.deepEqual(recipientTable(rules(changes)), { ok: false, refusal: { why, word } });
  });
}

test('whatever aliases there are, the search ends, and nobody gets a letter twice', async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'a+x', 'postmaster'].map((name) => `${name}@example.org`);
  const store = await people('a@example.org', 'b@example.org');
  const some = fc.constantFrom(...names);
  const aliases = fc.dictionary(some, fc.array(some, { minLength: 1, maxLength: 5 }), {
    noNullPrototype: true,
  });
  await fc.assert(
    fc.asyncProperty(aliases, some, fc.option(some), async (made, asked, catcher) => {
      const built = recipientTable(
        rules({
          aliases: new Map(Object.entries(made)),
          catchAll: catcher === null ? new Map() : new Map([['example.org', catcher]]),
        }),
      );
      assert(built.ok);
      const parsed = parseAddress(asked);
      assert(parsed.ok);
      const result = await new LocalRecipients(built.value, store).find({
        is: 'address',
        address: parsed.value,
      });
      const ids = result.ok ? result.value.map(({ account }) => account.id) : [];
      assert.equal(new Set(ids).size, ids.length);
      assert.equal(result.ok, ids.length > 0);
    }),
    { interruptAfterTimeLimit: 1500 },
  );
});
