import { grammarLimits } from '../limits.ts';
import { say, type Status } from '../say.ts';
import type { ResolvedKey, SearchKey } from '../search-key.ts';
import { positionsOf } from './positions.ts';
import type { SelectedMailbox } from './stage.ts';

const charsets: ReadonlySet<string> = new Set(['US-ASCII', 'UTF-8']);

/** A search that can be put as a question, or why not. */
export type Prepared =
  | {
      readonly is: 'ready';
      readonly key: ResolvedKey;
      /** Whether modification sequences are looked at, and so told (RFC 7162 section 3.1.5). */
      readonly tellsModSeq: boolean;
    }
  | { readonly is: 'not-ready'; readonly status: Status };

const notReady = (status: Status): Prepared => ({ is: 'not-ready', status });

/** Finds the letters of the sets in a search, and looks at its bounds. */
export function prepared(
  { charset, key }: { readonly charset: string | null; readonly key: SearchKey },
  mailbox: SelectedMailbox,
): Prepared {
  if (charset !== null && !charsets.has(charset)) return notReady(say.badCharset);
  const resolved = resolve(key, mailbox);
  if (resolved === null) return notReady(say.noSuchNumber);
  const leaves = leavesOf(resolved);
  const texts = leaves.filter((leaf) => leaf === 'text' || leaf === 'body').length;
  const fields = leaves.filter((leaf) => leaf === 'field' || leaf === 'sent').length;
  if (texts > grammarLimits.searchTexts || fields > grammarLimits.searchFields)
    return notReady(say.tooManyTexts);
  return { is: 'ready', key: resolved, tellsModSeq: leaves.includes('modseq') };
}

/** The key with uids for numbers; null where a number is no letter's. */
function resolve(key: SearchKey, mailbox: SelectedMailbox): ResolvedKey | null {
  switch (key.key) {
    case 'set': {
      const positions = positionsOf(key.set, key.by, mailbox);
      return positions === null ? null : { key: 'uids', uids: mailbox.view.uidRanges(positions) };
    }
    case 'not': {
      const of = resolve(key.of, mailbox);
      return of === null ? null : { key: 'not', of };
    }
    case 'every':
    case 'any': {
      const of = key.of.map((one) => resolve(one, mailbox));
      return of.includes(null) ? null : { key: key.key, of: of.filter((one) => one !== null) };
    }
    default:
      return key;
  }
}

/** What kinds of keys there are in it. */
function leavesOf(key: ResolvedKey): readonly ResolvedKey['key'][] {
  if (key.key === 'not') return leavesOf(key.of);
  return 'of' in key ? key.of.flatMap(leavesOf) : [key.key];
}
