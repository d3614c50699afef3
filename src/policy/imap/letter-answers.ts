import type { FetchedLetter, LetterNeed } from '../../imap/letters.ts';
import { keptPieces, type OmittedRange } from '../../mail/omitted-ranges.ts';
import { isCurrentStructure } from '../../mail/structure-codec.ts';
import { ok, refused } from '../../result.ts';
import type { LetterId, MailboxId, ModSeq, ParsedPlacedLetter, PlacedLetter, Uid } from '../../store/port.ts';
import { computedPieces } from '../computed-letter.ts';
import type { Answering, Desk, ServedForm } from './desk.ts';

/** Letters of one page: enough that reading them costs little more than their rows, few enough that others get their turn. */
const pageLetters: { readonly [Need in LetterNeed]: number } = { place: 2000, parsed: 500, content: 64 };

/** Octets of the letters of one page; a letter that is larger comes in pieces. */
const pageBytes = 262_144;

/** Letters by their uids, as many as one page has. */
export const letters: Answering<'letters'> = async ({ mailbox, uids, need, copies = 1 }, desk) => {
  const { store, account, large } = desk;
  const found: FetchedLetter[] = [];
  const largest = pageBytes / Math.max(1, copies);
  let sizeBytes = 0;
  large.clear();
  for (const { from, to } of uids) {
    const count = pageLetters[need] - found.length;
    const range = { account, mailbox: mailbox as MailboxId, from: from as Uid, to: to as Uid, count };
    if (need === 'place') {
      for (const place of await store.placed(range)) found.push(fetched(place));
    } else {
      for (const place of await store.placedParsed(range)) {
        const letter =
          need === 'parsed' ? await withParsed(place, desk) : await withContent(place, largest, desk);
        found.push(letter);
        sizeBytes += (letter.content?.length ?? 0) * copies + (letter.parsed?.length ?? 0);
        if (sizeBytes >= pageBytes) return ok({ letters: found, upTo: place.uid });
      }
    }
    const last = found.at(-1);
    if (last !== undefined && found.length >= pageLetters[need])
      return ok({ letters: found, upTo: last.uid });
  }
  return ok({ letters: found, upTo: uids.at(-1)?.to ?? 0 });
};

const fetched = (place: PlacedLetter): FetchedLetter => ({
  uid: place.uid,
  letter: place.letter,
  thread: place.thread,
  modSeq: place.modSeq,
  keywords: place.keywords,
  receivedAt: place.receivedAt,
  savedAt: place.savedAt,
  sizeBytes: place.servedBytes,
  parsed: null,
  prefixBytes: 0,
  content: null,
});

/** What is of an older form is computed anew, and so is what nobody has computed yet. */
function withParsed(place: ParsedPlacedLetter, desk: Desk): FetchedLetter | Promise<FetchedLetter> {
  const { parsed, prefix } = place;
  if (parsed !== null && isCurrentStructure(parsed))
    return { ...fetched(place), parsed, prefixBytes: prefix.length };
  return computedAnew(place, desk);
}

async function computedAnew(place: ParsedPlacedLetter, { store, account }: Desk): Promise<FetchedLetter> {
  const pieces = await store.blobPieces(account, place.letter);
  if (pieces === null) throw new Error(`letter ${place.letter} has no octets`);
  const { stored } = await computedPieces(pieces, place.omitted);
  return { ...fetched(place), parsed: stored.parsed ?? null, prefixBytes: place.prefix.length };
}

function withContent(
  place: ParsedPlacedLetter,
  largest: number,
  desk: Desk,
): FetchedLetter | Promise<FetchedLetter> {
  const letter = withParsed(place, desk);
  const { prefix, omitted } = place;
  if (place.servedBytes > largest) {
    desk.large.set(place.letter, { prefix, omitted });
    return letter;
  }
  const blob = desk.store.blob(desk.account, place.letter);
  if (letter instanceof Promise || blob instanceof Promise)
    return Promise.all([letter, blob]).then(([found, octets]) => withOctets(found, octets, place));
  return withOctets(letter, blob, place);
}

