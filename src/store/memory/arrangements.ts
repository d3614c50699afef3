import { StoreFault } from '../fault.ts';
import {
  arrangedKeywords,
  changedKeywords,
  checkKeywords,
  DELETED,
  MAX_KEYWORDS,
  sameKeywords,
} from '../keywords.ts';
import type {
  AccountId,
  Arrangement,
  Copied,
  KeywordChange,
  Keywords,
  KeywordsSet,
  LetterId,
  LetterStore,
  MailboxId,
  ModSeq,
  Uid,
} from '../port.ts';
import { ok, refused, type Result } from '../../result.ts';
import { fits } from './accounts.ts';
import { mark, placesOf, placesWith, put, take } from './places.ts';
import { Notes, raise, type Box, type KeptMailbox, type Place, type World } from './world.ts';

type ArrangementVerbs = Pick<LetterStore, 'setKeywords' | 'copy' | 'move' | 'arrange'>;

/** What is said of letters, and which mailboxes they are in. */
export const arrangementVerbs = (world: World): ArrangementVerbs => ({
  setKeywords: async (account, mailbox, uids, change, unchangedSince) => {
    checkKeywords(change.keywords);
    const box = world.box(account);
    if (!box?.mailboxes.has(mailbox)) return refused('no-mailbox');
    return setKeywords(world, box, placesWith(box, mailbox, uids), change, unchangedSince);
  },
  copy: async (account, from, uids, to, at) => {
    const between = betweenMailboxes(world, account, from, uids, to);
    return between === null ? refused('no-mailbox') : copy(world, between, at);
  },
  move: async (account, from, uids, to, at) => {
    const between = betweenMailboxes(world, account, from, uids, to);
    return between === null ? refused('no-mailbox') : ok(move(world, between, at));
  },
  arrange: async (account, arrangements, at) => {
    for (const { mailboxes, keywords } of arrangements) {
      if (mailboxes?.length === 0) throw new StoreFault('a letter is to be in no mailbox');
      checkKeywords(keywords?.keywords ?? []);
    }
    const box = world.box(account);
    const notes = new Notes();
    const answers = arrangements.map((arrangement) =>
      box === undefined ? refused('no-letter') : arrange(box, arrangement, at, notes),
    );
    world.tell(notes);
    return answers;
  },
});

const setKeywords = (
  world: World,
  box: Box,
  places: readonly Place[],
  change: KeywordChange,
  unchangedSince: ModSeq | undefined,
): Result<KeywordsSet, 'too-many'> => {
  const isModified = ({ modSeq }: Place): boolean => unchangedSince !== undefined && modSeq > unchangedSince;
  const wanted = places
    .filter((place) => !isModified(place))
    .map((place) => ({ place, keywords: changedKeywords(place.keywords, change) }))
    .filter(({ place, keywords }) => !sameKeywords(place.keywords, keywords));
  if (wanted.some(({ keywords }) => keywords.length > MAX_KEYWORDS)) return refused('too-many');
  const modified = places.filter(isModified).map(({ uid }) => uid);
  const notes = new Notes();
  const changed = wanted.map(({ place, keywords }) => {
    const modSeq = raise(box);
    mark(box, place, modSeq, keywords, notes);
    return { uid: place.uid, modSeq, keywords };
  });
  world.tell(notes);
  return ok({ changed, modified });
};

/** Letters in one mailbox that are to come into another. */
type Between = { readonly box: Box; readonly places: readonly Place[]; readonly to: KeptMailbox };

const betweenMailboxes = (
  world: World,
  account: AccountId,
  from: MailboxId,
  uids: readonly Uid[],
  toId: MailboxId,
): Between | null => {
  const box = world.box(account);
  const to = box?.mailboxes.get(toId);
  if (!box?.mailboxes.has(from) || to === undefined) return null;
  return { box, places: placesWith(box, from, uids), to };
};

const copy = (
  world: World,
  { box, places, to }: Between,
  at: number,
): Result<readonly Copied[], 'over-quota'> => {
  const doubles = places.filter(({ letter }) => isIn(box, letter.id, to));
  const bytes = doubles.reduce((sum, { letter }) => sum + letter.servedBytes, 0);
  if (doubles.length > 0 && !fits(box, bytes, doubles.length)) return refused('over-quota');
  const notes = new Notes();
  const copied = places.map((place) => copyOne(world, box, place, to, { modSeq: raise(box), at }, notes));
  world.tell(notes);
  return ok(copied);
};

const move = (world: World, { box, places, to }: Between, at: number): readonly Copied[] => {
  const notes = new Notes();
  const moved = places.map((place) => {
    const modSeq = raise(box);
    take(box, place, modSeq, at, notes);
    return copyOne(world, box, place, to, { modSeq, at }, notes);
  });
  world.tell(notes);
  return moved;
};

const isIn = (box: Box, letter: LetterId, mailbox: KeptMailbox): boolean =>
  placesOf(box, letter).some((place) => place.mailbox === mailbox);

/** Puts the letter into the mailbox; where it is in it already, another with the same bytes and in the same thread. */
const copyOne = (
  world: World,
  box: Box,
  { uid, letter, keywords }: Place,
  to: KeptMailbox,
  { modSeq, at }: { readonly modSeq: ModSeq; readonly at: number },
  notes: Notes,
): Copied => {
  let own = letter;
  if (isIn(box, letter.id, to)) {
    own = { ...letter, id: world.kept.nextLetter++ as LetterId, createdModSeq: modSeq, modSeq, left: null };
    box.letters.set(own.id, own);
  }
  const how = { modSeq, keywords: withoutDeleted(keywords), savedAt: at };
  return { from: uid, to: put(box, to, own, how, notes).uid, letter: own.id };
};

const withoutDeleted = (keywords: Keywords): Keywords => keywords.filter((keyword) => keyword !== DELETED);

const arrange = (
  box: Box,
  { letter, mailboxes, keywords: change }: Arrangement,
  at: number,
  notes: Notes,
): Result<null, 'no-letter' | 'no-mailbox' | 'too-many'> => {
  const places = placesOf(box, letter);
  const [first] = places;
  if (first === undefined) return refused('no-letter');
  const wanted = new Set(mailboxes ?? places.map(({ mailbox }) => mailbox.id));
  const after = (keywords: Keywords): Keywords =>
    change === undefined ? keywords : arrangedKeywords(keywords, change);
  const leave = places.filter(({ mailbox }) => !wanted.has(mailbox.id));
  const marked = places.filter(
    ({ mailbox, keywords }) => wanted.has(mailbox.id) && !sameKeywords(keywords, after(keywords)),
  );
  const fresh = after(withoutDeleted(first.keywords));
  const come: KeptMailbox[] = [];
  for (const id of [...wanted].sort((one, other) => one - other)) {
    const mailbox = box.mailboxes.get(id);
    if (mailbox === undefined) return refused('no-mailbox');
    if (!places.some((place) => place.mailbox === mailbox)) come.push(mailbox);
  }
  const told = [...marked.map(({ keywords }) => after(keywords)), ...come.map(() => fresh)];
  if (told.some(({ length }) => length > MAX_KEYWORDS)) return refused('too-many');
  if (leave.length + told.length === 0) return ok(null);
  const modSeq = raise(box);
  for (const place of marked) mark(box, place, modSeq, after(place.keywords), notes);
  for (const mailbox of come)
    put(box, mailbox, first.letter, { modSeq, keywords: fresh, savedAt: at }, notes);
  for (const place of leave) take(box, place, modSeq, at, notes);
  return ok(null);
};
