import type { SearchSort } from '../port.ts';
import { valueOf, type Candidates } from './search-filter.ts';

/** The place of a key among all of them, by its number. */
export type Ranks = Uint32Array;

/** Below 0 where the first candidate stands before the second; never 0 for two. */
export type Order = (one: number, other: number) => number;

/** The order of the candidates by their rows; `ranks` where it is by texts. */
export const orderOf = (candidates: Candidates, sort: readonly SearchSort[], ranks: Ranks): Order => {
  const keys = sort.map(({ by, order }) => ({
    keyOf: keyOf(candidates, by, ranks),
    sign: order === 'ascending' ? 1 : -1,
  }));
  const { uid } = candidates.roll.columns;
  const last: Order =
    candidates.mailbox === null
      ? (one, other) => one - other
      : (one, other) => (uid[one] ?? 0) - (uid[other] ?? 0);
  const [first, ...more] = keys;
  if (first === undefined) return last;
  if (more.length === 0)
    return (one, other) => first.sign * (first.keyOf(one) - first.keyOf(other)) || last(one, other);
  return (one, other) => {
    for (const { keyOf: key, sign } of keys) {
      const compared = key(one) - key(other);
      if (compared !== 0) return sign * compared;
    }
    return last(one, other);
  };
};

const keyOf = (candidates: Candidates, by: SearchSort['by'], ranks: Ranks): ((row: number) => number) => {
  const { subject, sender } = candidates.roll.columns;
  switch (by) {
    case 'subject':
      return (row) => ranks[subject[row] ?? 0] ?? 0;
    case 'from':
      return (row) => ranks[sender[row] ?? 0] ?? 0;
    case 'received':
    case 'saved':
    case 'sent':
    case 'size':
    case 'uid':
      return valueOf(candidates, by);
  }
};

/** Of each thread the row that stands first, in any order. */
export const firstOfThreads = (rows: Uint32Array, thread: Float64Array, order: Order): Uint32Array => {
  const firsts = new Map<number, number>();
  for (const row of rows) {
    const key = thread[row] ?? 0;
    const known = firsts.get(key);
    if (known === undefined || order(row, known) < 0) firsts.set(key, row);
  }
  return Uint32Array.from(firsts.values());
};

/** Those from `from` up to, and without, `to`, of all rows in their order. */
export const pageOf = (rows: Uint32Array, order: Order, from: number, to: number): Uint32Array => {
  const end = Math.min(to, rows.length);
  if (from >= end) return new Uint32Array();
  return (end < rows.length / 8 ? lowest(rows, order, end) : rows.toSorted(order)).subarray(from, end);
};

/** The first `count` in their order: a heap whose top is the last of them, so that most rows are only compared with it. */
const lowest = (all: Uint32Array, order: Order, count: number): Uint32Array => {
  // The letters came in an order that is often this one, or this one from behind.
  const rows = order(all.at(-1) ?? 0, all[0] ?? 0) < 0 ? all.toReversed() : all;
  const heap = rows.slice(0, count);
  for (let at = (count >>> 1) - 1; at >= 0; at--) sink(heap, order, at);
  for (let at = count; at < rows.length; at++) {
    const row = rows[at] ?? 0;
    if (order(row, heap[0] ?? 0) > 0) continue;
    heap[0] = row;
    sink(heap, order, 0);
  }
  return heap.sort(order);
};

const sink = (heap: Uint32Array, order: Order, from: number): void => {
  const moved = heap[from] ?? 0;
  let at = from;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && order(heap[child + 1] ?? 0, heap[child] ?? 0) > 0) child++;
    const lower = heap[child] ?? 0;
    if (order(lower, moved) <= 0) break;
    heap[at] = lower;
    at = child;
  }
  heap[at] = moved;
};
