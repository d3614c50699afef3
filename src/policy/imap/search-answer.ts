import { isInRanges } from '../../imap/number-set.ts';
import type { ResolvedKey, SearchLeaf } from '../../imap/search-key.ts';
import { unicodeCasemap } from '../../mail/unicode-casemap.ts';
import { ok, refused, type Result } from '../../result.ts';
import type { MailboxId, PlacedLetter, Uid } from '../../store/port.ts';
import type { Answering, Desk } from './desk.ts';
import { readLetters } from './read-letters.ts';
import { envelopeFields, LetterTexts } from './search-texts.ts';

/** The leaves that a letter's place does not answer. */
type LookedUp = Extract<SearchLeaf, { key: 'text' | 'body' | 'field' | 'sent' }>;

/** What is known beside a letter's place. */
type Known = {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** For each leaf that was looked up, the letters that it is true of. */
  readonly findings: Findings;
};

type Findings = ReadonlyMap<LookedUp, ReadonlySet<number>>;

/**
 * Finds letters. What their places answer (flags, dates, sizes) is looked at first, and only for the others is looked into what
 * was computed of them, into their headers, and into the index of words.
 * Deviation: in TEXT and BODY words are looked for, the last of them perhaps only begun, and not any part of one (RFC 9051
 * section 6.4.4 allows that of a server); TEXT looks into the fields that people read, and not into all of the header.
 */
export const search: Answering<'search'> = ({ mailbox, upTo, key }, desk) =>
  find({ mailbox, upTo, key }, desk);

/** What is looked for, and where. */
export type Wanted = { readonly mailbox: number; readonly upTo: number; readonly key: ResolvedKey };

/** The places of the letters that are found, lowest uid first. */
export async function find(
  { mailbox, upTo, key }: Wanted,
  desk: Desk,
): Promise<Result<readonly PlacedLetter[], 'no-mailbox'>> {
  const { store, account, now } = desk;
  if (upTo === 0) return ok([]);
  const places = await store.placed({ account, mailbox: mailbox as MailboxId, to: upTo as Uid });
  if (places.length === 0 && (await store.mailbox(account, mailbox as MailboxId)) === null)
    return refused('no-mailbox');
  const nothing: Known = { now: now(), findings: new Map() };
  const open = places.filter((place) => judge(key, place, nothing) === null).map(({ uid }) => uid);
  if (open.length === 0) return ok(places.filter((place) => judge(key, place, nothing) === true));
  const known = { ...nothing, findings: await lookUp(leavesOf(key), mailbox, open, desk) };
  return ok(places.filter((place) => judge(key, place, known) === true));
}

/** Whether the key is true of a letter; null where that is not known without looking further. */
function judge(key: ResolvedKey, place: PlacedLetter, known: Known): boolean | null {
  switch (key.key) {
    case 'every':
    case 'any': {
      // One false ends `every`, one true ends `any`.
      const ending = key.key === 'any';
      let all: boolean | null = !ending;
      for (const one of key.of) {
        const judged = judge(one, place, known);
        if (judged === ending) return ending;
        if (judged === null) all = null;
      }
      return all;
    }
    case 'not': {
      const judged = judge(key.of, place, known);
      return judged === null ? null : !judged;
    }
    case 'uids':
      return isInRanges(key.uids, place.uid);
    case 'text':
    case 'body':
    case 'field':
    case 'sent':
      return known.findings.get(key)?.has(place.uid) ?? null;
    default:
      return judgePlace(key, place, known.now);
  }
}

function judgePlace(key: Exclude<SearchLeaf, LookedUp>, place: PlacedLetter, now: number): boolean {
  switch (key.key) {
    case 'all':
      return true;
    case 'none':
      return false;
    case 'keyword':
      return place.keywords.includes(key.keyword);
    case 'arrived':
      return isWithin(place.receivedAt, key);
    // Of the very second both are true (RFC 5032 section 3).
    case 'older':
      return place.receivedAt <= now - key.seconds * 1000;
    case 'younger':
      return place.receivedAt >= now - key.seconds * 1000;
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
  const findings = new Map<LookedUp, ReadonlySet<number>>();
  const inLetters: Extract<LookedUp, { key: 'field' | 'sent' }>[] = [];
  for (const leaf of leaves) {
    if (leaf.key === 'text' || leaf.key === 'body') findings.set(leaf, await words(leaf, mailbox, desk));
    else inLetters.push(leaf);
  }
  if (inLetters.length === 0) return findings;
  const found = new Map(inLetters.map((leaf) => [leaf, new Set<number>()]));
  const readsHeader = inLetters.some((leaf) => leaf.key === 'field' && !envelopeFields.has(leaf.name));
  for await (const letter of readLetters({ mailbox, uids, need: readsHeader ? 'content' : 'parsed' }, desk)) {
    const texts = new LetterTexts(letter, desk);
    for (const [leaf, own] of found) if (await isTrueOf(leaf, texts)) own.add(letter.uid);
  }
  for (const [leaf, own] of found) findings.set(leaf, own);
  return findings;
}

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
  texts: LetterTexts,
): Promise<boolean> {
  if (leaf.key === 'sent') return texts.sentDay !== null && isWithin(texts.sentDay, leaf);
  const wanted = unicodeCasemap(leaf.text);
  const found = texts.known(leaf.name) ?? (await texts.read(leaf.name));
  return found.some((text) => text.includes(wanted));
}
