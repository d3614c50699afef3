import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { Authenticator } from '../accounts/authenticator.ts';
import {
  ARCHIVE,
  INBOX,
  letterBytes,
  makeAccount,
  mustBeOk,
  put,
  putMany,
  T0,
  uids,
} from '../store/contract/fixtures.ts';
import { openMemoryStore } from '../store/memory/store.ts';
import type { AccountId, AccountName, Store } from '../store/port.ts';
import { Pop3Policy, type OpenMaildrop } from './pop3.ts';

const name = 'nu1@447.edu';

type House = { readonly store: Store; readonly policy: Pop3Policy; readonly id: AccountId };

async function house(): Promise<House> {
  const store = openMemoryStore();
  const { id } = await makeAccount(store, name);
  const now = (): number => T0;
  const canonical = (user: string): AccountName => user as AccountName;
  const authenticator = new Authenticator({
    store,
    now,
    random: randomBytes,
    secret: randomBytes(32),
    canonical,
  });
  return { store, policy: new Pop3Policy({ store, authenticator, now }), id };
}

const open = ({ policy }: House): Promise<OpenMaildrop> => mustBeOk(policy.open(name));

const idsOf = ({ letters }: OpenMaildrop): readonly string[] =>
  Array.from({ length: letters.count }, (_, index) => letters.uniqueId(index + 1));

/** The letter as it is served. */
async function bytesOf(maildrop: OpenMaildrop, number: number): Promise<Buffer> {
  const reading = await maildrop.read(number);
  assert(reading !== null);
  const all = [...reading.pieces];
  for (
    let next = await reading.rest?.next();
    next !== undefined && next.done !== true;
    next = await reading.rest?.next()
  )
    all.push(...next.value);
  return Buffer.concat(all);
}

test('a maildrop is the letters of INBOX, in the order in which they came, at the sizes at which they are served', async () => {
  const here = await house();
  const prefix = Buffer.from('Received: x\r\n');
  await put(here.store, here.id, { bytes: letterBytes(100), prefix, omitted: [{ start: 10, end: 30 }] });
  await put(here.store, here.id, { mailboxes: [ARCHIVE] });
  await put(here.store, here.id, { bytes: letterBytes(7) });
  const maildrop = await open(here);
  const { letters } = maildrop;
  assert.equal(letters.count, 2);
  assert.deepEqual([letters.sizeBytes(1), letters.sizeBytes(2)], [93, 7]);
  const served = Buffer.concat([prefix, letterBytes(100).subarray(0, 10), letterBytes(100).subarray(30)]);
  assert.deepEqual(await bytesOf(maildrop, 1), served);
  assert.deepEqual(await bytesOf(maildrop, 2), Buffer.from(letterBytes(7)));
});

test('a long letter comes in pieces, without what is left out of it', async () => {
  const here = await house();
  const bytes = letterBytes(900_000, 3);
  const omitted = [
    { start: 5, end: 9 },
    { start: 262_140, end: 262_150 },
    { start: 600_000, end: 800_000 },
  ];
  const prefix = Buffer.from('Received: x\r\n');
  await put(here.store, here.id, { bytes, omitted, prefix });
  const maildrop = await open(here);
  const kept = [
    bytes.subarray(0, 5),
    bytes.subarray(9, 262_140),
    bytes.subarray(262_150, 600_000),
    bytes.subarray(800_000),
  ];
  const all = await bytesOf(maildrop, 1);
  assert(all.equals(Buffer.concat([prefix, ...kept])));
  assert.equal(all.length, maildrop.letters.sizeBytes(1));
});

test('unique identifiers are of the form that RFC 1939 has, and no two are alike', async () => {
  const here = await house();
  for (const receivedAt of [T0, T0, 0, -1, 253_402_300_799_999])
    await put(here.store, here.id, { receivedAt });
  const ids = idsOf(await open(here));
  for (const id of ids) assert.match(id, /^[!-~]{1,70}$/);
  assert.equal(new Set(ids).size, ids.length);
});

