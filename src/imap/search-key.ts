import type { NumberRange, NumberSet } from './number-set.ts';

/** What SEARCH looks for (RFC 9051 section 6.4.4). Times are milliseconds since 1970: `from` is included and `before` is not. */
export type SearchKey =
  | { readonly key: 'every' | 'any'; readonly of: readonly SearchKey[] }
  | { readonly key: 'not'; readonly of: SearchKey }
  /** Letters by their numbers, uids, or what a search before found. */
  | { readonly key: 'set'; readonly by: 'number' | 'uid'; readonly set: NumberSet }
  | SearchLeaf;

/** The same without anything that only the session knows. */
export type ResolvedKey =
  | { readonly key: 'every' | 'any'; readonly of: readonly ResolvedKey[] }
  | { readonly key: 'not'; readonly of: ResolvedKey }
  /** In order and apart. */
  | { readonly key: 'uids'; readonly uids: readonly NumberRange[] }
  | SearchLeaf;

export type SearchLeaf =
  | { readonly key: 'all' | 'none' }
  | { readonly key: 'keyword'; readonly keyword: string }
  | ({ readonly key: 'arrived' } & Days)
  | ({ readonly key: 'sent' } & Days)
  /** When they were put where they are (RFC 8514). */
  | ({ readonly key: 'saved' } & Days)
  /** The letter, or the letters of the thread, with this number (RFC 8474 section 6). */
  | { readonly key: 'letter' | 'thread'; readonly number: number }
  /** Its modification sequence is this or higher (RFC 7162 section 3.1.5). */
  | { readonly key: 'modseq'; readonly least: bigint }
  /** Came more, or less, than so many seconds ago (RFC 5032 section 3). */
  | { readonly key: 'older' | 'younger'; readonly seconds: number }
  /** Octets as served: more, or fewer, than so many. */
  | { readonly key: 'larger' | 'smaller'; readonly octets: number }
  /** In the text, the header included, or in the body. */
  | { readonly key: 'text'; readonly text: string }
  | { readonly key: 'body'; readonly text: string }
  /** In a field, by its name in lower case; a field that holds nothing has the empty text. */
  | { readonly key: 'field'; readonly name: string; readonly text: string };

type Days = { readonly from?: number; readonly before?: number };

/** What a search is to give (RFC 9051 section 6.4.4, RFC 5182). */
/** Some of what was found, by its places, which begin at 1; both belong to it (RFC 9394 section 3.1). */
export type PartialResult = {
  readonly counts: 'from-the-beginning' | 'from-the-end';
  readonly first: number;
  readonly last: number;
};

export type SearchReturn = 'MIN' | 'MAX' | 'ALL' | 'COUNT' | 'SAVE';
