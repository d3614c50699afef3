import assert from 'node:assert/strict';
import type { AccountId, Change, LetterId, Store } from '../port.ts';
import {
  ARCHIVE,
  INBOX,
  letterBytes,
  makeAccount,
  mustBeOk,
  mustDeliver,
  mustFind,
  deliveryOf,
  nobody,
  NOWHERE,
  plain,
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

/** How letters leave, come back, and are forgotten. */
export const removalCases: Cases = new Map([
  ['expunge removes those of the uids that have \\deleted, or any', expungeRemoves],
  ['expunge from one of two mailboxes leaves the letter in the other', expungeOneOfTwo],
  ['a letter that is removed leaves every mailbox under one number', lettersAreRemoved],
  [
    'a letter in no mailbox is nowhere but among the removed ones, which still have its bytes',
    removedIsHidden,
  ],
  ['removed letters are listed newest first, a page at a time', removedPages],
  ['an undeleted letter is where it was last, a new one for those who ask what changed', undeleteRestores],
  ['a letter whose mailbox is gone comes back into INBOX', undeleteIntoInbox],
  [
    'undelete puts back each once, in the order asked for, and passes over what is not removed',
    undeleteForgives,
  ],
  ['a letter may be removed and put back again and again', removedAgain],
  ['tidy forgets what was removed long enough ago, and not before', tidyForgets],
  ['the bytes go with the last letter that has them, and are taken in anew', bytesGo],
  ['after tidy the numbers go on', numbersGoOn],
]);

const letters = (...numbers: readonly number[]): readonly LetterId[] => numbers as readonly LetterId[];

const removed = async (store: Store, account: AccountId, count = 9, before: number | null = null) =>
  (await store.removedLetters({ account, count, before: before as LetterId | null })).map(
    ({ letter }) => letter,
  );

const forget = { now: T0, removedMs: 0, tombstonesMs: 0 } as const;

async function expungeRemoves({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await putMany(store, id, 5);
  const seen: Change[] = [];
  await mustBeOk(store.setKeywords(id, INBOX, uids(2, 4), { how: 'add', keywords: ['\\deleted'] }));
  store.onChange((change) => seen.push(change));
  const asked = uids(5, 4, 99, 2, 4, 0, 2);
  const deleted = await mustBeOk(store.expunge(id, INBOX, asked, 'deleted', T0));
  assert.deepEqual(deleted, { uids: [2, 4], modSeq: 10n });
  assert.deepEqual(seen, [{ account: id, modSeq: 10n, mailboxes: [INBOX] }]);
  assert.deepEqual(await uidsIn(store, id, INBOX), [1, 3, 5]);
  const any = await mustBeOk(store.expunge(id, INBOX, uids(5, 1, 2), 'any', T0));
  assert.deepEqual(any, { uids: [1, 5], modSeq: 12n });
  const nothing = await mustBeOk(store.expunge(id, INBOX, uids(1, 2, 99), 'any', T0));
  assert.deepEqual(nothing, { uids: [], modSeq: 12n });
  const empty = await mustBeOk(store.expunge(id, ARCHIVE, uids(1), 'any', T0));
  assert.deepEqual(empty, { uids: [], modSeq: 1n });
  assert.equal(await store.modSeq(id), 12n);
  assert.deepEqual(await store.expunge(id, NOWHERE, uids(1), 'any', T0), refusal('no-mailbox'));
  assert.deepEqual(await store.expunge(nobody, INBOX, uids(1), 'any', T0), refusal('no-mailbox'));
  assert.equal((await put(store, id)).uid, 6);
}

async function expungeOneOfTwo({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await put(store, id, { mailboxes: [INBOX, ARCHIVE] });
  const before = await store.letter(id, 1 as LetterId);
  await mustBeOk(store.expunge(id, INBOX, uids(1), 'any', T0));
  assert.deepEqual(await store.letter(id, 1 as LetterId), before);
  assert.deepEqual(await uidsIn(store, id, INBOX), []);
  assert.deepEqual(await uidsIn(store, id, ARCHIVE), [1]);
  assert.deepEqual(await removed(store, id), []);
  assert.equal((await mustFind(store, id, ARCHIVE)).highestModSeq, 2n);
  await mustBeOk(store.expunge(id, ARCHIVE, uids(1), 'any', T0));
  assert.deepEqual(await removed(store, id), [1]);
  assert.equal(await store.letter(id, 1 as LetterId), null);
}

async function lettersAreRemoved({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await put(store, id, { mailboxes: [INBOX, ARCHIVE, SENT], keywords: ['a'] });
  await put(store, id, { mailboxes: [TRASH] });
  await put(store, id);
  const seen: Change[] = [];
  store.onChange((change) => seen.push(change));
  assert.deepEqual(await store.removeLetters(id, letters(2, 99, 1, 2, 0), T0), [2, 1]);
  assert.deepEqual(seen, [{ account: id, modSeq: 6n, mailboxes: [INBOX, SENT, TRASH, ARCHIVE] }]);
  assert.equal((await mustFind(store, id, TRASH)).highestModSeq, 5n);
  for (const mailbox of [INBOX, ARCHIVE, SENT])
    assert.equal((await mustFind(store, id, mailbox)).highestModSeq, 6n);
  assert.deepEqual(await uidsIn(store, id, INBOX), [2]);
  assert.deepEqual(await store.removeLetters(id, letters(1, 2), T0), []);
  assert.deepEqual(await store.removeLetters(id, [], T0), []);
  assert.deepEqual(await store.removeLetters(nobody, letters(1), T0), []);
  assert.equal(seen.length, 1);
}

async function removedIsHidden({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const bytes = letterBytes(300_000);
  const options = { bytes, mailboxes: [TRASH, INBOX], keywords: ['$seen', '\\deleted'] };
  const { letter } = await put(store, id, options);
  const summary = (await store.letter(id, letter))?.summary;
  assert.ok(summary);
  await store.removeLetters(id, [letter], T0 + 5);
  assert.equal(await store.letter(id, letter), null);
  assert.deepEqual(await store.lettersById(id, [letter]), []);
  assert.deepEqual(await store.placesOf(id, [letter]), []);
  assert.deepEqual(await store.thread(id, 1 as never), []);
  assert.deepEqual(await store.removedLetters({ account: id, count: 9, before: null }), [
    {
      letter,
      mailbox: TRASH,
      keywords: ['$seen', '\\deleted'],
      removedAt: T0 + 5,
      summary,
      sizeBytes: 300_000,
    },
  ]);
  assert.ok(plain(await store.blob(id, letter))?.equals(bytes));
}

async function removedPages({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await putMany(store, id, 6);
  for (const letter of [2, 5, 1, 6]) await store.removeLetters(id, letters(letter), T0 - letter);
  assert.deepEqual(await removed(store, id), [6, 5, 2, 1]);
  assert.deepEqual(await removed(store, id, 2), [6, 5]);
  assert.deepEqual(await removed(store, id, 2, 5), [2, 1]);
  assert.deepEqual(await removed(store, id, 2, 1), []);
  assert.deepEqual(await removed(store, id, 0), []);
  assert.deepEqual(await removed(store, nobody), []);
  for (const count of [-1, 0.5])
    await assert.rejects(async () => store.removedLetters({ account: id, count, before: null }));
}

async function undeleteRestores({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await put(store, id, { mailboxes: [INBOX, ARCHIVE], keywords: ['$seen', '\\deleted', 'a'] });
  const before = await store.letter(id, 1 as LetterId);
  assert.ok(before);
  await mustBeOk(store.expunge(id, ARCHIVE, uids(1), 'any', T0));
  await mustBeOk(store.expunge(id, INBOX, uids(1), 'any', T0));
  const seen: Change[] = [];
  store.onChange((change) => seen.push(change));
  const placements = await mustBeOk(store.undelete(id, letters(1), T0 + 9));
  assert.deepEqual(placements, [{ account: id, mailbox: INBOX, letter: 1, uid: 2, modSeq: 5n }]);
  assert.deepEqual(seen, [{ account: id, modSeq: 5n, mailboxes: [INBOX] }]);
  assert.deepEqual(await store.letter(id, 1 as LetterId), { ...before, createdModSeq: 5n });
  const [place, ...others] = await store.placesOf(id, letters(1));
  assert.deepEqual(others, []);
  assert.deepEqual(place?.keywords, ['$seen', 'a']);
  assert.deepEqual([place?.savedAt, place?.receivedAt], [T0 + 9, T0]);
  assert.deepEqual(await removed(store, id), []);
  const changes = await mustBeOk(Promise.resolve(store.changesSince(id, 'letter', 2n as never, 9)));
  assert.deepEqual([changes.created, changes.updated, changes.removed], [[1], [], []]);
}

async function undeleteIntoInbox({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const lists = await mustBeOk(store.createMailbox(id, { name: 'Lists', parent: null, createdAt: T0 }));
  const { letter } = await put(store, id, { mailboxes: [lists.id], keywords: ['a'] });
  await mustBeOk(store.removeMailbox(id, lists.id, { letters: 'remove', at: T0 }));
  const [placement] = await mustBeOk(store.undelete(id, [letter], T0));
  assert.deepEqual([placement?.mailbox, placement?.uid], [INBOX, 1]);
  assert.deepEqual((await store.placesOf(id, [letter]))[0]?.keywords, ['a']);
}

async function undeleteForgives({ store }: OpenedForTest): Promise<void> {
  const one = await makeAccount(store, 'nu1@447.edu');
  const two = await makeAccount(store, 'nu2@447.edu');
  await putMany(store, one.id, 4);
  await store.removeLetters(one.id, letters(1, 2, 3), T0);
  const placements = await mustBeOk(store.undelete(one.id, letters(3, 99, 4, 1, 3, 0), T0));
  assert.deepEqual(
    placements.map(({ letter, uid, modSeq }) => [letter, uid, modSeq]),
    [
      [3, 5, 9n],
      [1, 6, 10n],
    ],
  );
  assert.deepEqual(await removed(store, one.id), [2]);
  for (const [account, list] of [
    [one.id, letters(1, 4, 99)],
    [one.id, []],
    [two.id, letters(2)],
    [nobody, letters(2)],
  ] as const)
    assert.deepEqual(await mustBeOk(store.undelete(account, list, T0)), []);
  assert.equal(await store.modSeq(one.id), 10n);
}

async function removedAgain({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await put(store, id);
  for (let round = 1; round <= 3; round++) {
    assert.deepEqual(await store.removeLetters(id, letters(1), T0 + round), [1]);
    assert.deepEqual(await removed(store, id), [1]);
    const [placement] = await mustBeOk(store.undelete(id, letters(1), T0));
    assert.equal(placement?.uid, round + 1);
  }
  await store.tidy(forget);
  assert.deepEqual(await uidsIn(store, id, INBOX), [4]);
  assert.notEqual(await store.letter(id, 1 as LetterId), null);
}

async function tidyForgets({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await putMany(store, id, 3);
  await store.removeLetters(id, letters(1), T0);
  await store.removeLetters(id, letters(2), T0 + 1000);
  await store.changeObjects(id, [{ do: 'put', kind: 'identity', name: 'a', value: '' }], T0);
  await store.changeObjects(id, [{ do: 'remove', kind: 'identity', name: 'a' }], T0 + 1000);
  const nothing = { letters: 0, tombstones: 0, more: false };
  const month = { removedMs: 5000, tombstonesMs: 5000 };
  assert.deepEqual(await store.tidy({ now: T0 + 4999, ...month }), nothing);
  assert.deepEqual(await removed(store, id), [2, 1]);
  // Of one letter it is remembered that it left its mailbox, all of them, and its thread.
  assert.deepEqual(await store.tidy({ now: T0 + 5000, ...month }), {
    letters: 1,
    tombstones: 3,
    more: false,
  });
  assert.deepEqual(await removed(store, id), [2]);
  assert.deepEqual(await mustBeOk(store.undelete(id, letters(1), T0)), []);
  assert.deepEqual(await store.tidy({ now: T0 + 5000, ...month }), nothing);
  const later = { now: T0 + 6000, removedMs: 9000, tombstonesMs: 5000 };
  assert.deepEqual(await store.tidy(later), { letters: 0, tombstones: 4, more: false });
  assert.deepEqual(await removed(store, id), [2]);
  assert.deepEqual(await store.tidy({ ...later, removedMs: 0 }), { letters: 1, tombstones: 0, more: false });
  assert.deepEqual(await uidsIn(store, id, INBOX), [3]);
  assert.equal(await store.modSeq(id), 8n);
}

async function bytesGo({ store }: OpenedForTest): Promise<void> {
  const one = await makeAccount(store, 'nu1@447.edu');
  const two = await makeAccount(store, 'nu2@447.edu');
  for (const bytes of [letterBytes(1000), letterBytes(300_000)]) {
    const [first, second] = await mustDeliver(store, deliveryOf(bytes, [one.id, two.id]));
    assert.ok(first && second);
    await store.removeLetters(one.id, [first.letter], T0);
    assert.ok(plain(await store.blob(one.id, first.letter))?.equals(bytes));
    await store.tidy(forget);
    assert.equal(await store.blob(one.id, first.letter), null);
    assert.ok(plain(await store.blob(two.id, second.letter))?.equals(bytes));
    await store.removeLetters(two.id, [second.letter], T0);
    await store.tidy(forget);
    assert.equal(await store.blob(two.id, second.letter), null);
    const { letter } = await put(store, one.id, { bytes });
    assert.ok(plain(await store.blob(one.id, letter))?.equals(bytes));
  }
}

async function numbersGoOn({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await putMany(store, id, 2);
  await store.removeLetters(id, letters(1, 2), T0);
  await store.tidy(forget);
  assert.deepEqual(await put(store, id), { account: id, mailbox: INBOX, letter: 3, uid: 3, modSeq: 6n });
}
