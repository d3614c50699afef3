/**
 * What the test of the audit runs beside it: delivers letters that lie in files, removes them, and lets go of them, for
 * two seconds.
 *   node tidy.child.ts FOLDER ACCOUNT NOW
 */
import { deliveryOf, letterBytes, mustDeliver } from '../contract.ts';
import type { AccountName } from '../port.ts';
import { openStore } from './open.ts';

const [folder = '', name = '', now = ''] = process.argv.slice(2);
const RUNS_MS = 2000;

const opened = await openStore(folder);
if (!opened.ok) throw new Error(opened.refusal.message);
const store = opened.value;
const account = await store.account(name as AccountName);
if (account === null) throw new Error(`no account ${name}`);
const { id } = account;
const end = performance.now() + RUNS_MS;
for (let turn = 0; performance.now() < end; turn++) {
  const bytes = letterBytes(300_000, turn);
  new DataView(bytes.buffer).setUint32(0, turn);
  const [placed] = await mustDeliver(store, deliveryOf(bytes, [id]));
  if (placed === undefined) throw new Error('the letter has no place');
  await store.removeLetters(id, [placed.letter], Number(now));
  if (turn % 3 === 0) await store.tidy({ now: Number(now), removedMs: 0, tombstonesMs: 0 });
}
await store.close();
