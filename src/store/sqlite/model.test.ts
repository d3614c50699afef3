import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { areAlike } from '../contract/everything.ts';
import { turnsOfMoves } from '../contract/moves.ts';
import { openMemoryStore } from '../memory/store.ts';
import { auditFolder } from './audit.ts';
import { withFolder, withThread } from './testing.ts';

test('memory and SQLite answer any moves alike, made one by one or all at once', async () => {
  const alike = fc.asyncProperty(turnsOfMoves, async (turns) =>
    withFolder(async (folder) => {
      await withThread(folder, (sqlite) => areAlike(openMemoryStore(), sqlite, turns));
      assert.deepEqual(auditFolder(folder), []);
    }),
  );
  await fc.assert(alike, { interruptAfterTimeLimit: 8000, numRuns: 60 });
});
