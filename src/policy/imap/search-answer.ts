import type { FetchedLetter } from '../../imap/letters.ts';
import { rangesOf } from '../../imap/number-set.ts';
import type { ResolvedKey, SearchLeaf } from '../../imap/search-key.ts';
import { foldText } from '../../mail/fold-text.ts';
import { ok, refused } from '../../result.ts';
import type { MailboxId, PlacedLetter, Uid } from '../../store/port.ts';
import type { Answering, Desk } from './desk.ts';
import { letters } from './letter-answers.ts';
import { envelopeFields, envelopeText, fieldTexts, sentDay } from './search-texts.ts';

/** The leaves that a letter's place does not answer. */
type LookedUp = Extract<SearchLeaf, { key: 'text' | 'body' | 'field' | 'sent' }>;

/** For each leaf that was looked up, the letters that it is true of. */
type Findings = Map<LookedUp, ReadonlySet<number>>;

/**
 * Finds letters. What their places answer (flags, dates, sizes) is looked at first, and only for the others is looked into what
 * was computed of them, into their headers, and into the index of words.
 * Deviation: in TEXT and BODY words are looked for, the last of them perhaps only begun, and not any part of one (RFC 9051
 * section 6.4.4 allows that of a server); TEXT looks into the fields that people read, and not into all of the header.
 */
export const search: Answering<'search'> = async ({ mailbox, upTo, key }, desk) => {
  const { store, account } = desk;
  if (upTo === 0) return ok([]);
  const places = await store.placed({ account, mailbox: mailbox as MailboxId, to: upTo as Uid });
  if (places.length === 0 && (await store.mailbox(account, mailbox as MailboxId)) === null)
    return refused('no-mailbox');
  const nothing: Findings = new Map();
  const open = places.filter((place) => judge(key, place, nothing) === null).map(({ uid }) => uid);
  const findings = open.length === 0 ? nothing : await lookUp(leavesOf(key), mailbox, open, desk);
  return ok(places.filter((place) => judge(key, place, findings) === true));
};

/** Whether the key is true of a letter; null where that is not known without looking further. */
function judge(key: ResolvedKey, place: PlacedLetter, findings: Findings): boolean | null {
  switch (key.key) {
    case 'every':
    case 'any': {
      // One false ends `every`, one true ends `any`.
      const ending = key.key === 'any';
      let known: boolean | null = !ending;
      for (const one of key.of) {
        const judged = judge(one, place, findings);
        if (judged === ending) return ending;
        if (judged === null) known = null;
      }
      return known;
    }
    case 'not': {
      const judged = judge(key.of, place, findings);
      return judged === null ? null : !judged;
    }
    case 'uids':
      return key.uids.some(({ from, to }) => place.uid >= from && place.uid <= to);
    case 'text':
    case 'body':
    case 'field':
    case 'sent':
      return findings.get(key)?.has(place.uid) ?? null;
    default:
      return judgePlace(key, place);
  }
}

function judgePlace(key: Exclude<SearchLeaf, LookedUp>, place: PlacedLetter): boolean {
  switch (key.key) {
    case 'all':
      return true;
    case 'none':
      return false;
    case 'keyword':
      return place.keywords.includes(key.keyword);
    case 'arrived':
      return isWithin(place.receivedAt, key);
    case 'saved':
      return isWithin(place.savedAt, key);
    case 'letter':
      return place.letter === key.number;
    case 'thread':
      return place.thread === key.number;
    case 'modseq':
      return place.modSeq >= key.least;
    case 'larger':
      return place.servedBytes > key.octets;
    case 'smaller':
      return place.servedBytes < key.octets;
  }
}

const isWithin = (
  ms: number,
  { from, before }: { readonly from?: number; readonly before?: number },
): boolean => ms >= (from ?? -Infinity) && ms < (before ?? Infinity);

function leavesOf(key: ResolvedKey): readonly LookedUp[] {
  switch (key.key) {
    case 'every':
    case 'any':
      return key.of.flatMap(leavesOf);
    case 'not':
      return leavesOf(key.of);
    case 'text':
    case 'body':
    case 'field':
    case 'sent':
      return [key];
    default:
      return [];
  }
}

/** Looks the leaves up among these letters, which are in order. */
async function lookUp(
  leaves: readonly LookedUp[],
  mailbox: number,
  uids: readonly number[],
  desk: Desk,
): Promise<Findings> {
  const findings: Findings = new Map();
  const inLetters: Extract<LookedUp, { key: 'field' | 'sent' }>[] = [];
  for (const leaf of leaves) {
    if (leaf.key === 'text' || leaf.key === 'body') findings.set(leaf, await words(leaf, mailbox, desk));
    else inLetters.push(leaf);
  }
  if (inLetters.length === 0) return findings;
  const found = new Map(inLetters.map((leaf) => [leaf, new Set<number>()]));
  const readsHeader = inLetters.some((leaf) => leaf.key === 'field' && !envelopeFields.has(leaf.name));
  const need = readsHeader ? 'content' : 'parsed';
  for (let rest = rangesOf(uids); rest.length > 0;) {
    const page = await letters({ ask: 'letters', mailbox, uids: rest, need }, desk);
    if (!page.ok) throw new Error(`letters that are searched: ${page.refusal}`);
    for (const letter of page.value.letters)
      for (const [leaf, own] of found) if (await isTrueOf(leaf, letter, desk)) own.add(letter.uid);
    const { upTo } = page.value;
    rest = rest.flatMap(({ from, to }) => (to <= upTo ? [] : [{ from: Math.max(from, upTo + 1), to }]));
    await turn();
  }
  for (const [leaf, own] of found) findings.set(leaf, own);
  return findings;
}

/** Lets others have their turn. */
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

async function words(
  { key, text }: Extract<SearchLeaf, { key: 'text' | 'body' }>,
  mailbox: number,
  { store, account }: Desk,
): Promise<ReadonlySet<number>> {
  const field = key === 'text' ? 'anywhere' : 'body';
  const { hits } = await store.search({
    account,
    mailbox: mailbox as MailboxId,
    filter: { where: 'words', field, words: text },
    sort: [],
    threads: 'whole',
    offset: 0,
    count: Number.MAX_SAFE_INTEGER,
  });
  return new Set(hits.map(({ uid }) => uid));
}

async function isTrueOf(
  leaf: Extract<LookedUp, { key: 'field' | 'sent' }>,
  letter: FetchedLetter,
  desk: Desk,
): Promise<boolean> {
  if (leaf.key === 'sent') {
    const day = sentDay(letter);
    return day !== null && isWithin(day, leaf);
  }
  const wanted = foldText(leaf.text);
  if (envelopeFields.has(leaf.name)) {
    const text = envelopeText(leaf.name, letter);
    return text !== null && foldText(text).includes(wanted);
  }
  const texts = await fieldTexts(leaf.name, letter, desk);
  return texts.some((text) => foldText(text).includes(wanted));
}
