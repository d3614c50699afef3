import type { NewLetter, NewQueued, QueueId, QueueStore } from '../port.ts';
import { ok, refused } from '../../result.ts';
import { checkCount, checkLease, checkLetter } from '../rules.ts';
import { bytesOf, forgetBlobs, keepBlob, piecesOf } from './blobs.ts';
import type { World } from './world.ts';

/** What waits to go out. */
export const queueVerbs = (world: World): QueueStore => ({
  queued: ({ count, after }) => {
    checkCount(count);
    const entries = [...world.kept.queue.values()].filter(({ id }) => after === null || id > after);
    return entries.slice(0, count);
  },
  queuedPieces: (id) => {
    const entry = world.kept.queue.get(id);
    const bytes = entry === undefined ? undefined : world.kept.blobs.get(entry.hash);
    return bytes === undefined ? null : piecesOf(new Uint8Array(bytes));
  },
  enqueue: async (letter, entries) => enqueue(world, letter, entries),
  lease: async (now, until, count) => {
    checkCount(count);
    checkLease(now, until);
    const free = [...world.kept.queue.values()]
      .filter(({ dueAt, leasedUntil }) => dueAt <= now && (leasedUntil === null || leasedUntil <= now))
      .sort((one, other) => one.dueAt - other.dueAt || one.id - other.id);
    const taken = free
      .slice(0, count)
      .map((entry) => ({ ...entry, attempts: entry.attempts + 1, leasedUntil: until }));
    for (const entry of taken) world.kept.queue.set(entry.id, entry);
    return taken;
  },
  settle: async (id, leasedUntil, outcome) => {
    const entry = world.kept.queue.get(id);
    if (entry === undefined || entry.leasedUntil !== leasedUntil) return refused('lost');
    if (outcome !== 'done') {
      const { state, dueAt } = outcome;
      world.kept.queue.set(id, { ...entry, state, dueAt, leasedUntil: null });
      return ok(null);
    }
    world.kept.queue.delete(id);
    forgetBlobs(world);
    return ok(null);
  },
});

const enqueue = (world: World, letter: NewLetter, entries: readonly NewQueued[]): readonly QueueId[] => {
  checkLetter(letter);
  if (entries.length === 0) return [];
  for (const bytes of bytesOf(world, [letter])) keepBlob(world, letter, bytes);
  const { hash, sizeBytes } = letter;
  const omitted = (letter.omitted ?? []).map(({ start, end }) => ({ start, end }));
  return entries.map(({ account, destination, state, prefix, dueAt, createdAt }) => {
    const id = world.kept.nextQueued++ as QueueId;
    world.kept.queue.set(id, {
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
    });
    return id;
  });
};
