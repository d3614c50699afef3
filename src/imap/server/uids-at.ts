import type { Positions, View } from '../view.ts';

/** The uids at these positions, lowest first. */
export const uidsAt = (positions: readonly Positions[], view: View): number[] => {
  const uids: number[] = [];
  for (const { first, last } of positions)
    for (let position = first; position <= last; position++) uids.push(view.uidAt(position));
  return uids;
};
