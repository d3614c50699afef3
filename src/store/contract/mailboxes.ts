import assert from 'node:assert/strict';
import type { AccountId, Change, Mailbox, MailboxId, MailboxRole, MailboxUpdate, Store } from '../port.ts';
import {
  ARCHIVE,
  done,
  DRAFTS,
  INBOX,
  JUNK,
  letterBytes,
  makeAccount,
  mustBeOk,
  mustFind,
  nobody,
  NOWHERE,
  put,
  putMany,
  refusal,
  SENT,
  T0,
  TRASH,
  uids,
  uidsIn,
  type Cases,
  type OpenedForTest,
} from './fixtures.ts';

/** The tree of mailboxes. */
export const mailboxCases: Cases = new Map([
  ['an account begins with INBOX and five mailboxes that have roles', beginsWithSix],
  ['a mailbox is as it was wanted, and its number and uid validity are new', mailboxIsMade],
  ['INBOX is one in any case at the top, and no name at all below it', inboxInAnyCase],
  ['a name is told from others by its code points, and has to be in NFC', namesAreCompared],
  ['names that no mailbox may have are refused', badNames],
  ['a name of 255 bytes is kept, and of 256 is refused', longNames],
  ['a mailbox has at most 32 above it, made or moved there', depthIsBounded],
  ['of several refusals the first in their order is given', refusalOrder],
  ['a role is had by one mailbox at a time', rolesAreSingle],
  ['INBOX is neither renamed nor moved nor removed, and keeps its role', inboxStays],
  ['a mailbox is not moved into itself, nor below itself', notInsideItself],
  ['a mailbox that is renamed or moved keeps number, uids and what is below it', renameKeeps],
  ['what changes nothing of a mailbox raises nothing', sameIsSilent],
  ['a mailbox with children or letters is not removed unless its letters may go', removalIsCareful],
  ['the letters of a removed mailbox leave as by expunge, and those in another stay there', lettersGoAlong],
  ['a mailbox of the same name is another one, with a higher uid validity', nameIsFreeAgain],
  ['the uid validity rises though the clock stands still or goes back', validityRises],
  ['a subscription outlasts its mailbox, until it is ended or a mailbox is made there', subscriptionsStay],
  [
    'a mailbox that is moved to a path that is subscribed to takes the subscription over',
    subscriptionsAreTaken,
  ],
  ['the mailboxes of an account are no other account’s', mailboxesAreGuarded],
]);

const make = async (
  store: Store,
  account: AccountId,
  name: string,
  parent: MailboxId | null = null,
  more: { readonly role?: MailboxRole; readonly subscribed?: boolean; readonly sortOrder?: number } = {},
): Promise<Mailbox> => mustBeOk(store.createMailbox(account, { name, parent, createdAt: T0, ...more }));

const tryToMake = async (store: Store, account: AccountId, name: string, parent: MailboxId | null = null) =>
  store.createMailbox(account, { name, parent, createdAt: T0 });

