import assert from 'node:assert/strict';
import type { AccountId, Quota, Store } from '../port.ts';
import {
  ARCHIVE,
  deliveryOf,
  done,
  INBOX,
  letterBytes,
  letterFor,
  makeAccount,
  mustBeOk,
  nobody,
  put,
  refusal,
  SENT,
  T0,
  uids,
  uidsIn,
  type Cases,
  type LetterOptions,
  type OpenedForTest,
} from './fixtures.ts';

/** How much an account may keep. */
export const quotaCases: Cases = new Map([
  ['a letter counts once, as it is served, whatever the number of its mailboxes', lettersCountOnce],
  ['what fits exactly is taken in, and one byte or letter more is not', exactlyAtTheBound],
  ['several deliveries in one call are measured together, account by account', measuredTogether],
  ['a bound below what is kept removes nothing, and keeps everything more out', boundBelow],
  ['copy counts what is doubled, move counts nothing', copyCounts],
  ['what is in no mailbox does not count, and comes back only where it fits', removedDoesNotCount],
  ['a quota that is no number of bytes or letters is a fault', quotasAreNumbers],
]);

const usage = async (store: Store, account: AccountId): Promise<readonly number[]> => {
  const found = await store.quota(account);
  assert.ok(found);
  return [found.usage.bytes, found.usage.letters];
};

const setQuota = async (store: Store, account: AccountId, quota: Partial<Quota>): Promise<void> => {
  const set = { bytes: null, letters: null, ...quota };
  assert.deepEqual(await store.setQuota(account, set), done);
  assert.deepEqual((await store.quota(account))?.quota, set);
};

async function lettersCountOnce({ store }: OpenedForTest): Promise<void> {
  const one = await makeAccount(store, 'nu1@447.edu');
  const two = await makeAccount(store, 'nu2@447.edu');
  const options: LetterOptions = {
    bytes: letterBytes(1000),
    prefix: letterBytes(50),
    omitted: [
      { start: 0, end: 100 },
      { start: 500, end: 501 },
    ],
    mailboxes: [INBOX, ARCHIVE, SENT],
  };
  await put(store, one.id, options);
  assert.deepEqual(await usage(store, one.id), [949, 1]);
  await put(store, one.id, options);
  assert.deepEqual(await usage(store, one.id), [1898, 2]);
  assert.deepEqual(await usage(store, two.id), [0, 0]);
  assert.equal(await store.quota(nobody), null);
}

