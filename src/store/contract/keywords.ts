import assert from 'node:assert/strict';
import type { Change, KeywordChange, Keywords, KeywordsSet, ModSeq } from '../port.ts';
import {
  ARCHIVE,
  INBOX,
  makeAccount,
  mustBeOk,
  mustFind,
  nobody,
  NOWHERE,
  put,
  putMany,
  refusal,
  uids,
  type Cases,
  type OpenedForTest,
} from './fixtures.ts';

/** What is said of letters in a mailbox. */
export const keywordCases: Cases = new Map([
  ['keywords are added, removed and replaced', keywordsChange],
  [
    'each letter that changes has a number of its own, by uid, and what does not change has none',
    numbersRise,
  ],
  ['keywords are said of a letter in one mailbox, and not in its others', keywordsArePlaces],
  ['uids that are not there, and those given twice, are passed over', uidsAreForgiven],
  ['what changed after unchangedSince is left alone and told', unchangedSince],
  ['a letter has at most 100 keywords, and one too many leaves all as they were', keywordsAreBounded],
  ['keywords in another form are a fault', keywordsHaveAForm],
  ['keywords that are names of JavaScript objects are keywords', namesOfObjects],
]);

const add = (...keywords: Keywords): KeywordChange => ({ how: 'add', keywords });
const remove = (...keywords: Keywords): KeywordChange => ({ how: 'remove', keywords });
const replace = (...keywords: Keywords): KeywordChange => ({ how: 'replace', keywords });

const changedTo = (value: KeywordsSet): readonly (readonly [number, Keywords])[] =>
  value.changed.map(({ uid, keywords }) => [uid, keywords]);

