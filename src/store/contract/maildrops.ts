import assert from 'node:assert/strict';
import type { AccountId, MaildropLock, Store } from '../port.ts';
import {
  INBOX,
  makeAccount,
  mustBeOk,
  nobody,
  put,
  refusal,
  T0,
  uids,
  type Cases,
  type OpenedForTest,
} from './fixtures.ts';

/** How a maildrop is had by one session alone. */
export const maildropCases: Cases = new Map([
  ['a maildrop is had by one at a time, each account for itself', oneAtATime],
  ['what was let go of can be had again, and letting go twice takes it from nobody', lettingGo],
  ['who has a maildrop keeps nobody from its letters', lettersGoOn],
  ['the maildrop of nobody cannot be had', nobodyHasOne],
]);

const take = async (store: Store, account: AccountId): Promise<MaildropLock> => {
  const lock = await store.lockMaildrop(account);
  assert.ok(lock.ok, 'the maildrop is locked');
  return lock.value;
};

async function oneAtATime({ store }: OpenedForTest): Promise<void> {
  const [one, two] = [await makeAccount(store, 'nu1@447.edu'), await makeAccount(store, 'nu2@447.edu')];
  await take(store, one.id);
  assert.deepEqual(await store.lockMaildrop(one.id), refusal('locked'));
  await take(store, two.id);
  assert.deepEqual(await store.lockMaildrop(two.id), refusal('locked'));
}

async function lettingGo({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const first = await take(store, id);
  first.release();
  const second = await take(store, id);
  first.release();
  assert.deepEqual(await store.lockMaildrop(id), refusal('locked'));
  second.release();
  second.release();
  (await take(store, id)).release();
}

async function lettersGoOn({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await take(store, id);
  await put(store, id);
  await mustBeOk(store.expunge(id, INBOX, uids(1), 'any', T0));
  await mustBeOk(store.removeAccount(id));
  assert.deepEqual(await store.lockMaildrop(id), refusal('no-account'));
}

async function nobodyHasOne({ store }: OpenedForTest): Promise<void> {
  assert.deepEqual(await store.lockMaildrop(nobody), refusal('no-account'));
}
