import assert from 'node:assert/strict';
import type { AccountId, LetterId, NewLetter, NewQueued, Queued, QueueId, Store } from '../port.ts';
import {
  deliveryOf,
  done,
  hashOf,
  letterBytes,
  makeAccount,
  mustDeliver,
  plain,
  put,
  refusal,
  T0,
  type Cases,
  type OpenedForTest,
} from './fixtures.ts';

/** Letters that wait to go out. */
export const queueCases: Cases = new Map([
  ['an entry comes out as it was put in, with the bytes of its letter', entryComesOut],
  ['entries are listed by number, a page at a time', entriesInPages],
  ['what is due is taken by due time, each once, and no more than was asked for', leasesAreTaken],
  ['an entry whose lease has run out is taken again, and the one who had it has lost it', leasesRunOut],
  ['a settled entry waits anew, or is gone', entriesAreSettled],
  ['the bytes stay as long as any entry or letter has them', bytesStay],
  ['the entries of a removed account go on to exist', entriesOutlastAccounts],
  ['a letter that contradicts itself is not queued', contradictions],
  ['a lease by a clock that was set back since is over', leasesOfWrongClocks],
  ['a lease that ends before it begins is a fault', leasesAreLong],
  ['the letter of an entry is nobody’s to read', entriesAreGuarded],
]);

const letterOf = (bytes: Uint8Array): NewLetter => {
  const { recipients: _, ...letter } = deliveryOf(bytes, []);
  return letter;
};

const entry = (more: Partial<NewQueued> = {}): NewQueued => ({
  account: null,
  destination: 'a.example',
  state: '{}',
  prefix: new Uint8Array(),
  dueAt: T0,
  createdAt: T0,
  ...more,
});

const bytesOf = async (store: Store, id: QueueId): Promise<Buffer | null> => {
  const pieces = await store.queuedPieces(id);
  if (pieces === null) return null;
  const all: Uint8Array[] = [];
  for await (const piece of pieces) {
    assert.ok(piece.length <= 256 * 1024);
    all.push(piece);
  }
  return Buffer.concat(all);
};

const numbers = (entries: readonly Queued[]): readonly QueueId[] => entries.map(({ id }) => id);

const all = async (store: Store): Promise<readonly Queued[]> => store.queued({ count: 100, after: null });

async function entryComesOut({ store }: OpenedForTest): Promise<void> {
  const { id: account } = await makeAccount(store, 'nu1@447.edu');
  const bytes = letterBytes(600_000);
  const omitted = [{ start: 5, end: 9 }];
  const own = entry({
    account,
    destination: '__proto__',
    state: '\0{"a":1}\u{1f48c}',
    prefix: letterBytes(9),
  });
  const wanted = [own, entry({ dueAt: T0 + 5 })];
  const ids = await store.enqueue({ ...letterOf(bytes), omitted }, wanted);
  assert.deepEqual(ids, [1, 2]);
  const both = { hash: hashOf(bytes), sizeBytes: 600_000, omitted, attempts: 0, leasedUntil: null };
  const expected = wanted.map((one, index) => ({
    ...one,
    ...both,
    id: index + 1,
    prefix: new Uint8Array(one.prefix),
  }));
  assert.deepEqual(await all(store), expected);
  for (const id of ids) assert.ok((await bytesOf(store, id))?.equals(bytes));
  assert.equal(await store.queuedPieces(3 as QueueId), null);
  const [bare] = await store.enqueue(letterOf(letterBytes(0)), [entry()]);
  assert.deepEqual(bare, 3);
  assert.deepEqual((await all(store))[2]?.omitted, []);
  assert.equal((await bytesOf(store, 3 as QueueId))?.length, 0);
}

