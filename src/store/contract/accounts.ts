import assert from 'node:assert/strict';
import type { AccountName, Alias, Change } from '../port.ts';
import { MAX_TALLIES } from '../rules.ts';
import {
  deliveryOf,
  done,
  letterBytes,
  makeAccount,
  mustDeliver,
  nobody,
  plain,
  plainVerifiers,
  refusal,
  T0,
  testVerifiers,
  type Cases,
  type OpenedForTest,
} from './fixtures.ts';
import { lettersInInbox } from './inbox.ts';

/** Accounts, the addresses that lead to them, and what is counted about them. */
export const accountCases: Cases = new Map([
  ['an account has verifiers from the beginning, no letter and no bound', accountBegins],
  ['an account of the same name is refused and changes nothing', accountExists],
  ['names of JavaScript objects are accounts, tallies, domains and aliases like any other', namesOfObjects],
  ['verifiers are replaced as a whole, and refused where there is no account', verifiersReplaced],
  ['a removed account is gone with everything in it, and its number never comes again', accountRemoved],
  ['a removed account is told of once, and others that share its letters keep them', removalIsTold],
  ['domains are there until they are removed, in order', domainsAreKept],
  ['an alias leads where it was last set to, until it is removed', aliasesAreKept],
  ['an alias that leads nowhere, to one twice or to more than 100 is a fault', aliasesAreBounded],
  [
    'what leads to accounts has another version after each change, and no other change gives it one',
    directoryVersions,
  ],
  ['tallies count, begin again after quiet, and are forgotten', talliesCount],
  ['a tally of a clock that was set back since goes on from then, or begins again', talliesOfWrongClocks],
  ['at most 100,000 tallies are kept, the loudest', talliesAreBounded],
  ['what no client can see raises nothing and is not told', invisibleIsNotTold],
  ['after close every call is a fault', closedIsClosed],
]);

const name = (text: string): AccountName => text as AccountName;

async function accountBegins({ store }: OpenedForTest): Promise<void> {
  assert.equal(await store.account(name('nu1@447.edu')), null);
  const account = await makeAccount(store, 'nu1@447.edu');
  assert.equal(account.createdAt, T0);
  assert.deepEqual(await store.account(account.name), account);
  assert.deepEqual(await store.accounts(), [account]);
  assert.deepEqual(await store.verifiers(account.id), plainVerifiers(testVerifiers()));
  assert.deepEqual(await lettersInInbox(store, account.id), []);
  assert.equal(await store.modSeq(account.id), 1n);
  const noBounds = { bytes: null, letters: null };
  assert.deepEqual(await store.quota(account.id), { quota: noBounds, usage: { bytes: 0, letters: 0 } });
}

