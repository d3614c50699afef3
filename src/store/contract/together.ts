import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  deliveryOf,
  hashOf,
  letterBytes,
  makeAccount,
  mustDeliver,
  type OpenedForTest,
} from '../contract.ts';
import type { Account, AccountId, Change, Letter, Store } from '../port.ts';

const lettersOf = async (store: Store, { id }: Account): Promise<readonly Letter[]> =>
  store.letters({ account: id, count: 100, before: null });

const bytesOf = async (store: Store, { id }: Account, bytes: Uint8Array): Promise<Buffer | null> => {
  const found = await store.blob(id, hashOf(bytes));
  return found === null ? null : Buffer.from(found);
};

/** The part of the store's promise that tells of letters which are delivered together. */
export const togetherContract = (name: string, open: () => Promise<OpenedForTest>): void => {
  describe(`store contract, letters together: ${name}`, () => {
    const cases = [
      ['several letters are delivered in one write, each to its own recipients', severalLetters],
      ['all of them or none', allOrNone],
    ] as const;
    for (const [sentence, run] of cases)
      test(sentence, async () => {
        const opened = await open();
        try {
          await run(opened);
        } finally {
          await opened.cleanup();
        }
      });
  });
};

async function severalLetters({ store }: OpenedForTest): Promise<void> {
  const one = await makeAccount(store, 'nu1@447.edu');
  const two = await makeAccount(store, 'nu2@447.edu');
  const [bytes, report] = [letterBytes(300_000), letterBytes(2000, 1)];
  const told: Change[] = [];
  store.onChange((change) => told.push(change));
  const delivered = await store.deliver(deliveryOf(bytes, [one.id, two.id], { chunkBytes: 70_000 }), {
    ...deliveryOf(report, [one.id]),
    transport: null,
  });
  assert.ok(delivered.ok);
  assert.deepEqual(
    delivered.value.map(({ account, uid }) => [account, uid]),
    [
      [one.id, 1],
      [two.id, 1],
      [one.id, 2],
    ],
  );
  assert.deepEqual(
    told,
    delivered.value.map((placement) => ({ change: 'delivered', placement })),
  );
  const [newest, older] = await lettersOf(store, one);
  assert.deepEqual([newest?.transport, older?.transport?.protocol], [null, 'ESMTPSA']);
  assert.deepEqual(await bytesOf(store, one, report), Buffer.from(report));
  assert.deepEqual(await bytesOf(store, two, bytes), Buffer.from(bytes));
  assert.equal(await bytesOf(store, two, report), null);
}

async function allOrNone({ store }: OpenedForTest): Promise<void> {
  const one = await makeAccount(store, 'nu1@447.edu');
  const [bytes, report] = [letterBytes(300_000), letterBytes(2000, 1)];
  const refusal = await store.deliver(deliveryOf(bytes, [one.id]), deliveryOf(report, [99 as AccountId]));
  assert.deepEqual(refusal, { ok: false, refusal: 'no-account' });
  // The second contradicts itself about a blob that the store has.
  await mustDeliver(store, deliveryOf(report, [one.id]));
  const wrong = { ...deliveryOf(letterBytes(7), [one.id]), hash: hashOf(report) };
  await assert.rejects(store.deliver(deliveryOf(bytes, [one.id]), wrong), { name: 'StoreFault' });
  assert.equal((await lettersOf(store, one)).length, 1);
  assert.equal(await bytesOf(store, one, bytes), null);
  const [next] = await mustDeliver(store, deliveryOf(bytes, [one.id]));
  assert.equal(next?.uid, 2);
}
