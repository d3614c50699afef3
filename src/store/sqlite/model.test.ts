import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { deliveryOf, hashOf, letterBytes, testVerifiers } from '../contract.ts';
import { appPasswordOf, certificateOf, sha256Of } from '../contract/credentials.ts';
import { openMemoryStore } from '../memory/store.ts';
import type { AccountId, AccountName, Change, LetterId, Store } from '../port.ts';
import { auditFolder } from './audit.ts';
import { withFolder, withThread } from './testing.ts';

/** One thing that a caller does. Small numbers, so that accounts, letters and keys meet again. */
type Move =
  | { readonly do: 'create'; readonly name: string }
  | { readonly do: 'verifiers'; readonly account: number; readonly seed: number }
  | { readonly do: 'deliver'; readonly size: number; readonly seed: number; readonly to: readonly number[] }
  | { readonly do: 'tally'; readonly key: string; readonly at: number }
  | { readonly do: 'forget'; readonly key: string }
  | {
      readonly do: 'add password' | 'remove password' | 'use password' | 'bind' | 'unbind';
      readonly account: number;
      readonly seed: number;
    };

const account = fc.integer({ min: 1, max: 4 });
const key = fc.constantFrom('a', 'b', '__proto__');
const move: fc.Arbitrary<Move> = fc.oneof(
  fc.record({ do: fc.constant('create' as const), name: fc.constantFrom('x', 'y', 'z', 'constructor') }),
  fc.record({ do: fc.constant('verifiers' as const), account, seed: fc.nat(200) }),
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('deliver' as const),
      size: fc.constantFrom(0, 1, 5000, 70_000, 262_145),
      seed: fc.nat(2),
      to: fc.array(account, { minLength: 1, maxLength: 4 }),
    }),
  },
  fc.record({ do: fc.constant('tally' as const), key, at: fc.nat(300) }),
  fc.record({ do: fc.constant('forget' as const), key }),
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('add password', 'remove password', 'use password', 'bind', 'unbind'),
      account,
      seed: fc.nat(2),
    }),
  },
);

const perform = async (store: Store, step: Move): Promise<unknown> => {
  switch (step.do) {
    case 'create':
      return store.createAccount({
        name: step.name as AccountName,
        verifiers: testVerifiers(),
        createdAt: 1_000_000,
      });
    case 'verifiers':
      return store.setVerifiers(step.account as AccountId, testVerifiers(step.seed));
    case 'deliver':
      return store.deliver(deliveryOf(letterBytes(step.size, step.seed), step.to as readonly AccountId[]));
    case 'tally':
      return store.tally([{ key: step.key, at: step.at, quietMs: 100 }]);
    case 'forget':
      return store.forgetTallies([step.key]);
    case 'add password':
      return store.addAppPassword(step.account as AccountId, appPasswordOf(step.seed));
    case 'remove password':
      return store.removeAppPassword(step.account as AccountId, appPasswordOf(step.seed).label);
    case 'use password':
      return store.noteAppPasswordUse(step.account as AccountId, sha256Of(step.seed), step.seed);
    case 'bind':
      return store.bindCertificate(step.account as AccountId, certificateOf(step.seed));
    case 'unbind':
      return store.unbindCertificate(step.account as AccountId, sha256Of(step.seed));
  }
};

/** Everything that can be read, in one value to compare. */
const everything = async (store: Store): Promise<unknown> => {
  const accounts = await store.accounts();
  const each = accounts.map(async ({ id }) => ({
    verifiers: await store.verifiers(id),
    appPasswords: await store.appPasswords(id),
    certificates: await store.boundCertificates(id),
    mailboxes: await store.mailboxes(id),
    letters: await store.letters({ account: id, count: 1000, before: null }),
    page: await store.letters({ account: id, count: 2, before: 3 as LetterId }),
    blobs: await Promise.all(
      [0, 1, 5000, 70_000, 262_145].map(async (size) => {
        const bytes = await store.blob(id, hashOf(letterBytes(size, 1)));
        return bytes === null ? null : hashOf(bytes);
      }),
    ),
  }));
  const tallies = await store.tallies(['a', 'b', '__proto__']);
  return {
    accounts,
    each: await Promise.all(each),
    tallies: [...tallies].sort((x, y) => (x.key < y.key ? -1 : 1)),
  };
};

test('memory and SQLite answer any moves alike, made one by one or all at once', async () => {
  const moves = fc.array(fc.array(move, { minLength: 1, maxLength: 6 }), { maxLength: 6 });
  const alike = async (turns: readonly (readonly Move[])[]): Promise<void> => {
    const memory = openMemoryStore();
    const expected: Change[] = [];
    memory.onChange((change) => expected.push(change));
    await withFolder(async (folder) => {
      await withThread(folder, async (sqlite) => {
        const seen: Change[] = [];
        sqlite.onChange((change) => seen.push(change));
        for (const turn of turns) {
          const answers = await Promise.all(turn.map((step) => perform(sqlite, step)));
          assert.deepEqual(answers, await Promise.all(turn.map((step) => perform(memory, step))));
        }
        assert.deepEqual(await everything(sqlite), await everything(memory));
        assert.deepEqual(seen, expected);
      });
      assert.deepEqual(auditFolder(folder), []);
    });
  };
  await fc.assert(fc.asyncProperty(moves, alike), { interruptAfterTimeLimit: 3000, numRuns: 40 });
});
