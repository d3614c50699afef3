import assert from 'node:assert/strict';
import type { AccountId, Change, Keywords, LetterId, MailboxId, Store } from '../port.ts';
import {
  ARCHIVE,
  DRAFTS,
  INBOX,
  JUNK,
  letterBytes,
  makeAccount,
  mustBeOk,
  mustFind,
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

/** In which mailboxes letters are. */
export const arrangementCases: Cases = new Map([
  ['a copied letter is the same letter in one mailbox more', copyKeepsTheLetter],
  ['a copy onto the letter itself is a letter of its own that shares bytes and thread', copyDoubles],
  ['a moved letter is the same letter elsewhere, and its old place is told as gone', moveKeepsTheLetter],
  ['a letter that is moved within its mailbox keeps itself and gets a new uid', moveWithin],
  ['a letter that is moved onto itself leaves, and another comes in its stead', moveDoubles],
  ['copy and move go by uid, whatever the list is like', listsAreForgiven],
  ['copy and move from or to a mailbox that is not there are refused', mailboxesMustBe],
  ['a letter is arranged into exactly the mailboxes that are named, under one number', arrangeMailboxes],
  ['arrange changes the keywords in all mailboxes, and never \\deleted', arrangeKeywords],
  ['a new place has the keywords of the letter’s lowest mailbox, and then the change', newPlaceKeywords],
  ['each arrangement is answered for itself, and sees those before it', eachForItself],
  ['an arrangement that changes nothing raises nothing', sameIsSilent],
  [
    'an arrangement into no mailbox, or with keywords in another form, is a fault that leaves nothing',
    arrangeFaults,
  ],
]);

/** Every place of the letter: mailbox, uid, keywords. */
const places = async (
  store: Store,
  account: AccountId,
  letter: number,
): Promise<readonly (readonly [number, number, Keywords])[]> =>
  (await store.placesOf(account, [letter as LetterId])).map(({ mailbox, uid, keywords }) => [
    mailbox,
    uid,
    keywords,
  ]);

const letters = (...numbers: readonly number[]): readonly LetterId[] => numbers as readonly LetterId[];

async function copyKeepsTheLetter({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await put(store, id, { keywords: ['$seen', '\\deleted', 'a'] });
  const seen: Change[] = [];
  store.onChange((change) => seen.push(change));
  const copied = await mustBeOk(store.copy(id, INBOX, uids(1), ARCHIVE, T0 + 7));
  assert.deepEqual(copied, [{ from: 1, to: 1, letter: 1 }]);
  const [there, copy] = await store.placesOf(id, letters(1));
  assert.deepEqual(there?.keywords, ['$seen', '\\deleted', 'a']);
  assert.deepEqual([there?.modSeq, there?.savedAt], [2n, T0]);
  assert.deepEqual(copy?.keywords, ['$seen', 'a']);
  assert.deepEqual([copy?.modSeq, copy?.savedAt, copy?.receivedAt], [3n, T0 + 7, T0]);
  const [inbox, archive] = [await mustFind(store, id, INBOX), await mustFind(store, id, ARCHIVE)];
  assert.deepEqual([inbox.modSeq, archive.modSeq, archive.highestModSeq], [2n, 3n, 3n]);
  assert.deepEqual(seen, [{ account: id, modSeq: 3n, mailboxes: [ARCHIVE] }]);
  await mustBeOk(store.setKeywords(id, ARCHIVE, uids(1), { how: 'add', keywords: ['b'] }));
  assert.deepEqual((await store.placesOf(id, letters(1)))[0]?.keywords, ['$seen', '\\deleted', 'a']);
}

async function copyDoubles({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const bytes = letterBytes(300_000);
  await put(store, id, { bytes, keywords: ['a'], mailboxes: [INBOX, ARCHIVE] });
  assert.deepEqual(await mustBeOk(store.copy(id, INBOX, uids(1), INBOX, T0 + 7)), [
    { from: 1, to: 2, letter: 2 },
  ]);
  assert.deepEqual(await mustBeOk(store.copy(id, INBOX, uids(1, 2), ARCHIVE, T0 + 8)), [
    { from: 1, to: 2, letter: 3 },
    { from: 2, to: 3, letter: 2 },
  ]);
  const [first, second, third] = await store.lettersById(id, letters(1, 2, 3));
  assert.ok(first);
  assert.deepEqual(second, { ...first, id: 2, createdModSeq: 3n });
  assert.deepEqual(third, { ...first, id: 3, createdModSeq: 4n });
  assert.deepEqual(await store.thread(id, first.thread), [1, 2, 3]);
  assert.equal((await store.quota(id))?.usage.letters, 3);
  await store.removeLetters(id, letters(1, 3), T0);
  await store.tidy({ now: T0, removedMs: 0, tombstonesMs: 0 });
  assert.ok(plain(await store.blob(id, 2 as LetterId))?.equals(bytes));
  await store.removeLetters(id, letters(2), T0);
  await store.tidy({ now: T0, removedMs: 0, tombstonesMs: 0 });
  assert.equal(await store.blob(id, 2 as LetterId), null);
}

async function moveKeepsTheLetter({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await putMany(store, id, 2);
  await mustBeOk(store.setKeywords(id, INBOX, uids(1), { how: 'add', keywords: ['\\deleted', 'a'] }));
  const seen: Change[] = [];
  store.onChange((change) => seen.push(change));
  const before = await store.letter(id, 1 as LetterId);
  const moved = await mustBeOk(store.move(id, INBOX, uids(1, 2), DRAFTS, T0 + 7));
  assert.deepEqual(moved, [
    { from: 1, to: 1, letter: 1 },
    { from: 2, to: 2, letter: 2 },
  ]);
  assert.deepEqual(await store.letter(id, 1 as LetterId), before);
  assert.deepEqual(await uidsIn(store, id, INBOX), []);
  const placed = await store.placed({ account: id, mailbox: DRAFTS });
  assert.deepEqual(
    placed.map(({ uid, letter, modSeq, keywords, savedAt }) => [uid, letter, modSeq, keywords, savedAt]),
    [
      [1, 1, 5n, ['a'], T0 + 7],
      [2, 2, 6n, [], T0 + 7],
    ],
  );
  assert.deepEqual(seen, [{ account: id, modSeq: 6n, mailboxes: [INBOX, DRAFTS] }]);
  assert.deepEqual(await mustBeOk(Promise.resolve(store.vanishedSince(id, INBOX, 4n as never))), [1, 2]);
  assert.deepEqual(await store.removedLetters({ account: id, count: 9, before: null }), []);
  assert.deepEqual(await mustBeOk(store.move(id, INBOX, uids(1), SENT, T0)), []);
}

async function moveWithin({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await putMany(store, id, 2);
  const moved = await mustBeOk(store.move(id, INBOX, uids(2, 1), INBOX, T0 + 7));
  assert.deepEqual(moved, [
    { from: 1, to: 3, letter: 1 },
    { from: 2, to: 4, letter: 2 },
  ]);
  assert.deepEqual(await uidsIn(store, id, INBOX), [3, 4]);
  assert.deepEqual(await mustBeOk(Promise.resolve(store.vanishedSince(id, INBOX, 3n as never))), [1, 2]);
  const inbox = await mustFind(store, id, INBOX);
  assert.deepEqual([inbox.letters, inbox.uidNext, inbox.highestModSeq], [2, 5, 5n]);
}

async function moveDoubles({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await put(store, id, { mailboxes: [INBOX, ARCHIVE, SENT], keywords: ['a'] });
  const moved = await mustBeOk(store.move(id, INBOX, uids(1), ARCHIVE, T0 + 7));
  assert.deepEqual(moved, [{ from: 1, to: 2, letter: 2 }]);
  assert.deepEqual(await places(store, id, 1), [
    [SENT, 1, ['a']],
    [ARCHIVE, 1, ['a']],
  ]);
  assert.deepEqual(await places(store, id, 2), [[ARCHIVE, 2, ['a']]]);
  assert.equal((await store.letter(id, 2 as LetterId))?.createdModSeq, 3n);
  assert.equal(await store.modSeq(id), 3n);
  const changes = await mustBeOk(Promise.resolve(store.changesSince(id, 'letter', 2n as never, 9)));
  assert.deepEqual([changes.created, changes.updated, changes.removed], [[2], [1], []]);
}

async function listsAreForgiven({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await putMany(store, id, 4);
  const copied = await mustBeOk(store.copy(id, INBOX, uids(3, 99, 1, 3, 0, -1), TRASH, T0));
  assert.deepEqual(
    copied.map(({ from, to }) => [from, to]),
    [
      [1, 1],
      [3, 2],
    ],
  );
  const moved = await mustBeOk(store.move(id, INBOX, uids(4, 2, 4, 99), JUNK, T0));
  assert.deepEqual(
    moved.map(({ from, to }) => [from, to]),
    [
      [2, 1],
      [4, 2],
    ],
  );
  assert.equal(await store.modSeq(id), 9n);
  assert.deepEqual(await mustBeOk(store.copy(id, INBOX, [], TRASH, T0)), []);
  assert.equal(await store.modSeq(id), 9n);
}

async function mailboxesMustBe({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await put(store, id);
  for (const [account, from, to] of [
    [id, INBOX, NOWHERE],
    [id, NOWHERE, INBOX],
    [nobody, INBOX, ARCHIVE],
  ] as const)
    for (const list of [uids(1), []]) {
      assert.deepEqual(await store.copy(account, from, list, to, T0), refusal('no-mailbox'));
      assert.deepEqual(await store.move(account, from, list, to, T0), refusal('no-mailbox'));
    }
  assert.equal(await store.modSeq(id), 2n);
}

async function arrangeMailboxes({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await put(store, id, { mailboxes: [INBOX, SENT] });
  await put(store, id, { mailboxes: [TRASH] });
  const seen: Change[] = [];
  store.onChange((change) => seen.push(change));
  const mailboxes = [ARCHIVE, SENT, DRAFTS, ARCHIVE];
  const done = { ok: true, value: null };
  assert.deepEqual(await store.arrange(id, [{ letter: 1 as LetterId, mailboxes }], T0 + 7), [done]);
  const now = await store.placesOf(id, letters(1));
  assert.deepEqual(
    now.map(({ mailbox, uid, modSeq, savedAt }) => [mailbox, uid, modSeq, savedAt]),
    [
      [DRAFTS, 1, 4n, T0 + 7],
      [SENT, 1, 2n, T0],
      [ARCHIVE, 1, 4n, T0 + 7],
    ],
  );
  assert.deepEqual(seen, [{ account: id, modSeq: 4n, mailboxes: [INBOX, DRAFTS, ARCHIVE] }]);
  assert.equal((await mustFind(store, id, INBOX)).highestModSeq, 4n);
  assert.equal((await mustFind(store, id, SENT)).highestModSeq, 2n);
  assert.deepEqual(await store.arrange(id, [{ letter: 1 as LetterId, mailboxes: [INBOX] }], T0 + 8), [done]);
  assert.deepEqual(await places(store, id, 1), [[INBOX, 2, []]]);
  assert.equal(await store.modSeq(id), 5n);
  assert.equal((await store.quota(id))?.usage.letters, 2);
}

async function arrangeKeywords({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await put(store, id, { mailboxes: [INBOX, SENT], keywords: ['a'] });
  await mustBeOk(store.setKeywords(id, SENT, uids(1), { how: 'add', keywords: ['\\deleted', 'b'] }));
  const letter = 1 as LetterId;
  const arranged = async (how: 'add' | 'remove' | 'replace', keywords: Keywords) => {
    assert.deepEqual(await store.arrange(id, [{ letter, keywords: { how, keywords } }], T0), [
      { ok: true, value: null },
    ]);
    return (await places(store, id, 1)).map(([, , said]) => said);
  };
  assert.deepEqual(await arranged('add', ['$seen']), [
    ['$seen', 'a'],
    ['$seen', '\\deleted', 'a', 'b'],
  ]);
  assert.deepEqual(await arranged('remove', ['\\deleted', 'a']), [['$seen'], ['$seen', '\\deleted', 'b']]);
  assert.deepEqual(await arranged('replace', ['c']), [['c'], ['\\deleted', 'c']]);
  assert.deepEqual(await arranged('add', ['\\deleted', 'd']), [
    ['c', 'd'],
    ['\\deleted', 'c', 'd'],
  ]);
  assert.equal(await store.modSeq(id), 7n);
  const hundred = Array.from({ length: 100 }, (_, n) => `k${String(n).padStart(3, '0')}`);
  const tooMany = { letter, keywords: { how: 'add', keywords: hundred } } as const;
  assert.deepEqual(await store.arrange(id, [tooMany], T0), [refusal('too-many')]);
  // With \deleted it would be one too many in the second.
  const replaced = { letter, keywords: { how: 'replace', keywords: hundred } } as const;
  assert.deepEqual(await store.arrange(id, [replaced], T0), [refusal('too-many')]);
  assert.deepEqual(await store.arrange(id, [{ ...replaced, mailboxes: [INBOX] }], T0), [
    { ok: true, value: null },
  ]);
}

async function newPlaceKeywords({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await put(store, id, { mailboxes: [SENT, DRAFTS], keywords: ['a'] });
  await mustBeOk(store.setKeywords(id, DRAFTS, uids(1), { how: 'add', keywords: ['\\deleted', 'b'] }));
  const [letter, at] = [1 as LetterId, T0];
  const keywords = { how: 'add', keywords: ['c'] } as const;
  await store.arrange(id, [{ letter, mailboxes: [INBOX, SENT], keywords }], at);
  assert.deepEqual(await places(store, id, 1), [
    [INBOX, 1, ['a', 'b', 'c']],
    [SENT, 1, ['a', 'c']],
  ]);
  const hundred = Array.from({ length: 100 }, (_, n) => `k${String(n).padStart(3, '0')}`);
  await put(store, id, { mailboxes: [INBOX], keywords: hundred });
  await mustBeOk(store.copy(id, INBOX, uids(2), SENT, T0));
  await mustBeOk(store.setKeywords(id, SENT, uids(2), { how: 'replace', keywords: [] }));
  const second = 2 as LetterId;
  // The place with a hundred is left, and none comes that would take one more over.
  const answer = await store.arrange(id, [{ letter: second, mailboxes: [SENT], keywords }], at);
  assert.deepEqual(answer, [{ ok: true, value: null }]);
  assert.deepEqual(await places(store, id, 2), [[SENT, 2, ['c']]]);
}

async function eachForItself({ store }: OpenedForTest): Promise<void> {
  const one = await makeAccount(store, 'nu1@447.edu');
  const two = await makeAccount(store, 'nu2@447.edu');
  await put(store, one.id);
  await put(store, one.id);
  await put(store, two.id);
  const hundred = Array.from({ length: 101 }, (_, n) => `k${String(n).padStart(3, '0')}`);
  const [first, second] = [1 as LetterId, 2 as LetterId];
  const into = (letter: LetterId, ...mailboxes: readonly MailboxId[]) => ({ letter, mailboxes });
  const arrangements = [
    into(first, ARCHIVE),
    into(second, INBOX, NOWHERE),
    into(3 as LetterId, INBOX),
    { letter: second, keywords: { how: 'add', keywords: hundred } as const },
    into(first, SENT),
    { letter: first, keywords: { how: 'add', keywords: ['a'] } as const },
  ];
  const done = { ok: true, value: null };
  assert.deepEqual(await store.arrange(one.id, arrangements, T0), [
    done,
    refusal('no-mailbox'),
    refusal('no-letter'),
    refusal('too-many'),
    done,
    done,
  ]);
  assert.deepEqual(await places(store, one.id, 1), [[SENT, 1, ['a']]]);
  assert.deepEqual(await places(store, one.id, 2), [[INBOX, 2, []]]);
  assert.equal(await store.modSeq(one.id), 6n);
  assert.deepEqual(await store.arrange(two.id, [into(second, INBOX)], T0), [refusal('no-letter')]);
  assert.deepEqual(await store.arrange(nobody, [into(first, INBOX)], T0), [refusal('no-letter')]);
  await store.removeLetters(one.id, [first], T0);
  assert.deepEqual(await store.arrange(one.id, [into(first, INBOX)], T0), [refusal('no-letter')]);
}

async function sameIsSilent({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await put(store, id, { mailboxes: [INBOX, SENT], keywords: ['a'] });
  const seen: Change[] = [];
  store.onChange((change) => seen.push(change));
  const letter = 1 as LetterId;
  const same = [
    { letter },
    { letter, mailboxes: [SENT, INBOX, SENT] },
    { letter, keywords: { how: 'replace', keywords: ['a'] } as const },
    { letter, keywords: { how: 'add', keywords: ['\\deleted'] } as const },
  ];
  const done = { ok: true, value: null };
  assert.deepEqual(await store.arrange(id, same, T0), [done, done, done, done]);
  assert.deepEqual(await store.arrange(id, [], T0), []);
  assert.equal(await store.modSeq(id), 2n);
  assert.deepEqual(seen, []);
}

async function arrangeFaults({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await put(store, id);
  const letter = 1 as LetterId;
  const good = { letter, mailboxes: [ARCHIVE] };
  const wrong = { letter, keywords: { how: 'add', keywords: ['B'] } } as const;
  await assert.rejects(store.arrange(id, [good, { letter, mailboxes: [] }], T0), { name: 'StoreFault' });
  await assert.rejects(store.arrange(id, [good, wrong], T0), { name: 'StoreFault' });
  assert.deepEqual(await places(store, id, 1), [[INBOX, 1, []]]);
  assert.equal(await store.modSeq(id), 2n);
}