async function entriesInPages({ store }: OpenedForTest): Promise<void> {
  await store.enqueue(
    letterOf(letterBytes(5)),
    [3, 1, 2, 5, 4].map((dueAt) => entry({ dueAt })),
  );
  assert.deepEqual(numbers(await all(store)), [1, 2, 3, 4, 5]);
  const page = async (count: number, after: number | null): Promise<readonly QueueId[]> =>
    numbers(await store.queued({ count, after: after as QueueId | null }));
  assert.deepEqual(await page(2, null), [1, 2]);
  assert.deepEqual(await page(2, 2), [3, 4]);
  const [first] = await store.lease(4, 10, 1);
  assert.equal(first?.id, 2);
  await store.settle(2 as QueueId, 10, 'done');
  assert.deepEqual(await page(2, 2), [3, 4]);
  assert.deepEqual(await page(9, 5), []);
  assert.deepEqual(await page(0, null), []);
  for (const count of [-1, 0.5]) await assert.rejects(async () => store.queued({ count, after: null }));
}

async function leasesAreTaken({ store }: OpenedForTest): Promise<void> {
  await store.enqueue(
    letterOf(letterBytes(5)),
    [30, 10, 20, 10, 41].map((dueAt) => entry({ dueAt })),
  );
  assert.deepEqual(await store.lease(9, 100, 9), []);
  const taken = await store.lease(40, 100, 3);
  assert.deepEqual(
    taken.map(({ id, attempts, leasedUntil }) => [id, attempts, leasedUntil]),
    [
      [2, 1, 100],
      [4, 1, 100],
      [3, 1, 100],
    ],
  );
  assert.deepEqual(taken[0], (await all(store))[1]);
  assert.deepEqual(numbers(await store.lease(40, 101, 9)), [1]);
  assert.deepEqual(await store.lease(40, 102, 9), []);
  assert.deepEqual(await store.lease(41, 102, 0), []);
  const both = await Promise.all([store.lease(41, 103, 1), store.lease(41, 104, 1)]);
  assert.deepEqual(both.map(numbers), [[5], []]);
}

async function leasesRunOut({ store }: OpenedForTest): Promise<void> {
  await store.enqueue(letterOf(letterBytes(5)), [entry({ dueAt: 10 })]);
  const id = 1 as QueueId;
  assert.equal((await store.lease(10, 50, 1)).length, 1);
  assert.deepEqual(await store.lease(49, 90, 1), []);
  const [again] = await store.lease(50, 90, 1);
  assert.deepEqual([again?.attempts, again?.leasedUntil], [2, 90]);
  assert.deepEqual(await store.settle(id, 50, 'done'), refusal('lost'));
  assert.deepEqual(await store.settle(id, 50, { state: 'x', dueAt: 1 }), refusal('lost'));
  assert.equal((await all(store))[0]?.state, '{}');
  // Nobody has taken it since: it is not too late.
  assert.deepEqual(await store.settle(id, 90, { state: 'late', dueAt: 100 }), done);
  assert.deepEqual(await store.settle(id, 90, 'done'), refusal('lost'));
}

async function entriesAreSettled({ store }: OpenedForTest): Promise<void> {
  await store.enqueue(letterOf(letterBytes(5)), [entry({ dueAt: 10 }), entry({ dueAt: 10 })]);
  await store.lease(10, 50, 9);
  assert.deepEqual(await store.settle(1 as QueueId, 50, { state: 'again', dueAt: 30 }), done);
  const [waiting] = await all(store);
  assert.deepEqual(
    [waiting?.state, waiting?.dueAt, waiting?.attempts, waiting?.leasedUntil],
    ['again', 30, 1, null],
  );
  assert.deepEqual(await store.lease(29, 60, 9), []);
  assert.deepEqual(numbers(await store.lease(30, 60, 9)), [1]);
  assert.deepEqual(await store.settle(2 as QueueId, 50, 'done'), done);
  assert.deepEqual(numbers(await all(store)), [1]);
  assert.deepEqual(await store.settle(2 as QueueId, 50, 'done'), refusal('lost'));
  assert.deepEqual(await store.settle(99 as QueueId, 50, 'done'), refusal('lost'));
  assert.deepEqual(await store.settle(1 as QueueId, 60, 'done'), done);
  assert.deepEqual(await all(store), []);
  assert.deepEqual(await store.enqueue(letterOf(letterBytes(5)), [entry()]), [3]);
  assert.deepEqual(await store.enqueue(letterOf(letterBytes(5)), []), []);
}

