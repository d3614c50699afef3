import assert from 'node:assert/strict';
import type { AccountId, Store, ThreadId } from '../port.ts';
import {
  ARCHIVE,
  INBOX,
  letterBytes,
  letterFor,
  makeAccount,
  mustBeOk,
  put,
  T0,
  uids,
  type Cases,
  type LetterOptions,
  type OpenedForTest,
} from './fixtures.ts';

/** The letters that belong together. */
export const threadCases: Cases = new Map([
  ['letters with a message identifier and the base subject in common are one thread', idsInCommon],
  ['a letter without message identifiers is a thread of its own', ownThread],
  ['another base subject is another thread, and so is another account', subjectsDiffer],
  ['of several known identifiers the first decides, and no threads are joined', firstKnownDecides],
  ['all unknown identifiers of a letter lead to its thread from then on', unknownIdsLead],
  ['a letter that comes before the one it answers is in one thread with it', answersComeFirst],
  ['a thread has its letters by age, and only those that are in a mailbox', threadInOrder],
  ['a thread outlasts the letter that began it', threadOutlasts],
  ['a thread is forgotten with its last letter, and the identifiers begin another one', threadIsForgotten],
  ['a removed letter still leads to its thread until it is forgotten', removedStillLeads],
  ['identifiers and subjects that are names of JavaScript objects, or empty, are like any other', strangeIds],
  ['more than 100 message identifiers are a fault', idsAreBounded],
]);

const threading = (baseSubject: string, ...messageIds: readonly string[]): LetterOptions => ({
  threading: { messageIds, baseSubject },
});

/** Delivers a letter and gives its thread. */
const threadOf = async (store: Store, account: AccountId, options: LetterOptions): Promise<ThreadId> => {
  const { letter } = await put(store, account, options);
  const found = await store.letter(account, letter);
  assert.ok(found);
  return found.thread;
};

