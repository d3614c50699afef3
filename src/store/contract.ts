import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { accountCases } from './contract/accounts.ts';
import { arrangementCases } from './contract/arrangements.ts';
import { changeCases } from './contract/changes.ts';
import { lettersInInbox } from './contract/inbox.ts';
import { keywordCases } from './contract/keywords.ts';
import { mailboxCases } from './contract/mailboxes.ts';
import { maildropCases } from './contract/maildrops.ts';
import { objectCases } from './contract/objects.ts';
import { queueCases } from './contract/queue.ts';
import { quotaCases } from './contract/quota.ts';
import { removalCases } from './contract/removal.ts';
import { searchCases } from './contract/search.ts';
import { spoolCases } from './contract/spool.ts';
import { threadCases } from './contract/threads.ts';
import { wordCases } from './contract/words.ts';
import { credentialCases } from './contract/credentials.ts';
import {
  deliveryOf,
  letterBytes,
  makeAccount,
  mustDeliver,
  plain,
  plainVerifiers,
  T0,
  testVerifiers,
  type Cases,
  type OpenedForTest,
} from './contract/fixtures.ts';
import { letterCases } from './contract/letters.ts';

import type { LetterId } from './port.ts';

export {
  deliveryOf,
  hashOf,
  letterBytes,
  makeAccount,
  mustDeliver,
  testVerifiers,
  type OpenedForTest,
} from './contract/fixtures.ts';

/** The promise of the store port, area by area; the names are its sentences. */
const AREAS: ReadonlyMap<string, Cases> = new Map([
  ['accounts', accountCases],
  ['credentials', credentialCases],
  ['quota', quotaCases],
  ['mailboxes', mailboxCases],
  ['maildrops', maildropCases],
  ['letters', letterCases],
  ['spool and pieces', spoolCases],
  ['keywords', keywordCases],
  ['copy, move and arrange', arrangementCases],
  ['removal', removalCases],
  ['threads', threadCases],
  ['changes', changeCases],
  ['objects', objectCases],
  ['queue', queueCases],
  ['search', searchCases],
  ['search by words', wordCases],
]);

/** The promise of the store port, as tests that every implementation passes in the same words. */
export const storeContract = (name: string, open: () => Promise<OpenedForTest>): void => {
  for (const [area, cases] of AREAS)
    describe(`store contract, ${area}: ${name}`, () => {
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

/** What a store that keeps things on disk promises beyond `storeContract`. */
export const durableStoreContract = (name: string, open: () => Promise<Required<OpenedForTest>>): void => {
  describe(`durable store contract: ${name}`, () => {
    test('what was written is there after a restart, and numbers go on', async () => {
      const opened = await open();
      try {
        const { id } = await makeAccount(opened.store, 'nu1@447.edu');
        const large = letterBytes(600_000, 3);
        await mustDeliver(opened.store, deliveryOf(letterBytes(5000), [id]));
        await mustDeliver(opened.store, deliveryOf(large, [id], { chunkBytes: 70_000 }));
        await opened.store.tally([{ key: 'k', at: T0, quietMs: 1 }]);
        const before = await lettersInInbox(opened.store, id);
        const store = await opened.reopen();
        assert.deepEqual(await lettersInInbox(store, id), before);
        assert.deepEqual(plain(await store.blob(id, before[0]?.id ?? (0 as LetterId))), Buffer.from(large));
        assert.deepEqual(await store.tallies(['k']), [{ key: 'k', count: 1, lastAt: T0 }]);
        assert.deepEqual(await store.verifiers(id), plainVerifiers(testVerifiers()));
        const [next] = await mustDeliver(store, deliveryOf(letterBytes(1), [id]));
        assert.equal(next?.uid, 3);
        assert.equal(next?.modSeq, 4n);
        assert.equal((await makeAccount(store, 'nu2@447.edu')).id, 2);
      } finally {
        await opened.cleanup();
      }
    });
  });
};