async function keywordsChange({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await put(store, id, { keywords: ['$seen', 'b'] });
  const set = async (change: KeywordChange) =>
    changedTo(await mustBeOk(store.setKeywords(id, INBOX, uids(1), change)))[0]?.[1];
  assert.deepEqual(await set(add('$flagged', 'a')), ['$flagged', '$seen', 'a', 'b']);
  assert.deepEqual(await set(add('\\deleted', 'a')), ['$flagged', '$seen', '\\deleted', 'a', 'b']);
  assert.deepEqual(await set(remove('$seen', 'a', 'z')), ['$flagged', '\\deleted', 'b']);
  assert.deepEqual(await set(replace('$draft', 'a')), ['$draft', 'a']);
  assert.deepEqual(await set(replace()), []);
  assert.deepEqual((await store.placed({ account: id, mailbox: INBOX }))[0]?.keywords, []);
}

async function numbersRise({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await putMany(store, id, 3);
  await mustBeOk(store.setKeywords(id, INBOX, uids(2), add('a')));
  const seen: Change[] = [];
  store.onChange((change) => seen.push(change));
  const value = await mustBeOk(store.setKeywords(id, INBOX, uids(3, 1, 2), add('a')));
  assert.deepEqual(value, {
    changed: [
      { uid: 1, modSeq: 6n, keywords: ['a'] },
      { uid: 3, modSeq: 7n, keywords: ['a'] },
    ],
    modified: [],
  });
  const placed = await store.placed({ account: id, mailbox: INBOX });
  assert.deepEqual(
    placed.map(({ modSeq }) => modSeq),
    [6n, 5n, 7n],
  );
  const inbox = await mustFind(store, id, INBOX);
  assert.deepEqual([inbox.modSeq, inbox.highestModSeq], [7n, 7n]);
  for (const change of [add('a'), add(), remove('z'), remove(), replace('a')])
    assert.deepEqual(await mustBeOk(store.setKeywords(id, INBOX, uids(1, 2, 3), change)), {
      changed: [],
      modified: [],
    });
  assert.equal(await store.modSeq(id), 7n);
  assert.deepEqual(seen, [{ account: id, modSeq: 7n, mailboxes: [INBOX] }]);
}

async function keywordsArePlaces({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const { letter } = await put(store, id, { mailboxes: [INBOX, ARCHIVE], keywords: ['a'] });
  const archive = await mustFind(store, id, ARCHIVE);
  await mustBeOk(store.setKeywords(id, INBOX, uids(1), add('b')));
  const places = await store.placesOf(id, [letter]);
  assert.deepEqual(
    places.map(({ mailbox, keywords, modSeq }) => [mailbox, keywords, modSeq]),
    [
      [INBOX, ['a', 'b'], 3n],
      [ARCHIVE, ['a'], 2n],
    ],
  );
  assert.deepEqual(await mustFind(store, id, ARCHIVE), archive);
}

async function uidsAreForgiven({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await putMany(store, id, 2);
  const value = await mustBeOk(
    store.setKeywords(id, INBOX, uids(2, 99, 0, 2, 0xffff_ffff, 1.5, -1, 2), add('a')),
  );
  assert.deepEqual(value, { changed: [{ uid: 2, modSeq: 4n, keywords: ['a'] }], modified: [] });
  const nothing = { changed: [], modified: [] };
  assert.deepEqual(await mustBeOk(store.setKeywords(id, INBOX, [], add('a'))), nothing);
  assert.deepEqual(await store.setKeywords(id, NOWHERE, uids(1), add('a')), refusal('no-mailbox'));
  assert.deepEqual(await store.setKeywords(nobody, INBOX, uids(1), add('a')), refusal('no-mailbox'));
}

async function unchangedSince({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await putMany(store, id, 3);
  await mustBeOk(store.setKeywords(id, INBOX, uids(2), add('a')));
  // The letters are at 2, 5 and 4.
  const since = 4n as ModSeq;
  const value = await mustBeOk(store.setKeywords(id, INBOX, uids(3, 2, 1, 99), add('b'), since));
  assert.deepEqual(changedTo(value), [
    [1, ['b']],
    [3, ['b']],
  ]);
  assert.deepEqual(value.modified, [2]);
  const again = await mustBeOk(store.setKeywords(id, INBOX, uids(1, 2, 3), add('b'), since));
  assert.deepEqual(again, { changed: [], modified: [1, 2, 3] });
  // What changed is told also where there would be nothing to change.
  const same = await mustBeOk(store.setKeywords(id, INBOX, uids(2), add('a'), since));
  assert.deepEqual(same, { changed: [], modified: [2] });
  const all = await mustBeOk(store.setKeywords(id, INBOX, uids(1, 2, 3), add('c'), 7n as ModSeq));
  assert.deepEqual(all.modified, []);
  const none = await mustBeOk(store.setKeywords(id, INBOX, uids(1), add('d'), 0n as ModSeq));
  assert.deepEqual(none, { changed: [], modified: [1] });
}

async function keywordsAreBounded({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const hundred = Array.from({ length: 100 }, (_, n) => `k${String(n).padStart(3, '0')}`);
  await put(store, id, { keywords: hundred });
  await put(store, id);
  assert.deepEqual(await store.setKeywords(id, INBOX, uids(2, 1), add('a')), refusal('too-many'));
  assert.deepEqual(await store.setKeywords(id, INBOX, uids(2), add('a', ...hundred)), refusal('too-many'));
  assert.equal(await store.modSeq(id), 3n);
  const tooMany = replace('a', ...hundred);
  assert.deepEqual(await store.setKeywords(id, INBOX, uids(1), tooMany), refusal('too-many'));
  const kept = await mustBeOk(store.setKeywords(id, INBOX, uids(1), add('a'), 1n as ModSeq));
  assert.deepEqual(kept, { changed: [], modified: [1] });
  const both = await mustBeOk(store.setKeywords(id, INBOX, uids(1, 2), add(...hundred)));
  assert.deepEqual(changedTo(both), [[2, hundred]]);
}

async function keywordsHaveAForm({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await put(store, id);
  const wrong = [['B'], ['b', 'a'], ['a', 'a'], [''], ['a b'], ['a\0'], ['\u00e9'], ['\\seen'], ['a"']];
  for (const keywords of [...wrong, ['a'.repeat(256)]])
    for (const how of ['add', 'remove', 'replace'] as const)
      await assert.rejects(
        store.setKeywords(id, INBOX, uids(1), { how, keywords }),
        { name: 'StoreFault' },
        JSON.stringify(keywords).slice(0, 40),
      );
  const longest = 'a'.repeat(255);
  const value = await mustBeOk(store.setKeywords(id, INBOX, uids(1), add('$a!#&+-./<=>@[_`|}~', longest)));
  assert.deepEqual(value.changed[0]?.keywords, ['$a!#&+-./<=>@[_`|}~', longest]);
}

async function namesOfObjects({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await put(store, id, { keywords: ['__proto__'] });
  const value = await mustBeOk(store.setKeywords(id, INBOX, uids(1), add('constructor', 'tostring')));
  assert.deepEqual(value.changed[0]?.keywords, ['__proto__', 'constructor', 'tostring']);
  await mustBeOk(store.setKeywords(id, INBOX, uids(1), remove('__proto__')));
  const [placed] = await store.placed({ account: id, mailbox: INBOX });
  assert.deepEqual(placed?.keywords, ['constructor', 'tostring']);
}
