import type { Scanner } from '../scanner.ts';
import type { SearchKey } from '../search-key.ts';
import type { SortKey, ThreadAlgorithm } from '../sort-key.ts';
import { searchKeys, searchReturns, type SearchReturns } from './search.ts';

export type SortCommand = {
  readonly name: 'SORT' | 'UID SORT';
  /** As SEARCH has it (RFC 5267 section 3). */
  readonly returns: SearchReturns | null;
  /** The first decides, then the next; what is equal is by number. */
  readonly sort: readonly SortKey[];
  readonly charset: string;
  readonly key: SearchKey;
};

// sort            = ["UID" SP] "SORT" [search-return-opts] SP sort-criteria SP search-criteria   (RFC 5256 section 5)
// search-criteria = charset 1*(SP search-key)
// sort-criteria   = "(" sort-criterion *(SP sort-criterion) ")"
/** RFC 5256 section 3. */
export const sort =
  <Name extends SortCommand['name']>(name: Name) =>
  (scan: Scanner): SortCommand & { readonly name: Name } => {
    const returns = scan.take('RETURN ') ? searchReturns(scan) : null;
    const keys = scan.list(() => sortCriterion(scan));
    if (keys.length === 0) scan.fail('what to sort by');
    return { name, returns, sort: keys, ...searchCriteria(scan) };
  };

const sortKeys: readonly SortKey['by'][] = [
  'ARRIVAL',
  'CC',
  'DATE',
  'DISPLAYFROM',
  'DISPLAYTO',
  'FROM',
  'SIZE',
  'SUBJECT',
  'TO',
];

// sort-criterion = ["REVERSE" SP] sort-key
// sort-key       = "ARRIVAL" / "CC" / "DATE" / "FROM" / "SIZE" / "SUBJECT" / "TO" / "DISPLAYFROM" / "DISPLAYTO"
function sortCriterion(scan: Scanner): SortKey {
  const isReverse = scan.take('REVERSE ');
  const name = scan.keyword('what to sort by');
  const by = sortKeys.find((key) => key === name);
  if (by === undefined) scan.fail('what to sort by');
  return { by: by ?? 'ARRIVAL', order: isReverse ? 'descending' : 'ascending' };
}

export type ThreadCommand = {
  readonly name: 'THREAD' | 'UID THREAD';
  readonly algorithm: ThreadAlgorithm;
  readonly charset: string;
  readonly key: SearchKey;
};

const algorithms: readonly ThreadAlgorithm[] = ['ORDEREDSUBJECT', 'REFERENCES'];

// thread     = ["UID" SP] "THREAD" SP thread-alg SP search-criteria
// thread-alg = "ORDEREDSUBJECT" / "REFERENCES" / thread-alg-ext
/** RFC 5256 section 3. */
export const thread =
  <Name extends ThreadCommand['name']>(name: Name) =>
  (scan: Scanner): ThreadCommand & { readonly name: Name } => {
    const word = scan.keyword('how to thread');
    const algorithm = algorithms.find((one) => one === word);
    if (algorithm === undefined) scan.fail('how to thread');
    return { name, algorithm: algorithm ?? 'REFERENCES', ...searchCriteria(scan) };
  };

function searchCriteria(scan: Scanner): { readonly charset: string; readonly key: SearchKey } {
  scan.space();
  const charset = scan.astring().toUpperCase();
  scan.space();
  return { charset, key: searchKeys(scan) };
}