async function accountExists({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const same = name('nu1@447.edu');
  const again = await store.createAccount({ name: same, verifiers: testVerifiers(9), createdAt: T0 + 1 });
  assert.deepEqual(again, refusal('exists'));
  assert.deepEqual(await store.verifiers(id), plainVerifiers(testVerifiers()));
  assert.equal((await store.accounts()).length, 1);
  assert.equal((await makeAccount(store, 'nu2@447.edu')).id, 2);
}

async function namesOfObjects({ store }: OpenedForTest): Promise<void> {
  const names = ['__proto__', 'constructor', 'hasOwnProperty', "'; DROP TABLE account; --", '\u{1f48c}@\0'];
  for (const text of names) await makeAccount(store, text);
  await store.tally(names.map((key) => ({ key, at: 1, quietMs: 1 })));
  for (const text of names) {
    assert.equal(await store.alias(name(text)), null);
    await store.addDomain(text);
    await store.setAlias({ name: name(text), targets: [name('__proto__')] });
    assert.deepEqual(await store.alias(name(text)), { name: text, targets: ['__proto__'] });
  }
  assert.equal((await store.domains()).length, names.length);
  assert.equal(await store.alias(name('valueOf')), null);
  for (const text of names) assert.equal((await store.account(name(text)))?.name, text);
  assert.equal(await store.account(name('toString')), null);
  assert.equal((await store.tallies([...names, 'toString'])).length, names.length);
}

async function verifiersReplaced({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  assert.deepEqual(await store.setVerifiers(id, testVerifiers(7)), done);
  assert.deepEqual(await store.verifiers(id), plainVerifiers(testVerifiers(7)));
  assert.deepEqual(await store.setVerifiers(nobody, testVerifiers()), refusal('no-account'));
  assert.equal(await store.verifiers(nobody), null);
  assert.deepEqual(await store.mailboxes(nobody), []);
}

async function talliesCount({ store }: OpenedForTest): Promise<void> {
  const event = (at: number, key = 'k') => ({ key, at, quietMs: 100 });
  assert.deepEqual(await store.tallies(['k']), []);
  await store.tally([event(1000), event(1100), event(1100, 'other')]);
  assert.deepEqual(await store.tallies(['k', 'k']), [{ key: 'k', count: 2, lastAt: 1100 }]);
  await store.tally([event(1201)]);
  assert.deepEqual(await store.tallies(['k']), [{ key: 'k', count: 1, lastAt: 1201 }]);
  await store.tally([event(900)]);
  assert.deepEqual(await store.tallies(['k']), [{ key: 'k', count: 2, lastAt: 1201 }]);
  await store.tally([
    { ...event(1300), times: 40 },
    { ...event(1500), times: 7 },
  ]);
  assert.deepEqual(await store.tallies(['k']), [{ key: 'k', count: 7, lastAt: 1500 }]);
  await store.tally([{ ...event(1600), times: 5 }, event(1600)]);
  assert.deepEqual(await store.tallies(['k']), [{ key: 'k', count: 13, lastAt: 1600 }]);
  await store.tally([]);
  await store.forgetTallies(['k', 'never']);
  assert.deepEqual(await store.tallies(['k', 'other']), [{ key: 'other', count: 1, lastAt: 1100 }]);
}

async function talliesOfWrongClocks({ store }: OpenedForTest): Promise<void> {
  const hour = 3_600_000;
  const event = (at: number) => ({ key: 'k', at, quietMs: 24 * hour });
  const tally = async (): Promise<unknown> => (await store.tallies(['k']))[0];
  await store.tally([event(T0), event(T0)]);
  await store.tally([event(T0 - 60_000)]);
  assert.deepEqual(await tally(), { key: 'k', count: 3, lastAt: T0 });
  await store.tally([event(T0 - hour)]);
  assert.deepEqual(await tally(), { key: 'k', count: 4, lastAt: T0 - hour });
  await store.tally([event(T0 - 26 * hour)]);
  assert.deepEqual(await tally(), { key: 'k', count: 1, lastAt: T0 - 26 * hour });
}

async function talliesAreBounded({ store }: OpenedForTest): Promise<void> {
  const events = Array.from({ length: MAX_TALLIES }, (_, n) => ({ key: `k${n}`, at: n, quietMs: 1 }));
  await store.tally(events);
  await store.tally([{ key: 'k0', at: MAX_TALLIES, quietMs: MAX_TALLIES }]);
  await store.tally([
    { key: 'new', at: MAX_TALLIES, quietMs: 1 },
    { key: 'newer', at: MAX_TALLIES, quietMs: 1 },
  ]);
  const left = await store.tallies(['k0', 'k1', 'k2', 'k3', 'new', 'newer']);
  assert.deepEqual(left.map(({ key }) => key).sort(), ['k0', 'k3', 'new', 'newer']);
  assert.equal((await store.tallies(events.map(({ key }) => key))).length, MAX_TALLIES - 2);
}

async function accountRemoved({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const bytes = letterBytes(5000);
  const [placed] = await mustDeliver(store, deliveryOf(bytes, [id]));
  assert.ok(placed);
  await store.changeObjects(id, [{ do: 'put', kind: 'identity', name: 'a', value: 'b' }], T0);
  await store.removeLetters(id, [placed.letter], T0);
  await mustDeliver(store, deliveryOf(bytes, [id]));
  assert.deepEqual(await store.removeAccount(id), done);
  assert.deepEqual(await store.removeAccount(id), refusal('no-account'));
  assert.equal(await store.account(name('nu1@447.edu')), null);
  assert.deepEqual(await store.accounts(), []);
  const query = { account: id, count: 9, before: null };
  for (const nothing of [
    await store.mailboxes(id),
    await store.lettersById(id, [placed.letter]),
    await store.removedLetters(query),
    await store.placed({ account: id, mailbox: placed.mailbox }),
    await store.placedParsed({ account: id, mailbox: placed.mailbox }),
    await store.placesOf(id, [placed.letter]),
    await store.objects(id, 'identity'),
    await store.lostSubscriptions(id),
    [...(await store.uids(id, placed.mailbox))],
  ])
    assert.deepEqual(nothing, []);
  for (const none of [
    await store.verifiers(id),
    await store.quota(id),
    await store.modSeq(id),
    await store.blob(id, placed.letter),
    await store.blobPieces(id, placed.letter),
    await store.mailbox(id, placed.mailbox),
    await store.letter(id, placed.letter),
    await store.object(id, 'identity', 'a'),
  ])
    assert.equal(none, null);
  const [since, kind] = [placed.modSeq, 'letter'] as const;
  assert.deepEqual(await store.changesSince(id, kind, since, 9), refusal('cannot-calculate'));
  assert.deepEqual(await store.deliver(deliveryOf(bytes, [id])), refusal('no-account'));
  const again = await makeAccount(store, 'nu1@447.edu');
  assert.equal(again.id, 2);
  assert.equal(await store.blob(again.id, placed.letter), null);
  await store.tidy({ now: T0 * 2, removedMs: 0, tombstonesMs: 0 });
  const [first] = await mustDeliver(store, deliveryOf(bytes, [again.id]));
  assert.deepEqual([first?.letter, first?.uid, first?.modSeq], [3, 1, 2n]);
  assert.equal((await makeAccount(store, 'nu2@447.edu')).id, 3);
}

async function removalIsTold({ store }: OpenedForTest): Promise<void> {
  const one = await makeAccount(store, 'nu1@447.edu');
  const two = await makeAccount(store, 'nu2@447.edu');
  const bytes = letterBytes(300_000);
  const [, placed] = await mustDeliver(store, deliveryOf(bytes, [one.id, two.id]));
  assert.ok(placed);
  const seen: Change[] = [];
  store.onChange((change) => seen.push(change));
  await store.removeAccount(one.id);
  assert.deepEqual(seen, [{ account: one.id, modSeq: 3n, mailboxes: [] }]);
  await store.tidy({ now: T0 * 2, removedMs: 0, tombstonesMs: 0 });
  assert.deepEqual(plain(await store.blob(two.id, placed.letter)), Buffer.from(bytes));
  assert.deepEqual(await store.accounts(), [two]);
}

async function domainsAreKept({ store }: OpenedForTest): Promise<void> {
  assert.deepEqual(await store.domains(), []);
  for (const domain of ['b.example', 'a.example', 'a-.example', '\uff5e.example', '\u{1f48c}.example'])
    assert.deepEqual(await store.addDomain(domain), done);
  assert.deepEqual(await store.addDomain('a.example'), refusal('exists'));
  const ordered = ['a-.example', 'a.example', 'b.example', '\uff5e.example', '\u{1f48c}.example'];
  assert.deepEqual(await store.domains(), ordered);
  await makeAccount(store, 'nu1@a.example');
  assert.deepEqual(await store.removeDomain('a.example'), done);
  assert.deepEqual(await store.removeDomain('a.example'), refusal('no-domain'));
  assert.deepEqual(await store.domains(), ordered.toSpliced(1, 1));
  assert.notEqual(await store.account(name('nu1@a.example')), null);
}

async function directoryVersions({ store }: OpenedForTest): Promise<void> {
  let version = await store.directoryVersion();
  const changes = async (change: Promise<unknown>): Promise<void> => {
    await change;
    const next = await store.directoryVersion();
    assert.notEqual(next, version);
    version = next;
  };
  const created = { name: name('nu1@447.edu'), verifiers: testVerifiers(), createdAt: T0 };
  await changes(store.createAccount(created));
  const account = await store.account(created.name);
  assert.ok(account !== null);
  await changes(store.setQuota(account.id, { bytes: 100_000, letters: null }));
  await changes(store.setQuota(account.id, { bytes: null, letters: null }));
  await changes(store.addDomain('447.edu'));
  await changes(store.removeDomain('447.edu'));
  const alias: Alias = { name: name('all@447.edu'), targets: [created.name] };
  await changes(store.setAlias(alias));
  await changes(store.setAlias({ ...alias, targets: [name('other@447.edu')] }));
  await changes(store.removeAlias(alias.name));
  await mustDeliver(store, deliveryOf(letterBytes(100), [account.id]));
  await store.setVerifiers(account.id, testVerifiers(2));
  await store.tally([{ key: 'a', at: T0, quietMs: 1 }]);
  assert.equal(await store.directoryVersion(), version);
  await changes(store.removeAccount(account.id));
}

async function aliasesAreKept({ store }: OpenedForTest): Promise<void> {
  const all: Alias = { name: name('all@447.edu'), targets: [name('b@x.example'), name('a@x.example')] };
  const ab: Alias = { name: name('ab@447.edu'), targets: [name('all@447.edu')] };
  for (const alias of [all, ab]) await store.setAlias(alias);
  assert.deepEqual(await store.aliases(), [ab, all]);
  assert.deepEqual(await store.alias(all.name), all);
  const other = { ...all, targets: [name('all@447.edu')] };
  await store.setAlias(other);
  assert.deepEqual(await store.alias(all.name), other);
  assert.deepEqual(await store.removeAlias(ab.name), done);
  assert.deepEqual(await store.removeAlias(ab.name), refusal('no-alias'));
  assert.equal(await store.alias(ab.name), null);
  assert.deepEqual(await store.aliases(), [other]);
}

async function aliasesAreBounded({ store }: OpenedForTest): Promise<void> {
  const targets = Array.from({ length: 101 }, (_, n) => name(`nu${n}@447.edu`));
  const alias = (some: Alias['targets']): Alias => ({ name: name('all@447.edu'), targets: some });
  for (const wrong of [[], targets, [name('a@b'), name('a@b')]])
    await assert.rejects(store.setAlias(alias(wrong)), { name: 'StoreFault' });
  assert.deepEqual(await store.aliases(), []);
  await store.setAlias(alias(targets.slice(1)));
  assert.equal((await store.alias(name('all@447.edu')))?.targets.length, 100);
}

async function invisibleIsNotTold({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const seen: Change[] = [];
  store.onChange((change) => seen.push(change));
  await store.setVerifiers(id, testVerifiers(2));
  await store.setQuota(id, { bytes: 1, letters: 1 });
  await store.addDomain('a.example');
  await store.setAlias({ name: name('a@447.edu'), targets: [name('nu1@447.edu')] });
  await store.tally([{ key: 'k', at: 1, quietMs: 1 }]);
  const where = { account: id, destination: 'x', state: '', prefix: new Uint8Array() };
  const entry = { ...where, dueAt: 1, createdAt: 1 };
  await store.enqueue(deliveryOf(letterBytes(3), [id]), [entry]);
  assert.equal(await store.modSeq(id), 1n);
  const made = await makeAccount(store, 'nu2@447.edu');
  assert.deepEqual(seen, [{ account: made.id, modSeq: 1n, mailboxes: [] }]);
}

async function closedIsClosed({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const under = mustDeliver(store, deliveryOf(letterBytes(10), [id]));
  const closed = store.close();
  assert.equal((await under).length, 1);
  await closed;
  await store.close();
  await assert.rejects(async () => store.accounts(), { name: 'StoreClosed' });
  await assert.rejects(async () => store.deliver(deliveryOf(letterBytes(10), [id])), { name: 'StoreClosed' });
  assert.throws(() => store.onChange(() => {}), { name: 'StoreClosed' });
}
