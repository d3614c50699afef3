/**
 * A process that works in a data folder beside others, and is killed: lanes that deliver, flag, copy, move and remove
 * letters and mailboxes, and, where it is told to, one that tidies, searches and makes backups. Begins each thing with a
 * line and ends it with another.
 *   node mover.child.ts FOLDER FIRST-LANE LANES-HERE LANES SEED caring|moving
 */
import fs from 'node:fs';
import { createInterface } from 'node:readline';
import { backUp } from '../../../src/store/sqlite/backup.ts';
import { openStore } from '../../../src/store/sqlite/open.ts';
import type { AccountId, Mailbox, Store } from '../../../src/store/port.ts';
import { SeededRandom } from '../../support/random.ts';
import { moment, type Order, type Word } from './attempts.ts';
import { Lane, type Perform } from './lane.ts';

const [folder = '', first = '', here = '', lanes = '', seed = '', role = ''] = process.argv.slice(2);

const say = (word: Word): void => void fs.writeSync(1, `${JSON.stringify(word)}\n`);

let attempts = 0;
/** The work that everybody is at, until they are told to be still. */
let shift = { isOver: true, ended: Promise.resolve<unknown>(null) };

const perform: Perform = async (effects, write) => {
  const attempt = attempts++;
  say({ is: 'begun', attempt, at: moment(), effects });
  const outcome = await write();
  const made = outcome.ok && effects[0]?.of === 'new mailbox' ? (outcome.value as Mailbox).id : null;
  say({ is: 'done', attempt, at: moment(), mailbox: made });
  // Nobody else touches what is this lane's own.
  if (!outcome.ok) throw new Error(`refused: ${outcome.refusal}, ${JSON.stringify(effects)}`);
};

const whileWorking = async (own: typeof shift, turn: () => Promise<void>): Promise<void> => {
  while (!own.isOver) {
    await turn();
    // A turn that found nothing to do waits for nothing.
    await new Promise((resolve) => setImmediate(resolve));
  }
};

/** What keeps a folder in order while others write. */
const care = async (
  store: Store,
  accounts: readonly AccountId[],
  { keptSince, backUpTo }: Extract<Order, { order: 'work' }>,
): Promise<void> => {
  await store.tidy({ now: keptSince, removedMs: 0, tombstonesMs: 0 });
  const [account] = accounts;
  if (account !== undefined)
    await store.search({
      account,
      mailbox: null,
      filter: { where: 'words', field: 'subject', words: 'everybody' },
      sort: [],
      threads: 'whole',
      offset: 0,
      count: 10,
    });
  if (backUpTo === null) return;
  const begunAt = moment();
  const { name } = await backUp(folder, backUpTo, Date.now());
  say({ is: 'backup', backup: { target: backUpTo, name, begunAt, doneAt: moment() } });
};

const open = async (): Promise<(order: Extract<Order, { order: 'work' }>) => void> => {
  const opened = await openStore(folder);
  if (!opened.ok) throw new Error(opened.refusal.message);
  const store = opened.value;
  const accounts = (await store.accounts()).map(({ id }) => id);
  const workers = Array.from({ length: Number(here) }, (_, index) => {
    const lane = Number(first) + index;
    const random = new SeededRandom(Number(seed) + lane);
    return new Lane({ store, accounts, lane, lanes: Number(lanes), random, perform });
  });
  say({ is: 'open', ports: {} });
  return (order) => {
    const own = { isOver: false, ended: Promise.resolve<unknown>(null) };
    const all = workers.map((lane) => whileWorking(own, () => lane.turn(order.keptSince)));
    if (role === 'caring') all.push(whileWorking(own, () => care(store, accounts, order)));
    own.ended = Promise.all(all);
    shift = own;
  };
};

let begin: Awaited<ReturnType<typeof open>> | null = null;
for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line) as Order;
  switch (order.order) {
    case 'open':
      begin = await open();
      break;
    case 'work':
      begin?.(order);
      break;
    case 'be still':
      shift.isOver = true;
      await shift.ended;
      say({ is: 'still' });
      break;
  }
}
