import type { LetterId, LetterStore, Threading, ThreadId } from '../port.ts';
import { placesOf } from './places.ts';
import type { Box, World } from './world.ts';

/** The letters that belong together. */
export const threadVerbs = (world: World): Pick<LetterStore, 'thread'> => ({
  thread: (account, thread) => {
    const box = world.box(account);
    return lettersOf(box, thread)
      .filter(({ id }) => box !== undefined && placesOf(box, id).length > 0)
      .sort((one, other) => one.receivedAt - other.receivedAt || one.id - other.id)
      .map(({ id }) => id);
  },
});

const lettersOf = (box: Box | undefined, thread: ThreadId) =>
  [...(box?.letters.values() ?? [])].filter((letter) => letter.thread === thread);

/** The thread of a new letter; what else has one of its message identifiers comes into it from now on. */
export const enterThread = (box: Box, letter: LetterId, threading: Threading | undefined): ThreadId => {
  const keys = (threading?.messageIds ?? []).map((id) => JSON.stringify([threading?.baseSubject, id]));
  const thread = keys.map((key) => box.threads.get(key)).find((known) => known !== undefined);
  const entered = thread ?? (letter as number as ThreadId);
  for (const key of keys) if (!box.threads.has(key)) box.threads.set(key, entered);
  return entered;
};

/** Forgets what led to threads of which no letter is left. */
export const forgetThreads = (box: Box): void => {
  for (const [key, thread] of box.threads) if (lettersOf(box, thread).length === 0) box.threads.delete(key);
};
