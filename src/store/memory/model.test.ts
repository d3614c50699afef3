import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { everything, everythingFound } from '../contract/everything.ts';
import { follow, newFollower } from '../contract/followers.ts';
import { turnsOfMoves } from '../contract/moves.ts';
import { prepared } from '../contract/perform.ts';
import type { AccountId, Change } from '../port.ts';
import { openMemoryStore } from './store.ts';

const most = fc.array(fc.option(fc.integer({ min: 1, max: 4 }), { nil: null }), {
  minLength: 14,
  maxLength: 14,
});

test('who asks only what changed since, from time to time and page by page, has what is there', async () => {
  const followed = fc.asyncProperty(turnsOfMoves, most, async (turns, pages) => {
    const store = openMemoryStore();
    const followers = [1, 2].map((account) => newFollower(account as AccountId));
    for (const [index, turn] of turns.entries()) {
      for (const move of turn) await (await prepared(store, move))();
      for (const follower of followers) {
        const size = pages[index] ?? null;
        if (size !== null) await follow(store, follower, size);
      }
    }
    for (const follower of followers) await follow(store, follower, 1);
  });
  await fc.assert(followed, { interruptAfterTimeLimit: 3000, numRuns: 300 });
});

test('each change is told under the number that the account has then, and nothing changes that is not told', async () => {
  const told = fc.asyncProperty(turnsOfMoves, async (turns) => {
    const store = openMemoryStore();
    const seen: Change[] = [];
    store.onChange((change) => seen.push(change));
    for (const move of turns.flat()) {
      const accounts = (await store.accounts()).map(({ id }) => id);
      const before = new Map<AccountId, unknown>();
      for (const id of accounts) before.set(id, await store.modSeq(id));
      await (
        await prepared(store, move)
      )();
      const changes = seen.splice(0);
      for (const id of accounts) {
        const own = changes.filter(({ account }) => account === id);
        const now = await store.modSeq(id);
        assert.equal(own.length, now === before.get(id) ? 0 : 1, `${move.do} in account ${id}`);
        if (now !== null) for (const { modSeq } of own) assert.equal(modSeq, now);
      }
    }
  });
  await fc.assert(told, { interruptAfterTimeLimit: 2000, numRuns: 200 });
});

test('what is read twice is the same, and to search changes nothing', async () => {
  const same = fc.asyncProperty(turnsOfMoves, async (turns) => {
    const store = openMemoryStore();
    for (const move of turns.flat()) await (await prepared(store, move))();
    const before = await everything(store);
    const found = await everythingFound(store);
    for (const account of [1, 2, 3] as AccountId[]) await store.dropIndex(account);
    assert.deepEqual(await everythingFound(store), found);
    assert.deepEqual(await everything(store), before);
  });
  await fc.assert(same, { interruptAfterTimeLimit: 2000, numRuns: 50 });
});
