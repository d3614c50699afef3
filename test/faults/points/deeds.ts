import {
  ARCHIVE,
  deliveryOf,
  INBOX,
  letterBytes,
  mustBeOk,
  mustDeliver,
  T0,
  uids,
} from '../../../src/store/contract/fixtures.ts';
import type { AccountId, Delivery, MailboxId, Store } from '../../../src/store/port.ts';
import { openStore } from '../../../src/store/sqlite/open.ts';
import type { Places } from './places.ts';

/** The two accounts that every folder here begins with. */
export const ONE = 1 as AccountId;
const TWO = 2 as AccountId;

/** Opens the store, uses it, and closes it. */
export const withStore = async <Value>(
  folder: string,
  use: (store: Store) => Promise<Value>,
): Promise<Value> => {
  const opened = await openStore(folder);
  if (!opened.ok) throw new Error(opened.refusal.message);
  try {
    return await use(opened.value);
  } finally {
    await opened.value.close();
  }
};

/** A letter of that length to both accounts. */
const letter = (sizeBytes: number): Delivery => deliveryOf(letterBytes(sizeBytes, 7), [ONE, TWO]);

export const SMALL = 5000;
export const MIDDLE = 100_000;
export const LARGE = 1_300_000;

const deliverSpooled = async (store: Store): Promise<void> => {
  const { chunks, ...rest } = letter(LARGE);
  const spool = await store.spool();
  for (const chunk of chunks) await spool.write(chunk);
  await spool.finish();
  await mustDeliver(store, { ...rest, chunks: [], spool: spool.id });
};

const inStore =
  (use: (store: Store) => Promise<unknown>) =>
  async ({ data }: Places): Promise<void> =>
    void (await withStore(data, use));

/** One thing each that a store is told to do. */
export const deeds: ReadonlyMap<string, (places: Places) => Promise<void>> = new Map([
  ['open', inStore(async () => undefined)],
  ['deliver a small letter', inStore((store) => mustDeliver(store, letter(SMALL)))],
  ['deliver a letter of middle length', inStore((store) => mustDeliver(store, letter(MIDDLE)))],
  ['deliver a large letter', inStore((store) => mustDeliver(store, letter(LARGE)))],
  ['deliver a spooled letter', inStore(deliverSpooled)],
  ['move', inStore((store) => mustBeOk(store.move(ONE, INBOX, uids(1, 3), ARCHIVE, T0 + 1)))],
  ['expunge', inStore((store) => mustBeOk(store.expunge(ONE, INBOX, uids(2, 3), 'any', T0 + 1)))],
  [
    'remove a mailbox',
    inStore((store) => store.removeMailbox(ONE, 7 as MailboxId, { letters: 'remove', at: T0 + 1 })),
  ],
  ['tidy', inStore((store) => store.tidy({ now: T0 + 10, removedMs: 0, tombstonesMs: 0 }))],
]);
