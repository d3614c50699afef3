import type { Keywords, LetterId, MailboxId, ModSeq, PlacedLetter, Placement, Uid } from '../port.ts';
import { raise, type Box, type KeptLetter, type KeptMailbox, type Notes, type Place } from './world.ts';

/** The places of the mailbox, by uid. */
export const placesIn = (box: Box, mailbox: MailboxId): readonly Place[] =>
  [...box.places].filter((place) => place.mailbox.id === mailbox);

/** The places of the letter, by mailbox. */
export const placesOf = (box: Box, letter: LetterId): readonly Place[] =>
  [...box.places]
    .filter((place) => place.letter.id === letter)
    .sort((one, other) => one.mailbox.id - other.mailbox.id);

/** The places with these uids that are there, lowest first, each once. */
export const placesWith = (box: Box, mailbox: MailboxId, uids: readonly Uid[]): readonly Place[] => {
  const wanted = new Set(uids);
  return placesIn(box, mailbox).filter(({ uid }) => wanted.has(uid));
};

/** As the port tells of it. */
export const placedLetter = ({ mailbox, uid, letter, modSeq, keywords, savedAt }: Place): PlacedLetter => ({
  mailbox: mailbox.id,
  uid,
  letter: letter.id,
  thread: letter.thread,
  modSeq,
  keywords,
  savedAt,
  receivedAt: letter.receivedAt,
  servedBytes: letter.servedBytes,
});

/** Puts the letter into the mailbox, where it is not yet. */
export const put = (
  box: Box,
  mailbox: KeptMailbox,
  letter: KeptLetter,
  {
    modSeq,
    keywords,
    savedAt,
  }: { readonly modSeq: ModSeq; readonly keywords: Keywords; readonly savedAt: number },
  notes: Notes,
): Placement => {
  const uid = mailbox.uidNext;
  mailbox.uidNext = (uid + 1) as Uid;
  box.places.add({ mailbox, uid, letter, savedAt, modSeq, keywords });
  happened(box, mailbox, letter, modSeq, notes);
  return { account: box.account.id, mailbox: mailbox.id, letter: letter.id, uid, modSeq };
};

/** Gives the letter other keywords in this place. */
export const mark = (box: Box, place: Place, modSeq: ModSeq, keywords: Keywords, notes: Notes): void => {
  place.modSeq = modSeq;
  place.keywords = keywords;
  happened(box, place.mailbox, place.letter, modSeq, notes);
};

/** Takes the letter out of the mailbox. */
export const take = (box: Box, place: Place, modSeq: ModSeq, at: number, notes: Notes): void => {
  const { mailbox, letter, uid, keywords } = place;
  box.places.delete(place);
  box.tombstones.push({ of: 'place', mailbox: mailbox.id, uid, modSeq, at });
  letter.left = { mailbox: mailbox.id, keywords, at };
  happened(box, mailbox, letter, modSeq, notes);
};

const happened = (box: Box, mailbox: KeptMailbox, letter: KeptLetter, modSeq: ModSeq, notes: Notes): void => {
  letter.modSeq = modSeq;
  mailbox.modSeq = modSeq;
  mailbox.highestModSeq = modSeq;
  notes.add(box, mailbox.id);
};

/** Removes the letters from these places, each under a number of its own. */
export const removePlaces = (box: Box, places: readonly Place[], at: number, notes: Notes): void => {
  for (const place of places) {
    take(box, place, raise(box), at, notes);
    buryIfGone(box, place.letter, at);
  }
};

/** Remembers that the letter is in no mailbox any more, where that is so. */
export const buryIfGone = (box: Box, { id, thread, modSeq }: KeptLetter, at: number): void => {
  if (placesOf(box, id).length > 0) return;
  box.tombstones.push({ of: 'letter', id, modSeq, at }, { of: 'thread', id: thread, modSeq, at });
};
