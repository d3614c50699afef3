import { delimiter } from './mailboxes.ts';

/** More wildcards than this in one pattern are nobody's. */
export const mostWildcards = 20;

/** How many wildcards a pattern has, those next to each other counted once. */
export const wildcardsIn = (pattern: string): number => pattern.match(/[%*]+/g)?.length ?? 0;

/**
 * Whether a path matches a pattern of LIST (RFC 9051 section 6.3.9): `*` is anything, `%` anything within a level. The
 * work is the path's length times the number of wildcards, whatever they are.
 */
export function matchesPattern(path: string, pattern: string): boolean {
  /** Where in the path the pattern may stand after each of its pieces. */
  let places: ReadonlySet<number> = new Set([0]);
  for (const piece of pattern.match(/[%*]+|[^%*]+/g) ?? []) {
    places =
      piece.startsWith('%') || piece.startsWith('*') ? wild(path, places, piece) : text(path, places, piece);
    if (places.size === 0) return false;
  }
  return places.has(path.length);
}

function text(path: string, places: ReadonlySet<number>, piece: string): ReadonlySet<number> {
  const next = new Set<number>();
  for (const place of places) if (path.startsWith(piece, place)) next.add(place + piece.length);
  return next;
}

function wild(path: string, places: ReadonlySet<number>, piece: string): ReadonlySet<number> {
  const next = new Set<number>();
  const isAny = piece.includes('*');
  for (const place of places) {
    for (let end = place; end <= path.length && !next.has(end); end++) {
      next.add(end);
      if (!isAny && path[end] === delimiter) break;
    }
  }
  return next;
}
