import assert from 'node:assert/strict';
import type { AccountId, Change, ChangedKind, Changes, LetterId, ModSeq, Store, Uid } from '../port.ts';
import {
  ARCHIVE,
  deliveryOf,
  DRAFTS,
  INBOX,
  letterBytes,
  makeAccount,
  mustBeOk,
  mustDeliver,
  nobody,
  put,
  putMany,
  refusal,
  SENT,
  T0,
  TRASH,
  uids,
  type Cases,
  type OpenedForTest,
} from './fixtures.ts';

/** What changed: told at once, and to those who ask later. */
export const changeCases: Cases = new Map([
  ['changes are told after the commit, in commit order, until the listener leaves', changesAreTold],
  ['each verb tells one change an account, with the mailboxes whose letters changed', oneChangeAVerb],
  ['of letters those that were made, changed, and removed are told', letterChanges],
  ['a letter that left one of its mailboxes is changed', leftIsChanged],
  ['a letter that was made and removed again is removed', madeAndRemoved],
  ['of mailboxes a change of their letters or counts is a change', mailboxChanges],
  ['of threads the first letter makes, any letter changes, and the last removes', threadChanges],
  ['of objects the names are told, kind by kind', objectChanges],
  ['changes come a page at a time, and nothing is passed over between the pages', changePages],
  ['what has one number is not torn apart, and is not told where it is too much', onePageOneNumber],
  ['what was made is told as made, though it changed since and comes on a page of its own', madeFirst],
  ['the future, another account, and what has been forgotten cannot be calculated', cannotCalculate],
  ['how many changes are wanted is a number from 1 on', mostIsANumber],
  ['uids that left a mailbox are told lowest first, until that is forgotten', vanished],
]);

const since = async (
  store: Store,
  account: AccountId,
  kind: ChangedKind,
  modSeq: number | bigint,
  most = 100,
): Promise<Changes<unknown>> =>
  mustBeOk(Promise.resolve(store.changesSince(account, kind, BigInt(modSeq) as ModSeq, most)));

/** Made, changed, removed. */
const threeLists = async (
  store: Store,
  account: AccountId,
  kind: ChangedKind,
  modSeq: number,
): Promise<readonly (readonly unknown[])[]> => {
  const { created, updated, removed, upTo, more } = await since(store, account, kind, modSeq);
  assert.deepEqual([upTo, more], [await store.modSeq(account), false]);
  return [created, updated, removed];
};

async function changesAreTold({ store }: OpenedForTest): Promise<void> {
  const seen: Change[] = [];
  const visible: boolean[] = [];
  const before = await makeAccount(store, 'before@447.edu');
  const stop = store.onChange((change) => seen.push(change));
  const stopTwin = store.onChange(({ account, modSeq }) => {
    const now = store.modSeq(account);
    visible.push(typeof now === 'bigint' && now >= modSeq);
  });
  const made = await makeAccount(store, 'nu1@447.edu');
  for (let n = 0; n < 3; n++)
    await mustDeliver(store, deliveryOf(letterBytes(n), [before.id, made.id, before.id]));
  await store.deliver(deliveryOf(letterBytes(1), [nobody]));
  stop();
  stopTwin();
  stop();
  await mustDeliver(store, deliveryOf(letterBytes(1), [made.id]));
  assert.deepEqual(seen, [
    { account: made.id, modSeq: 1n, mailboxes: [] },
    ...[1n, 2n, 3n].flatMap((n) => [
      { account: before.id, modSeq: 1n + 2n * n, mailboxes: [INBOX] },
      { account: made.id, modSeq: 1n + n, mailboxes: [INBOX] },
    ]),
  ]);
  assert.equal(visible.length, 7);
  assert.ok(visible.every((each) => each));
}

