import { DELETED } from '../keywords.ts';
import type {
  CareStore,
  LetterId,
  LetterStore,
  Placement,
  RemovedLetter,
  Retention,
  Tidied,
} from '../port.ts';
import { ok, refused, type Result } from '../../result.ts';
import { checkCount } from '../rules.ts';
import { fits } from './accounts.ts';
import { buryIfGone, placesOf, placesWith, put, removePlaces, take } from './places.ts';
import { forgetThreads } from './threads.ts';
import { Notes, raise, type Box, type KeptLetter, type Tombstone, type World } from './world.ts';

type RemovalVerbs = Pick<LetterStore, 'expunge' | 'removeLetters' | 'removedLetters' | 'undelete'> &
  Pick<CareStore, 'tidy'>;

/** How letters leave, come back, and are forgotten. */
export const removalVerbs = (world: World): RemovalVerbs => ({
  expunge: async (account, id, uids, which, at) => {
    const box = world.box(account);
    const mailbox = box?.mailboxes.get(id);
    if (box === undefined || mailbox === undefined) return refused('no-mailbox');
    const places = placesWith(box, id, uids).filter(
      ({ keywords }) => which === 'any' || keywords.includes(DELETED),
    );
    const notes = new Notes();
    removePlaces(box, places, at, notes);
    world.tell(notes);
    return ok({ uids: places.map(({ uid }) => uid), modSeq: mailbox.highestModSeq });
  },
  removeLetters: async (account, letters, at) => {
    const box = world.box(account);
    return box === undefined ? [] : removeLetters(world, box, letters, at);
  },
  removedLetters: ({ account, count, before }) => {
    checkCount(count);
    const box = world.box(account);
    const removed = box === undefined ? [] : removedLetters(box);
    return removed.filter(({ letter }) => before === null || letter < before).slice(0, count);
  },
  undelete: async (account, letters, at) => {
    const box = world.box(account);
    return box === undefined ? ok([]) : undelete(world, box, letters, at);
  },
  tidy: async (retention) => tidy(world, retention),
});

const removeLetters = (
  world: World,
  box: Box,
  letters: readonly LetterId[],
  at: number,
): readonly LetterId[] => {
  const there = [...new Set(letters)].filter((id) => placesOf(box, id).length > 0);
  const notes = new Notes();
  for (const id of there) {
    const modSeq = raise(box);
    const places = placesOf(box, id);
    for (const place of places) take(box, place, modSeq, at, notes);
    for (const { letter } of places.slice(0, 1)) buryIfGone(box, letter, at);
  }
  world.tell(notes);
  return there;
};

/** The letters that are in no mailbox, newest first. */
const removedLetters = (box: Box): readonly RemovedLetter[] =>
  [...box.letters.values()].toReversed().flatMap(({ id, left, summary, sizeBytes }) => {
    if (left === null || placesOf(box, id).length > 0) return [];
    const { mailbox, keywords, at } = left;
    return { letter: id, mailbox, keywords, removedAt: at, summary, sizeBytes };
  });

const undelete = (
  world: World,
  box: Box,
  letters: readonly LetterId[],
  at: number,
): Result<readonly Placement[], 'over-quota'> => {
  const removed = new Map(removedLetters(box).map((letter) => [letter.letter, letter]));
  const wanted = [...new Set(letters)].flatMap((id) => {
    const [letter, last] = [box.letters.get(id), removed.get(id)];
    return letter === undefined || last === undefined ? [] : { letter, last };
  });
  const bytes = wanted.reduce((sum, { letter }) => sum + letter.servedBytes, 0);
  if (wanted.length > 0 && !fits(box, bytes, wanted.length)) return refused('over-quota');
  const notes = new Notes();
  const placements = wanted.map(({ letter, last }) => putBack(box, letter, last, at, notes));
  world.tell(notes);
  return ok(placements);
};

const putBack = (box: Box, letter: KeptLetter, last: RemovedLetter, at: number, notes: Notes): Placement => {
  const inbox = [...box.mailboxes.values()].find(({ role }) => role === 'inbox');
  const mailbox = box.mailboxes.get(last.mailbox) ?? inbox;
  if (mailbox === undefined) throw new Error(`account ${box.account.id} has no INBOX`);
  const modSeq = raise(box);
  letter.createdModSeq = modSeq;
  const keywords = last.keywords.filter((keyword) => keyword !== DELETED);
  return put(box, mailbox, letter, { modSeq, keywords, savedAt: at }, notes);
};

const tidy = (world: World, { now, removedMs, tombstonesMs }: Retention): Tidied => {
  const tidied = { letters: 0, tombstones: 0, more: false };
  for (const box of world.kept.boxes.values()) {
    const forgotten = removedLetters(box).filter(({ removedAt }) => removedAt <= now - removedMs);
    for (const { letter } of forgotten) box.letters.delete(letter);
    if (forgotten.length > 0) forgetThreads(box);
    const isOld = ({ at }: Tombstone): boolean => at <= now - tombstonesMs;
    for (const old of box.tombstones.filter(isOld)) {
      if (old.modSeq > box.floor) box.floor = old.modSeq;
      tidied.tombstones += 1;
    }
    box.tombstones = box.tombstones.filter((tombstone) => !isOld(tombstone));
    tidied.letters += forgotten.length;
  }
  return tidied;
};
