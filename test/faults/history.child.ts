/**
 * What the history test runs in a process of its own, and kills: makes the moves of a random history turn by turn, and
 * prints the number of each turn when the store has answered all of it, before anything else happens.
 *   node history.child.ts FOLDER SEED FIRST-TURN
 */
import fs from 'node:fs';
import { prepared } from '../../src/store/contract/perform.ts';
import { openStore } from '../../src/store/sqlite/open.ts';
import { historyOf } from './history.ts';

const [folder = '', seed = '', first = ''] = process.argv.slice(2);
const opened = await openStore(folder);
if (!opened.ok) throw new Error(opened.refusal.message);
const store = opened.value;
const turns = historyOf(Number(seed));
for (let turn = Number(first); turn < turns.length; turn++) {
  const moves = await Promise.all((turns[turn] ?? []).map((move) => prepared(store, move)));
  fs.writeSync(1, `begun ${turn}\n`);
  await Promise.allSettled(moves.map((make) => make()));
  fs.writeSync(1, `done ${turn}\n`);
}
await store.close();
