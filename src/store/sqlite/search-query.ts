import type { LetterId, SearchQuery, SearchSort, ThreadId, Uid } from '../port.ts';
import { candidatesOf, looksAtSent, looksForWords, passing, type Candidates } from './search-filter.ts';
import type { Look, Needs, SearchIndex } from './search-index.ts';
import { firstOfThreads, orderOf, pageOf } from './search-order.ts';

/** What is found: how many in all, and of those that are shown letter, uid and thread, three numbers each. */
export type FoundNumbers = { readonly total: number; readonly numbers: Float64Array<ArrayBuffer> };

/** Carries the query out. The index catches up first, as far as the query asks it. */
export const runQuery = async (index: SearchIndex, query: SearchQuery): Promise<FoundNumbers> =>
  (await index.look(needsOf(query), (look) => found(look, query))) ?? {
    total: 0,
    numbers: new Float64Array(),
  };

const needsOf = ({ filter, sort }: SearchQuery): Needs => {
  if (looksForWords(filter)) return 'words';
  return looksAtSent(filter) || sort.some(({ by }) => by === 'sent' || isText(by)) ? 'facts' : 'places';
};

const isText = (by: SearchSort['by']): boolean => by === 'subject' || by === 'from';

const found = (look: Look, { mailbox, filter, sort, threads, offset, count }: SearchQuery): FoundNumbers => {
  const candidates = candidatesOf(look.roll, mailbox);
  const ranks = sort.some(({ by }) => isText(by)) ? look.ranks() : new Uint32Array();
  const order = orderOf(candidates, sort, ranks);
  const all =
    filter === null ? candidates.rows : chosen(candidates, passing(candidates, filter, look.lookUp));
  const rows = threads === 'whole' ? all : firstOfThreads(all, look.roll.columns.thread, order);
  const page = pageOf(rows, order, offset, offset + count);
  return { total: rows.length, numbers: numbersOf(candidates, page) };
};

const chosen = ({ rows }: Candidates, mask: Uint8Array): Uint32Array => {
  const some = new Uint32Array(rows.length);
  let count = 0;
  for (let at = 0; at < rows.length; at++) if (mask[at] === 1) some[count++] = rows[at] ?? 0;
  return some.subarray(0, count);
};

const numbersOf = ({ roll, mailbox }: Candidates, page: Uint32Array): Float64Array<ArrayBuffer> => {
  const { letter, uid, thread } = roll.columns;
  const numbers = new Float64Array(page.length * 3);
  for (const [at, row] of page.entries()) {
    numbers[at * 3] = letter[row] ?? 0;
    numbers[at * 3 + 1] = mailbox === null ? 0 : (uid[row] ?? 0);
    numbers[at * 3 + 2] = thread[row] ?? 0;
  }
  return numbers;
};

/** What the port gives. */
export const hitsOf = (numbers: Float64Array) =>
  Array.from({ length: numbers.length / 3 }, (_, index) => ({
    letter: numbers[index * 3] as LetterId,
    uid: numbers[index * 3 + 1] as Uid,
    thread: numbers[index * 3 + 2] as ThreadId,
  }));
