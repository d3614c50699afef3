import { DELETED, SEEN } from '../keywords.ts';
import type { Keywords } from '../port.ts';

/** The keywords that have a bit in the column `flags`; the others stand in `keywords`, a space between them. */
export const FLAG_BITS: ReadonlyMap<string, number> = new Map([
  [SEEN, 1],
  ['$answered', 2],
  ['$flagged', 4],
  [DELETED, 8],
  ['$draft', 16],
]);

export const SEEN_BIT = 1;
export const DELETED_BIT = 8;

export type KeywordColumns = { readonly flags: number; readonly keywords: string };

const none: KeywordColumns = { flags: 0, keywords: '' };

/** The columns of keywords that are in their order. */
export const toKeywordColumns = (keywords: Keywords): KeywordColumns => {
  if (keywords.length === 0) return none;
  let flags = 0;
  const others: string[] = [];
  for (const keyword of keywords) {
    const bit = FLAG_BITS.get(keyword);
    if (bit === undefined) others.push(keyword);
    else flags |= bit;
  }
  return { flags, keywords: others.join(' ') };
};

/** Few combinations occur, and each is one array for all letters that have it. */
const known = new Map<string, Keywords>();
const MOST_KNOWN = 10_000;

/** The keywords of the columns, in their order; an array that is shared and never changed. */
export const fromKeywordColumns = (flags: number, keywords: string): Keywords => {
  const key = `${flags} ${keywords}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const bits = [...FLAG_BITS].filter(([, bit]) => (flags & bit) !== 0).map(([keyword]) => keyword);
  const made = Object.freeze([...bits, ...(keywords === '' ? [] : keywords.split(' '))].sort());
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(key, made);
  return made;
};