async function beginsWithSix({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const names = [
    ['INBOX', 'inbox'],
    ['Drafts', 'drafts'],
    ['Sent', 'sent'],
    ['Junk', 'junk'],
    ['Trash', 'trash'],
    ['Archive', 'archive'],
  ] as const;
  const empty = { uidNext: 1, letters: 0, unseen: 0, deleted: 0, sizeBytes: 0 };
  const expected = names.map(([name, role], index) => ({
    id: index + 1,
    name,
    role,
    parent: null,
    subscribed: true,
    sortOrder: index,
    uidValidity: Math.floor(T0 / 1000) + index,
    highestModSeq: 1n,
    modSeq: 1n,
    ...empty,
  }));
  assert.deepEqual(await store.mailboxes(id), expected);
  assert.deepEqual(await store.mailbox(id, TRASH), expected[4]);
  assert.deepEqual(await store.lostSubscriptions(id), []);
}

async function mailboxIsMade({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const made = await make(store, id, 'Lists');
  const validity = Math.floor(T0 / 1000);
  const empty = { uidNext: 1, letters: 0, unseen: 0, deleted: 0, sizeBytes: 0 };
  assert.deepEqual(made, {
    id: 7,
    name: 'Lists',
    parent: null,
    role: null,
    subscribed: false,
    sortOrder: 0,
    uidValidity: validity + 6,
    highestModSeq: 2n,
    modSeq: 2n,
    ...empty,
  });
  const below = await make(store, id, '\u{1f48c} & "\\*%', made.id, {
    role: 'important',
    subscribed: true,
    sortOrder: 10,
  });
  assert.deepEqual(below, {
    ...made,
    id: 8,
    name: '\u{1f48c} & "\\*%',
    parent: 7,
    role: 'important',
    subscribed: true,
    sortOrder: 10,
    uidValidity: validity + 7,
    highestModSeq: 3n,
    modSeq: 3n,
  });
  assert.deepEqual((await store.mailboxes(id)).slice(6), [made, below]);
  assert.equal(await store.modSeq(id), 3n);
}

async function inboxInAnyCase({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  for (const name of ['INBOX', 'inbox', 'InBoX']) {
    assert.deepEqual(await tryToMake(store, id, name), refusal('exists'));
    assert.deepEqual(await tryToMake(store, id, name, INBOX), refusal('bad-name'));
    assert.deepEqual(await store.updateMailbox(id, SENT, { name }), refusal('exists'));
    assert.deepEqual(await store.updateMailbox(id, SENT, { name, parent: ARCHIVE }), refusal('bad-name'));
  }
  // A Turkish reader's capital of i, and a name that only begins so.
  for (const name of ['\u0130NBOX', '\u0131nbox', 'INBOX.', 'INBOX2']) await make(store, id, name);
  await make(store, id, 'sent');
  assert.deepEqual(await tryToMake(store, id, 'Sent'), refusal('exists'));
}

async function namesAreCompared({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await make(store, id, 'Gr\u00fc\u00dfe');
  assert.deepEqual(await tryToMake(store, id, 'Gr\u00fc\u00dfe'), refusal('exists'));
  assert.deepEqual(await tryToMake(store, id, 'Gru\u0308\u00dfe'), refusal('bad-name'));
  assert.deepEqual(await store.updateMailbox(id, SENT, { name: 'Gru\u0308\u00dfe' }), refusal('bad-name'));
  for (const name of [
    'gr\u00fc\u00dfe',
    'Gr\u00fcsse',
    'Grusse',
    ' Gr\u00fc\u00dfe',
    '__proto__',
    'constructor',
  ])
    await make(store, id, name);
  assert.deepEqual(await tryToMake(store, id, '__proto__'), refusal('exists'));
  await make(store, id, 'Gr\u00fc\u00dfe', INBOX);
  assert.equal((await store.mailboxes(id)).length, 14);
}

async function badNames({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  for (const name of ['', 'a/b', '/', 'a\0', 'a\r\nb', '\u007f', '\u0085', '\u2028', '\ud800', '\u212b']) {
    assert.deepEqual(await tryToMake(store, id, name), refusal('bad-name'), JSON.stringify(name));
    assert.deepEqual(await store.updateMailbox(id, JUNK, { name }), refusal('bad-name'));
  }
  assert.equal(await store.modSeq(id), 1n);
}

async function longNames({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const longest = `${'\u00e9'.repeat(127)}a`;
  assert.equal((await make(store, id, longest)).name, longest);
  assert.deepEqual(await tryToMake(store, id, `${longest}a`), refusal('bad-name'));
  assert.deepEqual(await tryToMake(store, id, '\u00e9'.repeat(128)), refusal('bad-name'));
}

async function depthIsBounded({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const levels = [await make(store, id, 'level')];
  for (let above = 1; above <= 32; above++)
    levels.push(await make(store, id, 'level', levels[above - 1]?.id));
  const lowest = levels[32]?.id ?? null;
  assert.deepEqual(await tryToMake(store, id, 'level', lowest), refusal('too-deep'));
  assert.deepEqual(await store.updateMailbox(id, SENT, { parent: lowest }), refusal('too-deep'));
  const alone = await make(store, id, 'alone');
  const child = await make(store, id, 'child', alone.id);
  const under = (above: number): MailboxUpdate => ({ parent: levels[above]?.id ?? null });
  assert.deepEqual(await store.updateMailbox(id, alone.id, under(31)), refusal('too-deep'));
  assert.ok((await store.updateMailbox(id, alone.id, under(30))).ok);
  assert.deepEqual(await tryToMake(store, id, 'another', child.id), refusal('too-deep'));
  // The whole tree goes no lower either.
  assert.deepEqual(
    await store.updateMailbox(id, levels[0]?.id ?? INBOX, { parent: SENT }),
    refusal('too-deep'),
  );
}

async function refusalOrder({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const wanted = { name: '', parent: NOWHERE, role: 'inbox', createdAt: T0 } as const;
  assert.deepEqual(await store.createMailbox(nobody, wanted), refusal('no-account'));
  assert.deepEqual(await store.createMailbox(id, wanted), refusal('no-parent'));
  assert.deepEqual(await store.createMailbox(id, { ...wanted, parent: null }), refusal('bad-name'));
  const sent = { ...wanted, parent: null, name: 'Sent' };
  assert.deepEqual(await store.createMailbox(id, sent), refusal('exists'));
  assert.deepEqual(await store.createMailbox(id, { ...sent, name: 'x' }), refusal('role-taken'));
  const update = { name: '', parent: NOWHERE, role: null };
  assert.deepEqual(await store.updateMailbox(nobody, SENT, update), refusal('no-account'));
  assert.deepEqual(await store.updateMailbox(id, NOWHERE, update), refusal('no-mailbox'));
  assert.deepEqual(await store.updateMailbox(id, INBOX, update), refusal('inbox'));
  assert.deepEqual(await store.updateMailbox(id, SENT, update), refusal('no-parent'));
  assert.deepEqual(
    await store.updateMailbox(id, SENT, { ...update, parent: SENT }),
    refusal('inside-itself'),
  );
  assert.equal(await store.modSeq(id), 1n);
}

async function rolesAreSingle({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const lists = await make(store, id, 'Lists');
  assert.deepEqual(await store.updateMailbox(id, lists.id, { role: 'sent' }), refusal('role-taken'));
  assert.deepEqual(await store.updateMailbox(id, lists.id, { role: 'inbox' }), refusal('role-taken'));
  assert.equal((await mustBeOk(store.updateMailbox(id, SENT, { role: null }))).role, null);
  assert.equal((await mustBeOk(store.updateMailbox(id, lists.id, { role: 'sent' }))).role, 'sent');
  assert.deepEqual(await store.updateMailbox(id, SENT, { role: 'sent' }), refusal('role-taken'));
  await mustBeOk(store.removeMailbox(id, lists.id, { letters: 'refuse', at: T0 }));
  assert.equal((await mustBeOk(store.updateMailbox(id, SENT, { role: 'sent' }))).role, 'sent');
}

async function inboxStays({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  for (const update of [{ name: 'Other' }, { parent: SENT }, { role: null }, { role: 'all' as const }])
    assert.deepEqual(await store.updateMailbox(id, INBOX, update), refusal('inbox'));
  for (const letters of ['refuse', 'remove'] as const)
    assert.deepEqual(await store.removeMailbox(id, INBOX, { letters, at: T0 }), refusal('inbox'));
  const update = { name: 'INBOX', parent: null, role: 'inbox', subscribed: false, sortOrder: 3 } as const;
  const after = await mustBeOk(store.updateMailbox(id, INBOX, update));
  assert.deepEqual(
    [after.subscribed, after.sortOrder, after.modSeq, after.highestModSeq],
    [false, 3, 2n, 1n],
  );
}

async function notInsideItself({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const a = await make(store, id, 'a');
  const b = await make(store, id, 'b', a.id);
  const c = await make(store, id, 'c', b.id);
  for (const parent of [a.id, b.id, c.id])
    assert.deepEqual(await store.updateMailbox(id, a.id, { parent }), refusal('inside-itself'));
  assert.deepEqual(await store.updateMailbox(id, b.id, { parent: c.id }), refusal('inside-itself'));
  await mustBeOk(store.updateMailbox(id, c.id, { parent: null }));
  await mustBeOk(store.updateMailbox(id, a.id, { parent: c.id }));
  assert.deepEqual(await store.updateMailbox(id, c.id, { parent: b.id }), refusal('inside-itself'));
}

async function renameKeeps({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const a = await make(store, id, 'a', null, { subscribed: true });
  const b = await make(store, id, 'b', a.id, { subscribed: true });
  await put(store, id, { mailboxes: [a.id] });
  const before = await mustFind(store, id, a.id);
  const after = await mustBeOk(store.updateMailbox(id, a.id, { name: 'z', parent: SENT }));
  assert.deepEqual(after, { ...before, name: 'z', parent: SENT, modSeq: 5n });
  assert.deepEqual(await mustFind(store, id, b.id), b);
  assert.deepEqual(await uidsIn(store, id, a.id), [1]);
  assert.deepEqual(await store.lostSubscriptions(id), []);
  assert.equal((await make(store, id, 'a')).id, 9);
  assert.deepEqual(await store.updateMailbox(id, a.id, { name: 'a', parent: null }), refusal('exists'));
}

async function sameIsSilent({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const seen: Change[] = [];
  store.onChange((change) => seen.push(change));
  const drafts = await mustFind(store, id, DRAFTS);
  const { name, parent, role, subscribed, sortOrder } = drafts;
  for (const update of [{}, { name, parent, role, subscribed, sortOrder }])
    assert.deepEqual(await store.updateMailbox(id, DRAFTS, update), { ok: true, value: drafts });
  assert.deepEqual(seen, []);
  assert.equal(await store.modSeq(id), 1n);
}

async function removalIsCareful({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const a = await make(store, id, 'a');
  const b = await make(store, id, 'b', a.id);
  await put(store, id, { mailboxes: [a.id] });
  const refuse = { letters: 'refuse', at: T0 } as const;
  const remove = { letters: 'remove', at: T0 } as const;
  assert.deepEqual(await store.removeMailbox(nobody, a.id, remove), refusal('no-mailbox'));
  assert.deepEqual(await store.removeMailbox(id, NOWHERE, remove), refusal('no-mailbox'));
  assert.deepEqual(await store.removeMailbox(id, a.id, remove), refusal('has-children'));
  assert.deepEqual(await store.removeMailbox(id, b.id, refuse), done);
  assert.deepEqual(await store.removeMailbox(id, b.id, refuse), refusal('no-mailbox'));
  assert.deepEqual(await store.removeMailbox(id, a.id, refuse), refusal('has-letters'));
  assert.deepEqual(await store.removeMailbox(id, a.id, remove), done);
  assert.equal(await store.mailbox(id, a.id), null);
  assert.equal((await store.mailboxes(id)).length, 6);
}

async function lettersGoAlong({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const a = await make(store, id, 'a');
  const first = await put(store, id, { mailboxes: [a.id, ARCHIVE] });
  const second = await put(store, id, { mailboxes: [a.id], keywords: ['$seen'] });
  const seen: Change[] = [];
  store.onChange((change) => seen.push(change));
  await mustBeOk(store.removeMailbox(id, a.id, { letters: 'remove', at: T0 + 5 }));
  // 2 made it, 3 and 4 were the letters, which leave with 5 and 6, and it goes with 7.
  assert.deepEqual(seen, [{ account: id, modSeq: 7n, mailboxes: [a.id] }]);
  assert.deepEqual(await uidsIn(store, id, a.id), []);
  assert.deepEqual(await uidsIn(store, id, ARCHIVE), [1]);
  assert.equal((await mustFind(store, id, ARCHIVE)).modSeq, 3n);
  const removed = await store.removedLetters({ account: id, count: 9, before: null });
  assert.deepEqual(
    removed.map(({ letter, mailbox, keywords, removedAt }) => [letter, mailbox, keywords, removedAt]),
    [[second.letter, a.id, ['$seen'], T0 + 5]],
  );
  const changes = await mustBeOk(Promise.resolve(store.changesSince(id, 'letter', second.modSeq, 9)));
  assert.deepEqual(changes.updated, [first.letter]);
  assert.deepEqual(changes.removed, [second.letter]);
  assert.deepEqual(await store.deliver(), { ok: true, value: [] });
}

async function nameIsFreeAgain({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const a = await make(store, id, 'a');
  await put(store, id, { mailboxes: [a.id] });
  await mustBeOk(store.removeMailbox(id, a.id, { letters: 'remove', at: T0 }));
  const again = await make(store, id, 'a');
  assert.deepEqual([again.id, again.uidNext, again.letters, again.uidValidity], [8, 1, 0, a.uidValidity + 1]);
}

async function validityRises({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  let last = (await mustFind(store, id, ARCHIVE)).uidValidity;
  for (const [name, createdAt] of [
    ['a', T0],
    ['b', T0 - 86_400_000],
    ['c', 0],
    ['d', -1],
  ] as const) {
    const made = await mustBeOk(store.createMailbox(id, { name, parent: null, createdAt }));
    assert.equal(made.uidValidity, last + 1);
    last = made.uidValidity;
  }
  const createdAt = T0 + 86_400_000;
  const made = await mustBeOk(store.createMailbox(id, { name: 'e', parent: null, createdAt }));
  assert.equal(made.uidValidity, Math.floor(createdAt / 1000));
}

async function subscriptionsStay({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const a = await make(store, id, 'a', null, { subscribed: true });
  const b = await make(store, id, '\u{1f48c}', a.id, { subscribed: true });
  const c = await make(store, id, '\uff5e', a.id, { subscribed: true });
  const d = await make(store, id, 'd');
  for (const { id: gone } of [b, c, d, a])
    await mustBeOk(store.removeMailbox(id, gone, { letters: 'refuse', at: T0 }));
  assert.deepEqual(await store.lostSubscriptions(id), ['a', 'a/\uff5e', 'a/\u{1f48c}']);
  const before = await store.modSeq(id);
  assert.deepEqual(await store.forgetSubscription(id, 'a/\uff5e'), done);
  assert.deepEqual(await store.forgetSubscription(id, 'a/\uff5e'), refusal('not-subscribed'));
  assert.deepEqual(await store.forgetSubscription(id, 'INBOX'), refusal('not-subscribed'));
  assert.deepEqual(await store.forgetSubscription(nobody, 'a'), refusal('not-subscribed'));
  assert.equal(await store.modSeq(id), before);
  const again = await make(store, id, 'a');
  assert.equal(again.subscribed, true);
  assert.equal((await make(store, id, '\u{1f48c}')).subscribed, false);
  assert.deepEqual(await store.lostSubscriptions(id), ['a/\u{1f48c}']);
  const update = { subscribed: false };
  await mustBeOk(store.updateMailbox(id, again.id, update));
  await mustBeOk(store.removeMailbox(id, again.id, { letters: 'refuse', at: T0 }));
  assert.deepEqual(await store.lostSubscriptions(id), ['a/\u{1f48c}']);
  assert.deepEqual(await store.lostSubscriptions(nobody), []);
}

async function subscriptionsAreTaken({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const a = await make(store, id, 'a', null, { subscribed: true });
  const b = await make(store, id, 'b', a.id, { subscribed: true });
  for (const { id: gone } of [b, a])
    await mustBeOk(store.removeMailbox(id, gone, { letters: 'refuse', at: T0 }));
  const other = await make(store, id, 'other');
  const below = await make(store, id, 'b', other.id);
  const beside = await make(store, id, 'c', other.id);
  const modSeq = (await store.modSeq(id)) ?? 0n;
  const after = await mustBeOk(store.updateMailbox(id, other.id, { name: 'a' }));
  assert.deepEqual([after.subscribed, after.modSeq], [true, modSeq + 1n]);
  const taken = await mustFind(store, id, below.id);
  assert.deepEqual([taken.subscribed, taken.modSeq], [true, modSeq + 2n]);
  assert.deepEqual(await mustFind(store, id, beside.id), beside);
  assert.equal(await store.modSeq(id), modSeq + 2n);
  assert.deepEqual(await store.lostSubscriptions(id), []);
}

async function mailboxesAreGuarded({ store }: OpenedForTest): Promise<void> {
  const one = await makeAccount(store, 'nu1@447.edu');
  const two = await makeAccount(store, 'nu2@447.edu');
  const made = await make(store, one.id, 'a');
  await putMany(store, one.id, 2);
  assert.equal(await store.mailbox(two.id, made.id), null);
  assert.deepEqual(await tryToMake(store, two.id, 'b', made.id), refusal('no-parent'));
  assert.deepEqual(await store.updateMailbox(two.id, SENT, { parent: made.id }), refusal('no-parent'));
  assert.deepEqual(await store.updateMailbox(two.id, made.id, { name: 'b' }), refusal('no-mailbox'));
  assert.deepEqual(await uidsIn(store, two.id, INBOX), []);
  const change = { how: 'add', keywords: ['a'] } as const;
  assert.deepEqual(await store.setKeywords(two.id, made.id, uids(1), change), refusal('no-mailbox'));
  const { sizeBytes } = await mustFind(store, one.id, INBOX);
  assert.equal(sizeBytes, 2 * letterBytes(10).length);
}