async function exactlyAtTheBound({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await setQuota(store, id, { bytes: 100 });
  const bytes = letterBytes(90);
  const tooMuch = letterFor(id, { bytes, prefix: letterBytes(11) });
  assert.deepEqual(await store.deliver(tooMuch), refusal('over-quota'));
  await put(store, id, { bytes, prefix: letterBytes(10) });
  assert.deepEqual(await usage(store, id), [100, 1]);
  assert.deepEqual(await store.deliver(letterFor(id, { bytes: letterBytes(1) })), refusal('over-quota'));
  await put(store, id, { bytes: letterBytes(0) });
  await setQuota(store, id, { letters: 3 });
  await put(store, id);
  assert.deepEqual(await store.deliver(letterFor(id, { bytes: letterBytes(0) })), refusal('over-quota'));
  assert.deepEqual(await usage(store, id), [110, 3]);
  await setQuota(store, id, {});
  await put(store, id);
  await setQuota(store, id, { bytes: 0, letters: 0 });
  assert.deepEqual(await store.deliver(letterFor(id, { bytes: letterBytes(0) })), refusal('over-quota'));
  const none = { bytes: 1, letters: 1 };
  assert.deepEqual(await store.setQuota(nobody, none), refusal('no-account'));
}

async function measuredTogether({ store }: OpenedForTest): Promise<void> {
  const one = await makeAccount(store, 'nu1@447.edu');
  const two = await makeAccount(store, 'nu2@447.edu');
  await setQuota(store, one.id, { bytes: 20 });
  const delivery = (account: AccountId) => letterFor(account, { bytes: letterBytes(10) });
  const three = [delivery(one.id), delivery(two.id), delivery(one.id), delivery(one.id)];
  assert.deepEqual(await store.deliver(...three), refusal('over-quota'));
  assert.deepEqual(await usage(store, two.id), [0, 0]);
  assert.ok(
    (await store.deliver(...three.slice(0, 3).map(({ recipients }) => ({ ...delivery(one.id), recipients }))))
      .ok,
  );
  assert.deepEqual(await usage(store, one.id), [20, 2]);
  const twice = deliveryOf(letterBytes(10), [two.id, two.id]);
  await setQuota(store, two.id, { letters: 2 });
  assert.deepEqual(await store.deliver(twice), refusal('over-quota'));
  assert.deepEqual(await usage(store, two.id), [10, 1]);
  // Who is not there is told first.
  const gone = { ...twice, recipients: [...twice.recipients, ...delivery(nobody).recipients] };
  assert.deepEqual(await store.deliver(gone), refusal('no-account'));
}

async function boundBelow({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await put(store, id);
  await put(store, id);
  await setQuota(store, id, { bytes: 5 });
  assert.deepEqual(await uidsIn(store, id, INBOX), [1, 2]);
  assert.deepEqual(await store.deliver(letterFor(id, { bytes: letterBytes(0) })), refusal('over-quota'));
  assert.ok((await store.copy(id, INBOX, uids(1), ARCHIVE, T0)).ok);
  await mustBeOk(store.expunge(id, INBOX, uids(2), 'any', T0));
  assert.deepEqual(await store.deliver(letterFor(id, { bytes: letterBytes(0) })), refusal('over-quota'));
}

async function copyCounts({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await put(store, id);
  await put(store, id);
  await setQuota(store, id, { bytes: 30 });
  await mustBeOk(store.copy(id, INBOX, uids(1, 2), ARCHIVE, T0));
  assert.deepEqual(await usage(store, id), [20, 2]);
  const before = await store.modSeq(id);
  assert.deepEqual(await store.copy(id, INBOX, uids(1, 2), ARCHIVE, T0), refusal('over-quota'));
  assert.equal(await store.modSeq(id), before);
  await mustBeOk(store.copy(id, INBOX, uids(1), INBOX, T0));
  assert.deepEqual(await usage(store, id), [30, 3]);
  assert.deepEqual(await store.copy(id, INBOX, uids(1), ARCHIVE, T0), refusal('over-quota'));
  assert.deepEqual(await mustBeOk(store.copy(id, INBOX, uids(99), ARCHIVE, T0)), []);
  await mustBeOk(store.move(id, INBOX, uids(1), SENT, T0));
  assert.deepEqual(await usage(store, id), [30, 3]);
  await mustBeOk(store.move(id, INBOX, uids(2), ARCHIVE, T0));
  assert.deepEqual(await usage(store, id), [40, 4]);
}

async function removedDoesNotCount({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const first = await put(store, id, { mailboxes: [INBOX, ARCHIVE] });
  await mustBeOk(store.expunge(id, INBOX, uids(1), 'any', T0));
  assert.deepEqual(await usage(store, id), [10, 1]);
  await mustBeOk(store.expunge(id, ARCHIVE, uids(1), 'any', T0));
  assert.deepEqual(await usage(store, id), [0, 0]);
  await setQuota(store, id, { bytes: 15 });
  await put(store, id);
  const before = await store.modSeq(id);
  assert.deepEqual(await store.undelete(id, [first.letter], T0), refusal('over-quota'));
  assert.equal(await store.modSeq(id), before);
  await setQuota(store, id, { bytes: 20 });
  await mustBeOk(store.undelete(id, [first.letter], T0));
  assert.deepEqual(await usage(store, id), [20, 2]);
  assert.deepEqual(await mustBeOk(store.undelete(id, [first.letter], T0)), []);
  await store.removeLetters(id, [first.letter], T0);
  assert.deepEqual(await usage(store, id), [10, 1]);
  await store.tidy({ now: T0, removedMs: 0, tombstonesMs: 0 });
  assert.deepEqual(await usage(store, id), [10, 1]);
}

async function quotasAreNumbers({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  for (const wrong of [-1, 0.5, Number.NaN, Infinity, 2 ** 53])
    for (const quota of [
      { bytes: wrong, letters: null },
      { bytes: null, letters: wrong },
    ])
      await assert.rejects(store.setQuota(id, quota), { name: 'StoreFault' });
  const none = { bytes: null, letters: null };
  assert.deepEqual((await store.quota(id))?.quota, none);
}