function withOctets(letter: FetchedLetter, blob: Uint8Array | null, form: ServedForm): FetchedLetter {
  if (blob === null) throw new Error(`letter ${letter.letter} has no octets`);
  const { prefix, omitted } = form;
  if (prefix.length === 0 && omitted.length === 0) return { ...letter, content: blob };
  return { ...letter, content: Buffer.concat([prefix, ...keptPieces(blob, omitted)]) };
}

/** Some octets of a letter that was too large for its page. */
export const octets: Answering<'octets'> = async ({ letter, start, end }, { store, account, large }) => {
  const id = letter.letter as LetterId;
  const form = large.get(id);
  if (form === undefined) throw new Error(`letter ${id} was not in the last page`);
  const { prefix, omitted } = form;
  if (start < prefix.length) return ok(prefix.subarray(start, Math.min(end, prefix.length)));
  const place = placeInBlob(start - prefix.length, end - prefix.length, omitted);
  const pieces = await store.blobPieces(account, id, place);
  if (pieces === null) return refused('no-mailbox');
  for await (const piece of pieces) if (piece.length > 0) return ok(piece);
  throw new Error(`letter ${id} ends before octet ${start}`);
};

/** Where octets of a letter as it is served are in its blob: up to the next range that is left out. */
function placeInBlob(
  start: number,
  end: number,
  omitted: readonly OmittedRange[],
): { readonly start: number; readonly end: number } {
  let shift = 0;
  for (const range of omitted) {
    if (range.start > start + shift) return { start: start + shift, end: Math.min(end + shift, range.start) };
    shift += range.end - range.start;
  }
  return { start: start + shift, end: end + shift };
}

/** Sets keywords, and tells what they are now. */
export const setKeywords: Answering<'set-keywords'> = async (question, { store, account }) => {
  const { how, keywords, unchangedSince, since, tell } = question;
  const mailbox = question.mailbox as MailboxId;
  const uids = question.uids as readonly Uid[];
  const set = await store.setKeywords(account, mailbox, uids, { how, keywords }, unchangedSince as ModSeq);
  if (!set.ok) return refused(set.refusal === 'too-many' ? 'too-many-keywords' : set.refusal);
  const { changed, modified } = set.value;
  const sequence = changed.map(({ modSeq }) => modSeq).sort((one, other) => (one < other ? -1 : 1));
  const alone = sequence.every((modSeq, index) => modSeq === since + BigInt(index + 1));
  if (tell === 'changed' || changed.length === uids.length) return ok({ letters: changed, modified, alone });
  const wanted = new Set<number>(uids);
  for (const uid of modified) wanted.delete(uid);
  const range = { account, mailbox, ...firstAndLast(uids) };
  const placed = (await store.placed(range)).filter(({ uid }) => wanted.has(uid));
  return ok({ letters: placed, modified, alone });
};

const firstAndLast = (uids: readonly Uid[]): { from: Uid; to: Uid } => ({
  from: uids[0] ?? (1 as Uid),
  to: uids.at(-1) ?? (1 as Uid),
});

/** Removes what is deleted. */
export const expunge: Answering<'expunge'> = async (question, { store, account, now }) => {
  const mailbox = question.mailbox as MailboxId;
  const found = await store.mailbox(account, mailbox);
  if (found === null) return refused('no-mailbox');
  if (found.deleted === 0) return ok({ uids: [], modSeq: found.highestModSeq });
  const deleted: Uid[] = [];
  for (const { from, to } of question.uids) {
    const placed = await store.placed({ account, mailbox, from: from as Uid, to: to as Uid });
    for (const { uid, keywords } of placed) if (keywords.includes('\\deleted')) deleted.push(uid);
  }
  const gone = await store.expunge(account, mailbox, deleted, 'deleted', now());
  return gone;
};
