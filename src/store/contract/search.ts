import assert from 'node:assert/strict';
import type { AccountId, LetterFilter, LetterId, MailboxId, ModSeq, SearchSort, ThreadId } from '../port.ts';
import {
  ARCHIVE,
  INBOX,
  makeAccount,
  mustBeOk,
  nobody,
  NOWHERE,
  put,
  SENT,
  T0,
  uids,
  type Cases,
  type OpenedForTest,
} from './fixtures.ts';
import { found, send, words } from './searching.ts';

/** How letters are found by what else is known of them, and in which order. */
export const searchCases: Cases = new Map([
  ['a mailbox is searched by its own places, an account each letter once', placesAreSearched],
  ['letters are found by mailbox, uid, number, thread and keyword', foundByPlace],
  ['letters are found by when they came, were put there and were sent, and by size', foundByMeasure],
  ['letters are found that changed since', foundByChange],
  ['filters are joined by every, any and none, one in another', filtersAreJoined],
  ['what is found is in the order that was asked for, and then by number', foundInOrder],
  ['subjects are ordered without what replies put before them', subjectsInOrder],
  ['of each thread only the letter that comes first is given where that was asked for', firstOfThread],
  ['a page of what is found comes with the number of all', pagesOfFound],
  ['who searches again finds what came, left and changed since, also where a mailbox did', foundAgain],
  ['nothing is found in another account, or where nothing is', nothingElsewhere],
]);

