import type { AccountId, LetterId, MailboxId, SearchQuery, ThreadId, Uid } from '../port.ts';
import { allRows, firstRow, integer, type Row } from './column.ts';
import {
  conditionOf,
  joined,
  looksForWords,
  needsLetter,
  sortKeys,
  type Searched,
  type Sql,
} from './search-filter.ts';
import type { SearchIndex } from './search-index.ts';

/** What is found: how many in all, and of those that are shown letter, uid and thread, three numbers each. */
export type FoundNumbers = { readonly total: number; readonly numbers: Float64Array<ArrayBuffer> };

const PLACE = 'letter, thread, received_at, saved_at, served_bytes, mod_seq, flags, keywords, mailbox';
const MAILBOX = `(SELECT uid, ${PLACE} FROM store.placement WHERE account = ? AND mailbox = ?)`;
const SINGLE = `(SELECT 0 AS uid, ${PLACE} FROM store.placement WHERE account = ?
  AND letter NOT IN (SELECT letter FROM temp.shared))`;
const SHARED = `(SELECT 0 AS uid, letter, thread, received_at, min(saved_at) AS saved_at, served_bytes,
  max(mod_seq) AS mod_seq, max(flags & 1) | max(flags & 2) | max(flags & 4) | max(flags & 8) | max(flags & 16) AS flags,
  group_concat(keywords, ' ') AS keywords FROM store.placement
  WHERE account = ? AND letter IN (SELECT letter FROM temp.shared) GROUP BY letter)`;
/** Carries the query out. The index catches up first where words are looked for. */
export const runQuery = async (index: SearchIndex, query: SearchQuery): Promise<FoundNumbers> => {
  const look = (): FoundNumbers => found(index, query);
  const answer = looksForWords(query.filter) ? await index.whole(look) : index.asItIs(look);
  return answer ?? { total: 0, numbers: new Float64Array() };
};

const found = (index: SearchIndex, query: SearchQuery): FoundNumbers => {
  const sources = query.mailbox === null ? wholeAccount(index) : (['mailbox'] as const);
  const rows = sources.map((searched) => rowsOf(searched, query));
  const all = joined(rows, ' UNION ALL ');
  const whole = query.threads === 'whole';
  const counted = `SELECT count(${whole ? '*' : 'DISTINCT thread'}) FROM (${all.text})`;
  const total = integer(firstRow(index.prepared(counted), ...all.values)?.[0]);
  const order = sortKeys(query.sort).map(({ down }, n) => `k${n} ${down ? 'DESC' : 'ASC'}`);
  const ordered: Sql = { text: `${all.text} ORDER BY ${order.join(', ')}`, values: all.values };
  return { total, numbers: whole ? page(index, ordered, query) : firstOfThreads(index, ordered, query) };
};

/** Letters with one place are looked at where they are; what several places come to together is made for the others. */
const wholeAccount = (index: SearchIndex): readonly Searched[] =>
  index.sharedLetters() > 0 ? ['single', 'shared'] : ['single'];

const rowsOf = (searched: Searched, { account, mailbox, filter, sort }: SearchQuery): Sql => {
  const keys = sortKeys(sort).map(({ key }, n) => `${key} AS k${n}`);
  const condition = filter === null ? null : conditionOf(filter, searched, account);
  const columns = `c.letter, c.uid, c.thread, ${keys.join(', ')}`;
  const letter = needsLetter(`${columns} ${condition?.text}`)
    ? ' JOIN store.letter l ON l.id = c.letter'
    : '';
  return {
    text: `SELECT ${columns} FROM ${SOURCES[searched]} c${letter} WHERE ${condition?.text ?? '1'}`,
    values: [...placeOf(account, mailbox), ...(condition?.values ?? [])],
  };
};

const SOURCES: Readonly<Record<Searched, string>> = { mailbox: MAILBOX, single: SINGLE, shared: SHARED };

const placeOf = (account: AccountId, mailbox: MailboxId | null): readonly number[] =>
  mailbox === null ? [account] : [account, mailbox];

const page = (index: SearchIndex, { text, values }: Sql, { offset, count }: SearchQuery) =>
  numbersOf(allRows(index.prepared(`${text} LIMIT ? OFFSET ?`), ...values, count, offset));

/** The rows are read until the page is full. */
const firstOfThreads = (
  index: SearchIndex,
  { text, values }: Sql,
  { offset, count }: SearchQuery,
): Float64Array<ArrayBuffer> => {
  const seen = new Set<number>();
  const shown: Row[] = [];
  if (count === 0) return numbersOf(shown);
  for (const row of index.prepared(text).iterate(...values) as unknown as Iterable<Row>) {
    const thread = integer(row[2]);
    if (seen.has(thread)) continue;
    seen.add(thread);
    if (seen.size > offset) shown.push(row);
    if (shown.length === count) break;
  }
  return numbersOf(shown);
};

const numbersOf = (rows: readonly Row[]): Float64Array<ArrayBuffer> => {
  const numbers = new Float64Array(rows.length * 3);
  for (const [index, row] of rows.entries())
    for (let column = 0; column < 3; column++) numbers[index * 3 + column] = integer(row[column]);
  return numbers;
};

/** What the port gives. */
export const hitsOf = (numbers: Float64Array) =>
  Array.from({ length: numbers.length / 3 }, (_, index) => ({
    letter: numbers[index * 3] as LetterId,
    uid: numbers[index * 3 + 1] as Uid,
    thread: numbers[index * 3 + 2] as ThreadId,
  }));
