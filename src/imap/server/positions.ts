import { rangesOf, type NumberSet } from '../number-set.ts';
import type { Positions, View } from '../view.ts';
import type { SelectedMailbox } from './stage.ts';

/**
 * Where the letters of a set are in the mailbox; null where a number is no letter's. What was saved and is gone is passed
 * over (RFC 5182 section 2.1).
 */
export function positionsOf(
  set: NumberSet,
  by: 'number' | 'uid',
  { view, saved }: Pick<SelectedMailbox, 'view' | 'saved'>,
): readonly Positions[] | null {
  if (set === 'saved') return view.byUids(rangesOf(saved));
  return by === 'uid' ? view.byUids(set) : view.byNumbers(set);
}

/** The uids at these positions, lowest first. */
export const uidsAt = (positions: readonly Positions[], view: View): number[] => {
  const uids: number[] = [];
  for (const { first, last } of positions)
    for (let position = first; position <= last; position++) uids.push(view.uidAt(position));
  return uids;
};
