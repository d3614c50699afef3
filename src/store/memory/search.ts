import { readLetterText, sortText, type LetterText } from '../letter-text.ts';
import { inOrder } from '../order.ts';
import type { Found, LetterFilter, SearchField, SearchQuery, SearchSort, SearchStore, Uid } from '../port.ts';
import { checkSearch } from '../rules.ts';
import { hasTokens, queryTokens, textTokens } from '../words.ts';
import { piecesOf } from './blobs.ts';
import { placesOf } from './places.ts';
import type { Box, KeptLetter, Place, World } from './world.ts';

/** How letters are found: each is looked at. */
export const searchVerbs = (world: World): SearchStore => ({
  search: async (query) => {
    checkSearch(query);
    const box = world.box(query.account);
    return box === undefined ? { hits: [], total: 0 } : search(box, await caughtUp(box), query);
  },
  dropIndex: async (account) => {
    const box = world.box(account);
    if (box !== undefined) box.texts = new Map();
  },
});

/** The texts of all letters; also of those that come while others are read. */
const caughtUp = async ({ letters, texts }: Box): Promise<Box['texts']> => {
  for (const { id, bytes } of letters.values())
    if (!texts.has(id)) texts.set(id, await readLetterText(piecesOf(bytes)));
  return texts;
};

/** A letter that is looked at, and its places in what is searched. */
type Candidate = {
  readonly letter: KeptLetter;
  readonly text: LetterText;
  readonly places: readonly Place[];
  /** 0 where the whole account is searched. */
  readonly uid: Uid;
};

const search = (box: Box, texts: Box['texts'], query: SearchQuery): Found => {
  const searched = [...box.places].filter(
    ({ mailbox }) => query.mailbox === null || mailbox.id === query.mailbox,
  );
  const candidates = [...Map.groupBy(searched, ({ letter }) => letter)].flatMap(([letter, places]) => {
    const text = texts.get(letter.id);
    const uid = query.mailbox === null ? 0 : (places[0]?.uid ?? 0);
    return text === undefined ? [] : { letter, text, places, uid: uid as Uid };
  });
  const found = candidates
    .filter((candidate) => query.filter === null || passes(box, candidate, query.filter, query))
    .sort(
      (one, other) =>
        compare(one, other, query.sort) || one.uid - other.uid || one.letter.id - other.letter.id,
    );
  const threads = new Set(found.map(({ letter }) => letter.thread));
  const shown =
    query.threads === 'whole' ? found : found.filter(({ letter }) => threads.delete(letter.thread));
  const hits = shown.map(({ letter, uid }) => ({ letter: letter.id, uid, thread: letter.thread }));
  return { hits: hits.slice(query.offset, query.offset + query.count), total: hits.length };
};

const passes = (box: Box, candidate: Candidate, filter: LetterFilter, query: SearchQuery): boolean => {
  const { letter, text, places } = candidate;
  switch (filter.where) {
    case 'every':
      return filter.of.every((each) => passes(box, candidate, each, query));
    case 'any':
      return filter.of.some((each) => passes(box, candidate, each, query));
    case 'none':
      return !filter.of.some((each) => passes(box, candidate, each, query));
    case 'words':
      return hasWords(text, filter.field, filter.words);
    case 'mailbox':
      return placesOf(box, letter.id).some(({ mailbox }) => mailbox.id === filter.mailbox);
    case 'uids':
      return query.mailbox !== null && filter.uids.includes(candidate.uid);
    case 'letters':
      return filter.letters.includes(letter.id);
    case 'thread':
      return letter.thread === filter.thread;
    case 'keyword':
      return places.some(({ keywords }) => keywords.includes(filter.keyword));
    case 'received':
    case 'saved':
    case 'sent': {
      const time = timeOf(candidate, filter.where);
      return time >= (filter.from ?? -Infinity) && time < (filter.before ?? Infinity);
    }
    case 'size':
      return letter.servedBytes >= (filter.least ?? 0) && letter.servedBytes <= (filter.most ?? Infinity);
    case 'changed-since':
      return places.some(({ modSeq }) => modSeq > filter.modSeq);
  }
};

const hasWords = (text: LetterText, field: SearchField, words: string): boolean => {
  const fields = field === 'anywhere' ? Object.values(text) : [text[field]];
  const query = queryTokens(words);
  return fields.some((each) => hasTokens(textTokens(each), query));
};

const timeOf = ({ letter, places }: Candidate, time: 'received' | 'saved' | 'sent'): number => {
  if (time === 'saved') return Math.min(...places.map(({ savedAt }) => savedAt));
  return time === 'sent' ? (letter.summary.sentAt ?? letter.receivedAt) : letter.receivedAt;
};

const compare = (one: Candidate, other: Candidate, sort: readonly SearchSort[]): number => {
  for (const { by, order } of sort) {
    const compared = compareBy(one, other, by);
    if (compared !== 0) return order === 'ascending' ? compared : -compared;
  }
  return 0;
};

const compareBy = (one: Candidate, other: Candidate, by: SearchSort['by']): number => {
  switch (by) {
    case 'received':
    case 'saved':
    case 'sent':
      return timeOf(one, by) - timeOf(other, by);
    case 'size':
      return one.letter.servedBytes - other.letter.servedBytes;
    case 'subject':
    case 'from':
      return inOrder(sortText(by, one.letter.summary), sortText(by, other.letter.summary));
    case 'uid':
      return one.uid - other.uid;
  }
};