async function placesAreSearched({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await send(store, id, { subject: 'a' }, { mailboxes: [SENT, ARCHIVE] });
  await send(store, id, { subject: 'b' }, { mailboxes: [INBOX] });
  await send(store, id, { subject: 'a' }, { mailboxes: [ARCHIVE] });
  const query = { account: id, filter: null, sort: [], threads: 'whole', offset: 0, count: 9 } as const;
  assert.deepEqual(await store.search({ ...query, mailbox: ARCHIVE }), {
    hits: [
      { letter: 1, uid: 1, thread: 1 },
      { letter: 3, uid: 2, thread: 3 },
    ],
    total: 2,
  });
  assert.deepEqual(await store.search({ ...query, mailbox: null, filter: words('a', 'subject') }), {
    hits: [
      { letter: 1, uid: 0, thread: 1 },
      { letter: 3, uid: 0, thread: 3 },
    ],
    total: 2,
  });
  assert.deepEqual(await found(store, id, words('b'), { mailbox: ARCHIVE }), []);
  assert.deepEqual(await found(store, id, null), [1, 2, 3]);
  await mustBeOk(store.copy(id, INBOX, uids(1), ARCHIVE, T0));
  assert.deepEqual(await found(store, id, null), [1, 2, 3]);
  await mustBeOk(store.expunge(id, ARCHIVE, uids(1, 3), 'any', T0));
  assert.deepEqual(await found(store, id, null), [1, 2, 3]);
  await mustBeOk(store.copy(id, SENT, uids(1), ARCHIVE, T0));
  await mustBeOk(store.move(id, ARCHIVE, uids(2), ARCHIVE, T0));
  const { hits } = await store.search({ ...query, mailbox: ARCHIVE });
  assert.deepEqual(
    hits.map(({ letter, uid }) => [letter, uid]),
    [
      [1, 4],
      [3, 5],
    ],
  );
}

async function foundByPlace({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const threading = { messageIds: ['a@x'], baseSubject: 's' };
  await put(store, id, { mailboxes: [INBOX, ARCHIVE], keywords: ['$seen'], threading });
  await put(store, id, { mailboxes: [ARCHIVE], keywords: ['__proto__'], threading });
  await put(store, id, { mailboxes: [SENT] });
  await mustBeOk(store.setKeywords(id, INBOX, uids(1), { how: 'add', keywords: ['a'] }));
  const here = { mailbox: ARCHIVE };
  const mailbox = (number: MailboxId): LetterFilter => ({ where: 'mailbox', mailbox: number });
  assert.deepEqual(await found(store, id, mailbox(ARCHIVE)), [1, 2]);
  assert.deepEqual(await found(store, id, mailbox(INBOX), here), [1]);
  assert.deepEqual(await found(store, id, mailbox(NOWHERE)), []);
  const some: LetterFilter = { where: 'uids', uids: uids(2, 9, 2, 0) };
  assert.deepEqual(await found(store, id, some, here), [2]);
  assert.deepEqual(await found(store, id, some), []);
  const letters = [3, 1, 99, 3] as unknown as readonly LetterId[];
  assert.deepEqual(await found(store, id, { where: 'letters', letters }), [1, 3]);
  assert.deepEqual(await found(store, id, { where: 'letters', letters }, here), [1]);
  assert.deepEqual(await found(store, id, { where: 'letters', letters: [] }), []);
  assert.deepEqual(await found(store, id, { where: 'thread', thread: 1 as ThreadId }), [1, 2]);
  assert.deepEqual(await found(store, id, { where: 'thread', thread: 2 as ThreadId }), []);
  const keyword = (name: string): LetterFilter => ({ where: 'keyword', keyword: name });
  assert.deepEqual(await found(store, id, keyword('a')), [1]);
  assert.deepEqual(await found(store, id, keyword('a'), here), []);
  assert.deepEqual(await found(store, id, keyword('$seen'), here), [1]);
  assert.deepEqual(await found(store, id, keyword('__proto__')), [2]);
  for (const none of ['', 'constructor', '$SEEN', '__proto', 'a b', '%'])
    assert.deepEqual(await found(store, id, keyword(none)), [], none);
}

async function foundByMeasure({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const summary = { subject: '', from: '', messageId: null };
  await put(store, id, { receivedAt: 100, summary: { ...summary, sentAt: 50 }, prefix: Buffer.alloc(5) });
  await put(store, id, { receivedAt: 200, summary: { ...summary, sentAt: null } });
  await put(store, id, {
    receivedAt: 300,
    summary: { ...summary, sentAt: 999 },
    omitted: [{ start: 0, end: 4 }],
  });
  await mustBeOk(store.copy(id, INBOX, uids(3), ARCHIVE, 150));
  const time = async (where: 'received' | 'saved' | 'sent', from?: number, before?: number, more = {}) =>
    found(
      store,
      id,
      { where, ...(from === undefined ? {} : { from }), ...(before === undefined ? {} : { before }) },
      more,
    );
  assert.deepEqual(await time('received', 100, 300), [1, 2]);
  assert.deepEqual(await time('received', 101), [2, 3]);
  assert.deepEqual(await time('received', undefined, 200), [1]);
  assert.deepEqual(await time('received'), [1, 2, 3]);
  assert.deepEqual(await time('received', 200, 200), []);
  assert.deepEqual(await time('sent', 50, 51), [1]);
  assert.deepEqual(await time('sent', 200), [2, 3]);
  assert.deepEqual(await time('saved', 200), [2]);
  assert.deepEqual(await time('saved', 150, 200), [3]);
  assert.deepEqual(await time('saved', 200, undefined, { mailbox: INBOX }), [2, 3]);
  assert.deepEqual(await time('saved', undefined, 151, { mailbox: ARCHIVE }), [3]);
  const size = async (least?: number, most?: number) =>
    found(store, id, {
      where: 'size',
      ...(least === undefined ? {} : { least }),
      ...(most === undefined ? {} : { most }),
    });
  assert.deepEqual(await size(10, 15), [1, 2]);
  assert.deepEqual(await size(11), [1]);
  assert.deepEqual(await size(undefined, 6), [3]);
  assert.deepEqual(await size(), [1, 2, 3]);
  assert.deepEqual(await size(7, 6), []);
}

async function foundByChange({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  for (let n = 0; n < 3; n++) await put(store, id, { mailboxes: [INBOX, ARCHIVE] });
  await mustBeOk(store.setKeywords(id, INBOX, uids(1), { how: 'add', keywords: ['a'] }));
  const since = (modSeq: bigint): LetterFilter => ({ where: 'changed-since', modSeq: modSeq as ModSeq });
  assert.deepEqual(await found(store, id, since(2n)), [1, 2, 3]);
  assert.deepEqual(await found(store, id, since(3n)), [1, 3]);
  assert.deepEqual(await found(store, id, since(3n), { mailbox: ARCHIVE }), [3]);
  assert.deepEqual(await found(store, id, since(4n), { mailbox: INBOX }), [1]);
  assert.deepEqual(await found(store, id, since(5n)), []);
}

async function filtersAreJoined({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  for (const [subject, keyword] of [
    ['plan one', 'a'],
    ['plan two', 'b'],
    ['other', 'a'],
    ['other', 'c'],
  ] as const)
    await send(store, id, { subject }, { keywords: [keyword] });
  const keyword = (name: string): LetterFilter => ({ where: 'keyword', keyword: name });
  const join = (where: 'every' | 'any' | 'none', ...of: readonly LetterFilter[]): LetterFilter => ({
    where,
    of,
  });
  for (const [filter, letters] of [
    [join('every', words('plan'), keyword('a')), [1]],
    [join('any', words('plan'), keyword('a')), [1, 2, 3]],
    [join('none', words('plan'), keyword('a')), [4]],
    [join('none', words('plan')), [3, 4]],
    [join('every'), [1, 2, 3, 4]],
    [join('any'), []],
    [join('none'), [1, 2, 3, 4]],
    [join('none', join('none', keyword('b'))), [2]],
    [join('any', words('two'), join('every', keyword('a'), join('none', words('plan')))), [2, 3]],
    [join('every', words('plan'), words('two'), join('any', keyword('a'), keyword('b'))), [2]],
    [join('any', words('plan'), words('oth')), [1, 2, 3, 4]],
  ] as const)
    assert.deepEqual(await found(store, id, filter), letters, JSON.stringify(filter));
}

async function foundInOrder({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  for (const [from, sentAt, receivedAt, size] of [
    ['Über', 5, 10, 30],
    ['anna', null, 20, 20],
    ['Zoe', 15, 20, 30],
    ['ufo', 25, 5, 10],
  ] as const)
    await put(store, id, {
      bytes: Buffer.alloc(size, 65),
      receivedAt,
      summary: { subject: '', from, sentAt, messageId: null },
      mailboxes: [ARCHIVE],
    });
  await mustBeOk(store.move(id, ARCHIVE, uids(2), ARCHIVE, 1));
  const by = (...sort: readonly (readonly [SearchSort['by'], SearchSort['order']])[]) =>
    sort.map(([key, order]) => ({ by: key, order }));
  for (const mailbox of [null, ARCHIVE])
    for (const [sort, letters] of [
      [by(['sent', 'ascending']), [1, 3, 2, 4]],
      [by(['sent', 'descending']), [4, 2, 3, 1]],
      [by(['size', 'descending'], ['sent', 'descending']), [3, 1, 2, 4]],
      [by(['size', 'descending'], ['sent', 'ascending']), [1, 3, 2, 4]],
      [by(['from', 'ascending']), [2, 1, 4, 3]],
      [by(['saved', 'ascending'], ['size', 'ascending']), [2, 4, 1, 3]],
    ] as const)
      assert.deepEqual(await found(store, id, null, { mailbox, sort }), letters, JSON.stringify(sort));
  const received = by(['received', 'descending']);
  assert.deepEqual(await found(store, id, null, { sort: received }), [2, 3, 1, 4]);
  // In the mailbox the second letter has the highest uid.
  assert.deepEqual(await found(store, id, null, { sort: received, mailbox: ARCHIVE }), [3, 2, 1, 4]);
  assert.deepEqual(await found(store, id, null, { mailbox: ARCHIVE }), [1, 3, 4, 2]);
  const down = by(['uid', 'descending']);
  assert.deepEqual(await found(store, id, null, { sort: down, mailbox: ARCHIVE }), [2, 4, 3, 1]);
  assert.deepEqual(await found(store, id, null, { sort: down }), [1, 2, 3, 4]);
  const equal = by(['subject', 'descending']);
  assert.deepEqual(await found(store, id, null, { sort: equal }), [1, 2, 3, 4]);
}

async function subjectsInOrder({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const subjects = ['Re: beta', 'ALPHA', 'Fwd: [list] Gamma (fwd)', 'älter', '', '\u{1f48c}', '\uff21b'];
  for (const subject of subjects)
    await put(store, id, { summary: { subject, from: '', sentAt: null, messageId: null } });
  const ordered = await found(store, id, null, { sort: [{ by: 'subject', order: 'ascending' }] });
  assert.deepEqual(
    ordered.map((letter) => subjects[letter - 1]),
    ['', '\uff21b', 'ALPHA', 'älter', 'Re: beta', 'Fwd: [list] Gamma (fwd)', '\u{1f48c}'],
  );
}

async function firstOfThread({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  for (const [name, receivedAt] of [
    ['a', 10],
    ['b', 20],
    ['a', 30],
    ['c', 5],
    ['b', 15],
  ] as const)
    await put(store, id, { threading: { messageIds: [`${name}@x`], baseSubject: name }, receivedAt });
  const first = { threads: 'first-letter' } as const;
  assert.deepEqual(await found(store, id, null, first), [1, 2, 4]);
  const newest = { ...first, sort: [{ by: 'received', order: 'descending' }] } as const;
  assert.deepEqual(await found(store, id, null, newest), [3, 2, 4]);
  // Those that the filter leaves out hide none.
  assert.deepEqual(await found(store, id, { where: 'received', before: 25 }, newest), [2, 1, 4]);
  const page = await store.search({
    account: id,
    mailbox: INBOX,
    filter: null,
    ...newest,
    offset: 1,
    count: 1,
  });
  assert.deepEqual(page, { hits: [{ letter: 2, uid: 2, thread: 2 }], total: 3 });
}

async function pagesOfFound({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  for (let n = 0; n < 7; n++) await send(store, id, { subject: n === 3 ? 'other' : 'plan' });
  const query = { account: id, mailbox: null, filter: words('plan'), sort: [], threads: 'whole' } as const;
  const page = async (offset: number, count: number) => {
    const { hits, total } = await store.search({ ...query, offset, count });
    assert.equal(total, 6);
    return hits.map(({ letter }) => letter);
  };
  assert.deepEqual(await page(0, 3), [1, 2, 3]);
  assert.deepEqual(await page(3, 3), [5, 6, 7]);
  assert.deepEqual(await page(5, 9), [7]);
  assert.deepEqual(await page(6, 9), []);
  assert.deepEqual(await page(100, 9), []);
  assert.deepEqual(await page(0, 0), []);
  for (const [offset, count] of [
    [-1, 1],
    [0, -1],
    [0.5, 1],
    [0, Number.NaN],
  ] as const)
    await assert.rejects(async () => store.search({ ...query, offset, count }), { name: 'StoreFault' });
}

async function foundAgain({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const all = (mailbox: MailboxId | null = null) =>
    found(store, id, null, { mailbox, sort: [{ by: 'subject', order: 'ascending' }] });
  const about = (subject: string) => ({ summary: { subject, from: '', sentAt: null, messageId: null } });
  await put(store, id, about('c'));
  await put(store, id, about('a'));
  assert.deepEqual(await all(), [2, 1]);
  const made = await mustBeOk(store.createMailbox(id, { name: 'New', parent: null, createdAt: T0 }));
  await mustBeOk(store.copy(id, INBOX, uids(1), made.id, T0));
  await put(store, id, { ...about('b'), mailboxes: [made.id, ARCHIVE] });
  assert.deepEqual(await all(made.id), [3, 1]);
  assert.deepEqual(await all(), [2, 3, 1]);
  await mustBeOk(store.setKeywords(id, made.id, uids(1), { how: 'add', keywords: ['k'] }));
  assert.deepEqual(await found(store, id, { where: 'keyword', keyword: 'k' }), [1]);
  await mustBeOk(store.removeMailbox(id, made.id, { letters: 'remove', at: T0 }));
  assert.deepEqual(await all(made.id), []);
  assert.deepEqual(await all(), [2, 3, 1]);
  assert.deepEqual(await found(store, id, { where: 'keyword', keyword: 'k' }), []);
  await store.removeLetters(id, [1 as LetterId], T0);
  assert.deepEqual(await all(), [2, 3]);
  await mustBeOk(store.undelete(id, [1 as LetterId], T0));
  assert.deepEqual(await all(), [2, 3, 1]);
}

async function nothingElsewhere({ store }: OpenedForTest): Promise<void> {
  const one = await makeAccount(store, 'nu1@447.edu');
  const two = await makeAccount(store, 'nu2@447.edu');
  await send(store, one.id, { subject: 'plan' });
  for (const filter of [null, words('plan')]) {
    assert.deepEqual(await found(store, two.id, filter), []);
    assert.deepEqual(await found(store, nobody, filter), []);
    assert.deepEqual(await found(store, one.id, filter, { mailbox: NOWHERE }), []);
    assert.deepEqual(await found(store, two.id, filter, { mailbox: INBOX }), []);
  }
  await store.removeAccount(one.id);
  assert.deepEqual(await found(store, one.id, words('plan')), []);
  assert.equal((await makeAccount(store, 'nu1@447.edu')).id, 3);
  assert.deepEqual(await found(store, 3 as AccountId, words('plan')), []);
}
