import fc from 'fast-check';
import { turnsOfMoves, type Move } from '../../src/store/contract/moves.ts';

/** How many short histories a long one is made of. */
const PIECES = 40;

/** The turns of a history that this seed always gives; the moves of a turn are made at once. */
export const historyOf = (seed: number): readonly (readonly Move[])[] =>
  fc.sample(turnsOfMoves, { seed, numRuns: PIECES }).flat();
