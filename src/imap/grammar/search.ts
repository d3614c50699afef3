import { grammarLimits } from '../limits.ts';
import type { Scanner } from '../scanner.ts';
import type { PartialResult, SearchKey, SearchReturn } from '../search-key.ts';
import { day } from './date.ts';
import { keyword } from './flags.ts';
import { numberSet } from './number-set.ts';
import { objectId } from './object-id.ts';

export type SearchCommand = {
  readonly name: 'SEARCH' | 'UID SEARCH';
  /** null where the command does not say what to give: then it is everything, in the old form of IMAP4rev1. */
  readonly returns: SearchReturns | null;
  /** In upper case; null where none is named. */
  readonly charset: string | null;
  readonly key: SearchKey;
};

/** What a search is to give. */
export type SearchReturns = {
  readonly options: ReadonlySet<SearchReturn>;
  /** Some of what was found, in its order (RFC 9394 section 3.1). */
  readonly partial: PartialResult | null;
};

const returnOptions: readonly SearchReturn[] = ['MIN', 'MAX', 'ALL', 'COUNT', 'SAVE'];

// search         = "SEARCH" [search-return-opts] SP search-program               (RFC 9051 section 9)
// search-program = ["CHARSET" SP charset SP] search-key *(SP search-key)
/** RFC 9051 section 6.4.4. */
export const search =
  <Name extends SearchCommand['name']>(name: Name) =>
  (scan: Scanner): SearchCommand & { readonly name: Name } => {
    const returns = scan.take('RETURN ') ? searchReturns(scan) : null;
    let charset: string | null = null;
    if (scan.take('CHARSET ')) {
      charset = scan.astring().toUpperCase();
      scan.space();
    }
    return { name, returns, charset, key: searchKeys(scan) };
  };

/** The keys of one search: all of them must be true. */
export const searchKeys = (scan: Scanner): SearchKey => new Keys(scan).program();

// search-return-opts = SP "RETURN" SP "(" [search-return-opt *(SP search-return-opt)] ")"
// search-return-opt  = "MIN" / "MAX" / "ALL" / "COUNT" / "SAVE" / "PARTIAL" SP partial-range
/** With the space behind them. */
export function searchReturns(scan: Scanner): SearchReturns {
  let partial: PartialResult | null = null;
  const options = new Set<SearchReturn>();
  scan.list(() => {
    if (scan.take('PARTIAL ')) {
      if (partial !== null) scan.fail('one PARTIAL');
      partial = partialRange(scan);
      return;
    }
    const name = scan.keyword('what a search is to give');
    const option = returnOptions.find((one) => one === name);
    if (option === undefined) scan.fail('what a search is to give');
    else options.add(option);
  });
  if (partial !== null && options.has('ALL')) scan.fail('either ALL or PARTIAL');
  scan.space();
  return { options, partial };
}

// partial-range       = partial-range-first / partial-range-last                  (RFC 9394 section 4)
// partial-range-first = nz-number ":" nz-number
// partial-range-last  = "-" nz-number ":" "-" nz-number
export function partialRange(scan: Scanner): PartialResult {
  const counts = scan.take('-') ? 'from-the-end' : 'from-the-beginning';
  const one = scan.nzNumber();
  scan.expect(counts === 'from-the-end' ? ':-' : ':');
  const other = scan.nzNumber();
  return { counts, first: Math.min(one, other), last: Math.max(one, other) };
}

type Reader = (scan: Scanner, keys: Keys) => SearchKey;

const all: SearchKey = { key: 'all' };
const none: SearchKey = { key: 'none' };
const not = (of: SearchKey): SearchKey => ({ key: 'not', of });
const has = (word: string): SearchKey => ({ key: 'keyword', keyword: word });
const plain =
  (key: SearchKey): Reader =>
  () =>
    key;

const dayMs = 86_400_000;

const text =
  (key: 'text' | 'body'): Reader =>
  (scan) => {
    scan.space();
    return { key, text: scan.astring() };
  };

const field =
  (name: string): Reader =>
  (scan) => {
    scan.space();
    return { key: 'field', name, text: scan.astring() };
  };

/** Days count from midnight to midnight, whatever the time of day and its zone (RFC 9051 section 6.4.4). */
const dates =
  (key: 'arrived' | 'sent' | 'saved', which: 'before' | 'on' | 'since'): Reader =>
  (scan) => {
    scan.space();
    const from = day(scan);
    if (which === 'before') return { key, before: from };
    return which === 'since' ? { key, from } : { key, from, before: from + dayMs };
  };

// "OLDER" SP nz-number / "YOUNGER" SP nz-number                                   (RFC 5032 section 3)
function age(key: 'older' | 'younger'): Reader {
  return (scan) => {
    scan.space();
    return { key, seconds: scan.nzNumber() };
  };
}

const octets =
  (key: 'larger' | 'smaller'): Reader =>
  (scan) => {
    scan.space();
    return { key, octets: scan.number64() };
  };

// "EMAILID" SP objectid / "THREADID" SP objectid                                  (RFC 8474 section 7)
const object =
  (key: 'letter' | 'thread', kind: 'M' | 'T'): Reader =>
  (scan) => {
    scan.space();
    const number = objectId(scan, kind);
    return number === null ? none : { key, number };
  };