async function bytesStay({ store }: OpenedForTest): Promise<void> {
  const { id: account } = await makeAccount(store, 'nu1@447.edu');
  for (const bytes of [letterBytes(100), letterBytes(300_000)]) {
    const [first, second] = await store.enqueue(letterOf(bytes), [entry(), entry()]);
    assert.ok(first !== undefined && second !== undefined);
    const [placed] = await mustDeliver(store, deliveryOf(bytes, [account]));
    assert.ok(placed);
    await store.lease(T0, T0 + 9, 9);
    assert.deepEqual(await store.settle(first, T0 + 9, 'done'), done);
    assert.equal(await bytesOf(store, first), null);
    await store.removeLetters(account, [placed.letter], T0);
    await store.tidy({ now: T0, removedMs: 0, tombstonesMs: 0 });
    assert.ok((await bytesOf(store, second))?.equals(bytes));
    const again = await put(store, account, { bytes });
    assert.deepEqual(await store.settle(second, T0 + 9, 'done'), done);
    assert.ok(plain(await store.blob(account, again.letter))?.equals(bytes));
  }
}

async function entriesOutlastAccounts({ store }: OpenedForTest): Promise<void> {
  const { id: account } = await makeAccount(store, 'nu1@447.edu');
  const bytes = letterBytes(100);
  await mustDeliver(store, deliveryOf(bytes, [account]));
  const [id] = await store.enqueue(letterOf(bytes), [entry({ account })]);
  assert.ok(id !== undefined);
  await store.removeAccount(account);
  await store.tidy({ now: T0, removedMs: 0, tombstonesMs: 0 });
  const [left] = await store.lease(T0, T0 + 9, 1);
  assert.equal(left?.account, account);
  assert.ok((await bytesOf(store, id))?.equals(bytes));
}

async function contradictions({ store }: OpenedForTest): Promise<void> {
  for (const part of [{ sizeBytes: 99 }, { hash: 'ABC' as never }, { omitted: [{ start: 99, end: 101 }] }])
    await assert.rejects(store.enqueue({ ...letterOf(letterBytes(100)), ...part }, [entry()]), {
      name: 'StoreFault',
    });
  assert.deepEqual(await all(store), []);
}

async function leasesOfWrongClocks({ store }: OpenedForTest): Promise<void> {
  const [day, minute] = [86_400_000, 60_000];
  await store.enqueue(letterOf(letterBytes(5)), [entry({ dueAt: T0 })]);
  assert.equal((await store.lease(T0 + day, T0 + day + minute, 9)).length, 1);
  const [again] = await store.lease(T0, T0 + minute, 9);
  assert.deepEqual([again?.attempts, again?.leasedUntil], [2, T0 + minute]);
  // An hour is no wrong clock: somebody may be at work.
  assert.deepEqual(await store.lease(T0 - 60 * minute, T0 - 59 * minute, 9), []);
  assert.deepEqual(await store.settle(1 as QueueId, T0 + minute, 'done'), done);
}

async function leasesAreLong({ store }: OpenedForTest): Promise<void> {
  await store.enqueue(letterOf(letterBytes(5)), [entry()]);
  for (const until of [T0, T0 - 1, Number.NaN])
    await assert.rejects(store.lease(T0, until, 1), { name: 'StoreFault' });
  for (const count of [-1, 0.5]) await assert.rejects(store.lease(T0, T0 + 1, count), { name: 'StoreFault' });
  assert.equal((await all(store))[0]?.attempts, 0);
}

async function entriesAreGuarded({ store }: OpenedForTest): Promise<void> {
  const { id: account } = await makeAccount(store, 'nu1@447.edu');
  const bytes = letterBytes(100);
  await store.enqueue(letterOf(bytes), [entry({ account })]);
  for (const reader of [account, 0 as AccountId])
    for (const number of [0, 1]) assert.equal(await store.blob(reader, number as LetterId), null);
}