test('a letter has its identifier in every session, moved out and back or removed and put back, and another never has it', async () => {
  const here = await house();
  const { store, id } = here;
  await putMany(store, id, 3);
  const first = await open(here);
  const before = idsOf(first);
  first.close();
  await mustBeOk(store.move(id, INBOX, uids(1), ARCHIVE, T0));
  await mustBeOk(store.move(id, ARCHIVE, uids(1), INBOX, T0));
  const [, second] = await store.placed({ account: id, mailbox: INBOX });
  assert(second !== undefined);
  await store.removeLetters(id, [second.letter], T0);
  await mustBeOk(store.undelete(id, [second.letter], T0));
  await putMany(store, id, 1);
  const after = await open(here);
  const ids = idsOf(after);
  assert.deepEqual([...before].sort(), ids.slice(0, 3).sort());
  assert(!before.includes(ids[3] ?? ''));
  await mustBeOk(after.remove([1, 2, 3, 4]));
  after.close();
  await store.tidy({ now: T0 + 1, removedMs: 0, tombstonesMs: 0 });
  await putMany(store, id, 4);
  const again = idsOf(await open(here));
  assert.deepEqual(
    again.filter((one) => ids.includes(one)),
    [],
  );
});

test('a store that was put back from a backup gives numbers again, and no identifiers', async () => {
  const [lost, restored] = [await house(), await house()];
  await put(lost.store, lost.id, { receivedAt: T0 });
  await put(restored.store, restored.id, { receivedAt: T0 + 1 });
  assert.notDeepEqual(idsOf(await open(lost)), idsOf(await open(restored)));
});

test('a maildrop is had by one, and who comes later is told so', async () => {
  const here = await house();
  const first = await open(here);
  assert.deepEqual(await here.policy.open(name), { ok: false, refusal: 'in-use' });
  first.close();
  (await open(here)).close();
  assert.deepEqual(await here.policy.open('nobody@447.edu'), { ok: false, refusal: 'gone' });
});

test('a maildrop that cannot be read is free again', async () => {
  const here = await house();
  const { store } = here;
  const placed = store.placed.bind(store);
  store.placed = () => Promise.reject(new Error('the disk is on fire'));
  await assert.rejects(here.policy.open(name), /on fire/);
  store.placed = placed;
  (await open(here)).close();
});

test('what is removed are the letters of these numbers, whatever else happened meanwhile', async () => {
  const here = await house();
  const { store, id } = here;
  await putMany(store, id, 4);
  const maildrop = await open(here);
  await mustBeOk(store.move(id, INBOX, uids(2), ARCHIVE, T0));
  await mustBeOk(store.expunge(id, INBOX, uids(3), 'any', T0));
  await putMany(store, id, 1);
  await mustBeOk(maildrop.remove([1, 2, 3]));
  assert.deepEqual([...(await store.uids(id, INBOX))], [4, 5]);
  assert.deepEqual([...(await store.uids(id, ARCHIVE))], [1]);
  await mustBeOk(store.removeAccount(id));
  assert.deepEqual(await maildrop.remove([4]), { ok: false, refusal: 'gone' });
});

test('a maildrop of several pages is whole and in order, whatever comes and goes while it is looked through', async () => {
  const here = await house();
  const { store, id } = here;
  await putMany(store, id, 2500);
  const opening = open(here);
  await mustBeOk(store.expunge(id, INBOX, uids(2, 2400), 'any', T0));
  await putMany(store, id, 1);
  const maildrop = await opening;
  const numbers = Array.from({ length: maildrop.letters.count }, (_, index) => index + 1);
  assert(maildrop.letters.count >= 2498 && maildrop.letters.count <= 2501);
  const found = numbers.map((number) => Number(maildrop.letters.uniqueId(number).split('.')[0]));
  assert.deepEqual(
    found,
    [...found].sort((a, b) => a - b),
  );
  assert.equal(new Set(found).size, found.length);
});