/** The keys by their names, and what follows each. RECENT, NEW and OLD are RFC 3501's: no letter is recent here. */
const readers: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['ALL', plain(all)],
  ['ANSWERED', plain(has('$answered'))],
  ['BCC', field('bcc')],
  ['BEFORE', dates('arrived', 'before')],
  ['BODY', text('body')],
  ['CC', field('cc')],
  ['DELETED', plain(has('\\deleted'))],
  ['DRAFT', plain(has('$draft'))],
  ['EMAILID', object('letter', 'M')],
  ['FLAGGED', plain(has('$flagged'))],
  ['FROM', field('from')],
  ['HEADER', header],
  ['KEYWORD', keywordKey],
  ['LARGER', octets('larger')],
  ['MODSEQ', modSeqKey],
  ['NEW', plain(none)],
  ['NOT', (_, keys) => not(keys.next())],
  ['OLD', plain(all)],
  ['OLDER', age('older')],
  ['ON', dates('arrived', 'on')],
  ['OR', (_, keys) => ({ key: 'any', of: [keys.next(), keys.next()] })],
  ['RECENT', plain(none)],
  ['SAVEDATESUPPORTED', plain(all)],
  ['SAVEDBEFORE', dates('saved', 'before')],
  ['SAVEDON', dates('saved', 'on')],
  ['SAVEDSINCE', dates('saved', 'since')],
  ['SEEN', plain(has('$seen'))],
  ['SENTBEFORE', dates('sent', 'before')],
  ['SENTON', dates('sent', 'on')],
  ['SENTSINCE', dates('sent', 'since')],
  ['SINCE', dates('arrived', 'since')],
  ['SMALLER', octets('smaller')],
  ['SUBJECT', field('subject')],
  ['TEXT', text('text')],
  ['THREADID', object('thread', 'T')],
  ['TO', field('to')],
  ['UID', uidKey],
  ['UNANSWERED', plain(not(has('$answered')))],
  ['UNDELETED', plain(not(has('\\deleted')))],
  ['UNDRAFT', plain(not(has('$draft')))],
  ['UNFLAGGED', plain(not(has('$flagged')))],
  ['UNKEYWORD', (scan) => not(keywordKey(scan))],
  ['UNSEEN', plain(not(has('$seen')))],
  ['YOUNGER', age('younger')],
]);

// "HEADER" SP header-fld-name SP astring
function header(scan: Scanner): SearchKey {
  scan.space();
  const name = scan.astring().toLowerCase();
  scan.space();
  return { key: 'field', name, text: scan.astring() };
}

// "KEYWORD" SP flag-keyword
function keywordKey(scan: Scanner): SearchKey {
  scan.space();
  return has(keyword(scan));
}

// search-modsequence  = "MODSEQ" [search-modseq-ext] SP mod-sequence-valzer       (RFC 7162 section 7)
// search-modseq-ext   = SP entry-name SP entry-type-req
/** Here one sequence counts for all flags of a letter, whatever the entry. */
function modSeqKey(scan: Scanner): SearchKey {
  scan.space();
  if (scan.next === '"') {
    scan.string();
    scan.space();
    if (!['PRIV', 'SHARED', 'ALL'].includes(scan.keyword('priv, shared or all')))
      scan.fail('priv, shared or all');
    scan.space();
  }
  return { key: 'modseq', least: scan.modSeq() };
}

// "UID" SP sequence-set
function uidKey(scan: Scanner): SearchKey {
  scan.space();
  return { key: 'set', by: 'uid', set: numberSet(scan) };
}

/** Reads the keys of one search; how many there are, and how deep in each other, is bounded. */
class Keys {
  readonly #scan: Scanner;
  #count = 0;
  #depth = 0;

  constructor(scan: Scanner) {
    this.#scan = scan;
  }

  program(): SearchKey {
    const of = [this.#key()];
    while (this.#scan.take(' ')) of.push(this.#key());
    return every(of);
  }

  /** The key behind a space, which the one before is about. */
  next(): SearchKey {
    this.#scan.space();
    return this.#deeper(() => this.#key());
  }

  // search-key = "ALL" / … / sequence-set / "(" search-key *(SP search-key) ")"
  #key(): SearchKey {
    const scan = this.#scan;
    this.#count += 1;
    if (this.#count > grammarLimits.searchKeys) scan.fail(`at most ${grammarLimits.searchKeys} keys`);
    if (scan.next === '(') {
      const of = this.#deeper(() => scan.list(() => this.#key()));
      if (of.length === 0) scan.fail('a search key');
      return every(of);
    }
    if (/[0-9*$]/.test(scan.next)) return { key: 'set', by: 'number', set: numberSet(scan) };
    const reader = readers.get(scan.keyword('a search key'));
    if (reader === undefined) scan.fail('a search key');
    return reader?.(scan, this) ?? none;
  }

  #deeper<Value>(read: () => Value): Value {
    this.#depth += 1;
    if (this.#depth > grammarLimits.nesting)
      this.#scan.fail(`keys at most ${grammarLimits.nesting} deep in each other`);
    const value = read();
    this.#depth -= 1;
    return value;
  }
}

const every = (of: readonly SearchKey[]): SearchKey =>
  of.length === 1 && of[0] !== undefined ? of[0] : { key: 'every', of };
