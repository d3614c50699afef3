import type { NewLetter, NewQueued, Queued, QueueId, QueueStore } from '../port.ts';
import { ok, refused } from '../../result.ts';
import { checkCount, checkLease, checkLetter, MOST_LEASE_AHEAD_MS } from '../rules.ts';
import { bytesOf, giveSpoolsUp, piecesOf } from './blobs.ts';
import type { World } from './world.ts';

/** What waits to go out. */
export const queueVerbs = (world: World): QueueStore => ({
  queued: ({ count, after }) => {
    checkCount(count);
    const entries = entriesOf(world).filter(({ id }) => after === null || id > after);
    return entries.slice(0, count);
  },
  queuedPieces: (id) => {
    const bytes = world.kept.queue.get(id)?.bytes;
    return bytes === undefined ? null : piecesOf(bytes);
  },
  enqueue: async (letter, entries) => enqueue(world, letter, entries),
  lease: async (now, until, count) => {
    checkCount(count);
    checkLease(now, until);
    const free = entriesOf(world)
      .filter(({ dueAt }) => dueAt <= now)
      .filter(({ leasedUntil: end }) => end === null || end <= now || end > until + MOST_LEASE_AHEAD_MS)
      .sort((one, other) => one.dueAt - other.dueAt || one.id - other.id);
    const taken = free
      .slice(0, count)
      .map((entry) => ({ ...entry, attempts: entry.attempts + 1, leasedUntil: until }));
    for (const entry of taken) change(world, entry);
    return taken;
  },
  settle: async (id, leasedUntil, outcome) => {
    const entry = world.kept.queue.get(id)?.entry;
    if (entry === undefined || entry.leasedUntil !== leasedUntil) return refused('lost');
    if (outcome !== 'done') {
      const { state, dueAt } = outcome;
      change(world, { ...entry, state, dueAt, leasedUntil: null });
      return ok(null);
    }
    world.kept.queue.delete(id);
    return ok(null);
  },
});

const entriesOf = (world: World): readonly Queued[] =>
  [...world.kept.queue.values()].map(({ entry }) => entry);

const change = (world: World, entry: Queued): void => {
  const kept = world.kept.queue.get(entry.id);
  if (kept !== undefined) world.kept.queue.set(entry.id, { ...kept, entry });
};

const enqueue = (world: World, letter: NewLetter, entries: readonly NewQueued[]): readonly QueueId[] => {
  checkLetter(letter);
  if (entries.length === 0) return [];
  const [bytes = new Uint8Array()] = bytesOf(world, [letter]);
  giveSpoolsUp(world, [letter]);
  const { hash, sizeBytes } = letter;
  const omitted = (letter.omitted ?? []).map(({ start, end }) => ({ start, end }));
  return entries.map(({ account, destination, state, prefix, dueAt, createdAt }) => {
    const id = world.kept.nextQueued++ as QueueId;
    const entry: Queued = {
      id,
      account,
      destination,
      state,
      prefix: new Uint8Array(prefix),
      dueAt,
      createdAt,
      hash,
      sizeBytes,
      omitted,
      attempts: 0,
      leasedUntil: null,
    };
    world.kept.queue.set(id, { entry, bytes });
    return id;
  });
};
