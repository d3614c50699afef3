import { StoreFault } from './fault.ts';
import type { KeywordChange, Keywords } from './port.ts';

/** A letter has at most this many keywords in a mailbox. */
export const MAX_KEYWORDS = 100;
const LONGEST_KEYWORD = 255;

/** Printable US-ASCII without the specials of RFC 9051's `atom` that RFC 8621 section 4.1.1 excludes; `\deleted` is IMAP's own. */
const KEYWORD = /^(?:\\deleted|[!#$&'+,\-./0-9:;<=>?@[^_`a-z|}~]+)$/;

/** Throws the fault of a caller who did not bring the keywords into their form. */
export const checkKeywords = (keywords: Keywords): void => {
  for (const [index, keyword] of keywords.entries()) {
    if (keyword.length > LONGEST_KEYWORD || !KEYWORD.test(keyword))
      throw new StoreFault(`${JSON.stringify(keyword.slice(0, LONGEST_KEYWORD))} is no keyword`);
    if (index > 0 && (keywords[index - 1] ?? '') >= keyword)
      throw new StoreFault('keywords that are not in order, or one twice');
  }
};

/** What the keywords become; both in order. */
export const changedKeywords = (keywords: Keywords, { how, keywords: change }: KeywordChange): Keywords => {
  if (how === 'replace') return change;
  const left = keywords.filter((keyword) => !change.includes(keyword));
  return how === 'remove' ? left : [...left, ...change].sort();
};

/** As `changedKeywords`, by those who do not know `\deleted`: it stays as it is. */
export const arrangedKeywords = (keywords: Keywords, change: KeywordChange): Keywords => {
  const changed = changedKeywords(keywords, change).filter((keyword) => keyword !== DELETED);
  return keywords.includes(DELETED) ? [...changed, DELETED].sort() : changed;
};

/** Whether both have the same. */
export const sameKeywords = (one: Keywords, other: Keywords): boolean =>
  one.length === other.length && one.every((keyword, index) => keyword === other[index]);

export const SEEN = '$seen';
export const DELETED = '\\deleted';