async function idsInCommon({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  assert.equal(await threadOf(store, id, threading('plan', 'a@x')), 1);
  assert.equal(await threadOf(store, id, threading('plan', 'b@x', 'a@x')), 1);
  assert.equal(await threadOf(store, id, threading('plan', 'c@x', 'b@x')), 1);
  assert.equal(await threadOf(store, id, threading('plan', 'd@x')), 4);
  const [placed] = await store.placed({ account: id, mailbox: INBOX, from: 3 as never });
  assert.equal(placed?.thread, 1);
  assert.deepEqual(await store.thread(id, 1 as ThreadId), [1, 2, 3]);
  assert.deepEqual(await store.thread(id, 4 as ThreadId), [4]);
}

async function ownThread({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  for (const [index, options] of [{}, threading('plan'), threading('plan'), {}].entries())
    assert.equal(await threadOf(store, id, options), index + 1);
  assert.deepEqual(await store.thread(id, 2 as ThreadId), [2]);
  for (const none of [0, 5, -1]) assert.deepEqual(await store.thread(id, none as ThreadId), []);
}

async function subjectsDiffer({ store }: OpenedForTest): Promise<void> {
  const one = await makeAccount(store, 'nu1@447.edu');
  const two = await makeAccount(store, 'nu2@447.edu');
  assert.equal(await threadOf(store, one.id, threading('plan', 'a@x')), 1);
  assert.equal(await threadOf(store, one.id, threading('Plan', 'a@x')), 2);
  assert.equal(await threadOf(store, one.id, threading('', 'a@x')), 3);
  await put(store, two.id);
  assert.equal(await threadOf(store, two.id, threading('plan', 'a@x')), 5);
  assert.equal(await threadOf(store, one.id, threading('Plan', 'a@x')), 2);
  assert.deepEqual(await store.thread(two.id, 4 as ThreadId), [4]);
  assert.deepEqual(await store.thread(two.id, 1 as ThreadId), []);
}

async function firstKnownDecides({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await put(store, id, threading('s', 'a@x'));
  await put(store, id, threading('s', 'b@x'));
  assert.equal(await threadOf(store, id, threading('s', 'new@x', 'b@x', 'a@x')), 2);
  assert.equal(await threadOf(store, id, threading('s', 'a@x')), 1);
  assert.equal(await threadOf(store, id, threading('s', 'b@x')), 2);
  assert.equal(await threadOf(store, id, threading('s', 'new@x')), 2);
}

async function unknownIdsLead({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await put(store, id, threading('s', 'a@x', 'b@x', 'a@x', 'c@x'));
  for (const known of ['a@x', 'b@x', 'c@x'])
    assert.equal(await threadOf(store, id, threading('s', known)), 1);
  assert.equal(await threadOf(store, id, threading('s', 'd@x', 'c@x', 'e@x')), 1);
  for (const known of ['d@x', 'e@x']) assert.equal(await threadOf(store, id, threading('s', known)), 1);
}

async function answersComeFirst({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  assert.equal(await threadOf(store, id, threading('s', 'answer@x', 'question@x')), 1);
  assert.equal(await threadOf(store, id, threading('s', 'question@x')), 1);
  // In one call as in two.
  const both = await store.deliver(
    letterFor(id, threading('t', 'answer2@x', 'question2@x')),
    letterFor(id, threading('t', 'question2@x')),
  );
  assert.ok(both.ok);
  assert.deepEqual(await store.thread(id, 3 as ThreadId), [3, 4]);
}

async function threadInOrder({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  for (const receivedAt of [T0 + 5, T0 + 1, T0 + 5, T0 + 3, T0 + 1])
    await put(store, id, { ...threading('s', 'a@x'), receivedAt });
  assert.deepEqual(await store.thread(id, 1 as ThreadId), [2, 5, 4, 1, 3]);
  await mustBeOk(store.expunge(id, INBOX, uids(4, 1), 'any', T0));
  assert.deepEqual(await store.thread(id, 1 as ThreadId), [2, 5, 3]);
  await mustBeOk(store.copy(id, INBOX, uids(2), ARCHIVE, T0));
  await mustBeOk(store.copy(id, INBOX, uids(2), ARCHIVE, T0));
  assert.deepEqual(await store.thread(id, 1 as ThreadId), [2, 5, 6, 3]);
}

async function threadOutlasts({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await put(store, id, threading('s', 'a@x'));
  await put(store, id, threading('s', 'a@x'));
  await mustBeOk(store.expunge(id, INBOX, uids(1), 'any', T0));
  await store.tidy({ now: T0, removedMs: 0, tombstonesMs: 0 });
  assert.deepEqual(await store.thread(id, 1 as ThreadId), [2]);
  assert.equal(await threadOf(store, id, threading('s', 'a@x')), 1);
  assert.deepEqual(await store.thread(id, 1 as ThreadId), [2, 3]);
}

async function threadIsForgotten({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await put(store, id, threading('s', 'a@x', 'b@x'));
  await put(store, id, threading('t', 'c@x'));
  await mustBeOk(store.expunge(id, INBOX, uids(1), 'any', T0));
  await store.tidy({ now: T0, removedMs: 0, tombstonesMs: 0 });
  assert.equal(await threadOf(store, id, threading('s', 'b@x')), 3);
  assert.equal(await threadOf(store, id, threading('s', 'a@x')), 4);
  assert.equal(await threadOf(store, id, threading('t', 'c@x')), 2);
}

async function removedStillLeads({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const { letter } = await put(store, id, threading('s', 'a@x'));
  await store.removeLetters(id, [letter], T0);
  assert.equal(await threadOf(store, id, threading('s', 'a@x')), 1);
  assert.deepEqual(await store.thread(id, 1 as ThreadId), [2]);
  await mustBeOk(store.undelete(id, [letter], T0));
  assert.deepEqual(await store.thread(id, 1 as ThreadId), [1, 2]);
}

async function strangeIds({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const strange = ['__proto__', 'constructor', '', '\0', 'a\0b', "'; DROP TABLE thread_key; --", '\u{1f48c}'];
  for (const [index, text] of strange.entries())
    assert.equal(await threadOf(store, id, threading(text, text)), index + 1);
  for (const [index, text] of strange.entries())
    assert.equal(await threadOf(store, id, threading(text, 'z', text)), index + 1);
}

async function idsAreBounded({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const ids = Array.from({ length: 101 }, (_, n) => `${n}@x`);
  const delivery = letterFor(id, { bytes: letterBytes(3), ...threading('s', ...ids) });
  await assert.rejects(store.deliver(delivery), { name: 'StoreFault' });
  await put(store, id, threading('s', ...ids.slice(1)));
  assert.equal(await threadOf(store, id, threading('s', '100@x')), 1);
}