async function oneChangeAVerb({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const seen: Change[] = [];
  store.onChange((change) => seen.push(change));
  const told = async (verb: Promise<unknown>): Promise<unknown> => {
    await verb;
    const changes = seen.splice(0).map(({ account, modSeq, mailboxes }) => {
      assert.equal(account, id);
      return [modSeq, mailboxes];
    });
    return changes.length === 1 ? changes[0] : changes;
  };
  assert.deepEqual(await told(put(store, id, { mailboxes: [ARCHIVE, INBOX] })), [2n, [INBOX, ARCHIVE]]);
  assert.deepEqual(await told(putMany(store, id, 2)), [
    [3n, [INBOX]],
    [4n, [INBOX]],
  ]);
  const add = { how: 'add', keywords: ['a'] } as const;
  assert.deepEqual(await told(store.setKeywords(id, INBOX, uids(1, 2, 3), add)), [7n, [INBOX]]);
  assert.deepEqual(await told(store.copy(id, INBOX, uids(2, 3), SENT, T0)), [9n, [SENT]]);
  assert.deepEqual(await told(store.move(id, SENT, uids(1, 2), DRAFTS, T0)), [11n, [DRAFTS, SENT]]);
  assert.deepEqual(await told(store.expunge(id, DRAFTS, uids(1, 2), 'any', T0)), [13n, [DRAFTS]]);
  const letter = 1 as LetterId;
  const arrangement = { letter, mailboxes: [TRASH, INBOX] };
  assert.deepEqual(await told(store.arrange(id, [arrangement], T0)), [14n, [TRASH, ARCHIVE]]);
  assert.deepEqual(await told(store.removeLetters(id, [letter], T0)), [15n, [INBOX, TRASH]]);
  assert.deepEqual(await told(store.undelete(id, [letter], T0)), [16n, [TRASH]]);
  const wanted = { name: 'a', parent: null, createdAt: T0 };
  assert.deepEqual(await told(store.createMailbox(id, wanted)), [17n, []]);
  assert.deepEqual(await told(store.updateMailbox(id, 7 as never, { name: 'b' })), [18n, []]);
  const refuse = { letters: 'refuse', at: T0 } as const;
  assert.deepEqual(await told(store.removeMailbox(id, 7 as never, refuse)), [19n, []]);
  const put2 = ['a', 'b'].map((name) => ({ do: 'put', kind: 'identity', name, value: '' }) as const);
  assert.deepEqual(await told(store.changeObjects(id, put2, T0)), [21n, []]);
  assert.deepEqual(await told(store.tidy({ now: T0, removedMs: 0, tombstonesMs: 0 })), []);
  assert.deepEqual(await told(store.removeMailbox(id, INBOX, refuse)), []);
  assert.deepEqual(await told(store.createMailbox(id, { ...wanted, name: '' })), []);
}

async function letterChanges({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await putMany(store, id, 4);
  assert.deepEqual(await threeLists(store, id, 'letter', 0), [[1, 2, 3, 4], [], []]);
  assert.deepEqual(await threeLists(store, id, 'letter', 3), [[3, 4], [], []]);
  await mustBeOk(store.setKeywords(id, INBOX, uids(2), { how: 'add', keywords: ['a'] }));
  await mustBeOk(store.expunge(id, INBOX, uids(1), 'any', T0));
  assert.deepEqual(await threeLists(store, id, 'letter', 5), [[], [2], [1]]);
  assert.deepEqual(await threeLists(store, id, 'letter', 6), [[], [], [1]]);
  assert.deepEqual(await threeLists(store, id, 'letter', 7), [[], [], []]);
  assert.deepEqual(await threeLists(store, id, 'letter', 4), [[4], [2], [1]]);
  await mustBeOk(store.move(id, INBOX, uids(3), ARCHIVE, T0));
  await mustBeOk(store.copy(id, INBOX, uids(4), ARCHIVE, T0));
  assert.deepEqual(await threeLists(store, id, 'letter', 7), [[], [3, 4], []]);
  assert.deepEqual(await threeLists(store, id, 'letter', 0), [[2, 3, 4], [], [1]]);
}

async function leftIsChanged({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await put(store, id, { mailboxes: [INBOX, ARCHIVE] });
  await mustBeOk(store.expunge(id, INBOX, uids(1), 'any', T0));
  assert.deepEqual(await threeLists(store, id, 'letter', 2), [[], [1], []]);
  assert.deepEqual(await threeLists(store, id, 'thread', 2), [[], [1], []]);
  assert.deepEqual(await threeLists(store, id, 'mailbox', 2), [[], [INBOX], []]);
  await store.arrange(id, [{ letter: 1 as LetterId, mailboxes: [SENT] }], T0);
  assert.deepEqual(await threeLists(store, id, 'letter', 3), [[], [1], []]);
  assert.deepEqual(await threeLists(store, id, 'mailbox', 3), [[], [SENT, ARCHIVE], []]);
}

async function madeAndRemoved({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await put(store, id);
  await store.removeLetters(id, [1 as LetterId], T0);
  assert.deepEqual(await threeLists(store, id, 'letter', 1), [[], [], [1]]);
  assert.deepEqual(await threeLists(store, id, 'thread', 1), [[], [], [1]]);
  await store.tidy({ now: T0, removedMs: 0, tombstonesMs: 1 });
  assert.deepEqual(await threeLists(store, id, 'letter', 1), [[], [], [1]]);
  assert.deepEqual(await threeLists(store, id, 'thread', 1), [[], [], [1]]);
  const made = await mustBeOk(store.createMailbox(id, { name: 'a', parent: null, createdAt: T0 }));
  await mustBeOk(store.removeMailbox(id, made.id, { letters: 'refuse', at: T0 }));
  assert.deepEqual(await threeLists(store, id, 'mailbox', 3), [[], [], [made.id]]);
}

async function mailboxChanges({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  assert.deepEqual(await threeLists(store, id, 'mailbox', 0), [[1, 2, 3, 4, 5, 6], [], []]);
  await put(store, id);
  assert.deepEqual(await threeLists(store, id, 'mailbox', 1), [[], [INBOX], []]);
  const made = await mustBeOk(store.createMailbox(id, { name: 'a', parent: null, createdAt: T0 }));
  await mustBeOk(store.copy(id, INBOX, uids(1), made.id, T0));
  await mustBeOk(store.updateMailbox(id, TRASH, { sortOrder: 9 }));
  assert.deepEqual(await threeLists(store, id, 'mailbox', 1), [[made.id], [INBOX, TRASH], []]);
  assert.deepEqual(await threeLists(store, id, 'mailbox', 3), [[], [made.id, TRASH], []]);
  await mustBeOk(store.setKeywords(id, INBOX, uids(1), { how: 'add', keywords: ['a'] }));
  await mustBeOk(store.removeMailbox(id, made.id, { letters: 'remove', at: T0 }));
  assert.deepEqual(await threeLists(store, id, 'mailbox', 4), [[], [TRASH, INBOX], [made.id]]);
}

async function threadChanges({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const threading = { messageIds: ['a@x'], baseSubject: 's' };
  for (let n = 0; n < 2; n++) await put(store, id, { threading });
  await put(store, id);
  assert.deepEqual(await threeLists(store, id, 'thread', 0), [[1, 3], [], []]);
  assert.deepEqual(await threeLists(store, id, 'thread', 2), [[3], [1], []]);
  await mustBeOk(store.setKeywords(id, INBOX, uids(2), { how: 'add', keywords: ['a'] }));
  assert.deepEqual(await threeLists(store, id, 'thread', 4), [[], [1], []]);
  await mustBeOk(store.expunge(id, INBOX, uids(2), 'any', T0));
  await store.tidy({ now: T0, removedMs: 0, tombstonesMs: 1 });
  assert.deepEqual(await threeLists(store, id, 'thread', 5), [[], [1], []]);
  await mustBeOk(store.expunge(id, INBOX, uids(1, 3), 'any', T0));
  assert.deepEqual(await threeLists(store, id, 'thread', 6), [[], [], [1, 3]]);
  await mustBeOk(store.undelete(id, [3 as LetterId], T0));
  assert.deepEqual(await threeLists(store, id, 'thread', 6), [[3], [], [1]]);
}

async function objectChanges({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const put1 = (name: string) => ({ do: 'put', kind: 'identity', name, value: name }) as const;
  const gone = (name: string) => ({ do: 'remove', kind: 'identity', name }) as const;
  await mustBeOk(store.changeObjects(id, ['b', 'a', '__proto__'].map(put1), T0));
  await mustBeOk(store.changeObjects(id, [{ ...put1('c'), kind: 'sieve-script' }], T0));
  assert.deepEqual(await threeLists(store, id, 'identity', 1), [['b', 'a', '__proto__'], [], []]);
  await mustBeOk(store.changeObjects(id, [put1('b'), gone('a'), gone('z')], T0));
  assert.deepEqual(await threeLists(store, id, 'identity', 5), [[], ['b'], ['a']]);
  await mustBeOk(store.changeObjects(id, [put1('a')], T0));
  assert.deepEqual(
    await threeLists(store, id, 'identity', 5),
    [['a'], ['b'], []].map((names) => names),
  );
  assert.deepEqual(await threeLists(store, id, 'sieve-script', 1), [['c'], [], []]);
  assert.deepEqual(await threeLists(store, id, 'submission', 0), [[], [], []]);
}

async function changePages({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await putMany(store, id, 5);
  await mustBeOk(store.setKeywords(id, INBOX, uids(1), { how: 'add', keywords: ['a'] }));
  await mustBeOk(store.expunge(id, INBOX, uids(3), 'any', T0));
  // After 3: letters 4 and 5 came with 5 and 6, 1 changed with 7, 3 left with 8.
  const pages: unknown[] = [];
  let from = 3n;
  for (let more = true; more;) {
    const page = await since(store, id, 'letter', from, 1);
    pages.push([page.created, page.updated, page.removed, page.upTo]);
    [from, more] = [page.upTo, page.more];
  }
  assert.deepEqual(pages, [
    [[4], [], [], 5n],
    [[5], [], [], 6n],
    [[], [1], [], 7n],
    [[], [], [3], 8n],
  ]);
  const two = await since(store, id, 'letter', 3, 3);
  assert.deepEqual([two.created, two.updated, two.removed, two.upTo, two.more], [[4, 5], [1], [], 7n, true]);
  const all = await since(store, id, 'letter', 3, 4);
  assert.deepEqual([all.upTo, all.more], [8n, false]);
  const none = await since(store, id, 'identity', 3, 1);
  assert.deepEqual([none.upTo, none.more], [8n, false]);
}

async function onePageOneNumber({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await put(store, id);
  await put(store, id, { mailboxes: [SENT, ARCHIVE] });
  await put(store, id, { mailboxes: [TRASH] });
  const first = await since(store, id, 'mailbox', 1, 2);
  assert.deepEqual([first.updated, first.upTo, first.more], [[INBOX], 2n, true]);
  const second = await since(store, id, 'mailbox', first.upTo, 2);
  assert.deepEqual([second.updated, second.upTo, second.more], [[SENT, ARCHIVE], 3n, true]);
  const third = await since(store, id, 'mailbox', second.upTo, 2);
  assert.deepEqual([third.updated, third.upTo, third.more], [[TRASH], 4n, false]);
  const torn = await store.changesSince(id, 'mailbox', 2n as ModSeq, 1);
  assert.deepEqual(torn, refusal('cannot-calculate'));
  const begun = await store.changesSince(id, 'mailbox', 0n as ModSeq, 5);
  assert.deepEqual(begun, refusal('cannot-calculate'));
}

async function madeFirst({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await putMany(store, id, 2);
  await mustBeOk(store.setKeywords(id, INBOX, uids(1), { how: 'add', keywords: ['a'] }));
  for (const kind of ['letter', 'thread'] as const) {
    const first = await since(store, id, kind, 1, 1);
    assert.deepEqual([first.created, first.updated, first.upTo, first.more], [[1], [], 2n, true]);
    const second = await since(store, id, kind, 2, 1);
    assert.deepEqual([second.created, second.updated, second.upTo, second.more], [[2], [], 3n, true]);
    const third = await since(store, id, kind, 3, 1);
    assert.deepEqual([third.created, third.updated, third.upTo, third.more], [[], [1], 4n, false]);
  }
}

async function cannotCalculate({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await putMany(store, id, 3);
  await store.removeLetters(id, [1 as LetterId], T0);
  await store.removeLetters(id, [2 as LetterId], T0 + 1000);
  const ask = async (account: AccountId, modSeq: bigint) =>
    (await store.changesSince(account, 'letter', modSeq as ModSeq, 9)).ok;
  assert.deepEqual([await ask(id, 0n), await ask(id, 6n), await ask(id, 7n)], [true, true, false]);
  assert.deepEqual([await ask(nobody, 0n), await ask(id, -1n)], [false, false]);
  await store.tidy({ now: T0 + 500, removedMs: 500, tombstonesMs: 500 });
  assert.deepEqual([await ask(id, 4n), await ask(id, 5n)], [false, true]);
  assert.deepEqual(await threeLists(store, id, 'letter', 5), [[], [], [2]]);
  for (const kind of ['mailbox', 'thread', 'identity'] as const)
    assert.deepEqual(await store.changesSince(id, kind, 4n as ModSeq, 9), refusal('cannot-calculate'));
  await store.tidy({ now: T0 + 9000, removedMs: 0, tombstonesMs: 0 });
  assert.deepEqual([await ask(id, 5n), await ask(id, 6n)], [false, true]);
}

async function mostIsANumber({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  for (const most of [0, -1, 1.5, Number.NaN])
    await assert.rejects(async () => store.changesSince(id, 'letter', 0n as ModSeq, most), {
      name: 'StoreFault',
    });
}

async function vanished({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await putMany(store, id, 5);
  const gone = async (modSeq: number, mailbox = INBOX): Promise<readonly Uid[]> =>
    mustBeOk(Promise.resolve(store.vanishedSince(id, mailbox, BigInt(modSeq) as ModSeq)));
  assert.deepEqual(await gone(0), []);
  await mustBeOk(store.expunge(id, INBOX, uids(4), 'any', T0));
  await mustBeOk(store.move(id, INBOX, uids(2), ARCHIVE, T0 + 1000));
  await store.removeLetters(id, [1 as LetterId], T0 + 2000);
  assert.deepEqual(await gone(0), [1, 2, 4]);
  assert.deepEqual(await gone(7), [1, 2]);
  assert.deepEqual(await gone(8), [1]);
  assert.deepEqual(await gone(9), []);
  assert.deepEqual(await gone(0, ARCHIVE), []);
  await mustBeOk(store.undelete(id, [1 as LetterId], T0));
  assert.deepEqual(await gone(8), [1]);
  const ask = async (account: AccountId, modSeq: bigint) =>
    store.vanishedSince(account, INBOX, modSeq as ModSeq);
  assert.deepEqual(await ask(id, 11n), refusal('cannot-calculate'));
  assert.deepEqual(await ask(nobody, 0n), refusal('cannot-calculate'));
  await store.tidy({ now: T0 + 1000, removedMs: 0, tombstonesMs: 0 });
  assert.deepEqual(await ask(id, 7n), refusal('cannot-calculate'));
  assert.deepEqual(await gone(8), [1]);
}
