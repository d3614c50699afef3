import { grammarLimits } from '../limits.ts';
import type { SearchCommand } from '../grammar/search.ts';
import { formatNumberSet, rangesOf } from '../number-set.ts';
import type { Answers } from '../questions.ts';
import { quoted } from '../render/string.ts';
import { say } from '../say.ts';
import type { ResolvedKey, SearchKey, SearchReturn } from '../search-key.ts';
import { positionsOf } from './positions.ts';
import {
  asks,
  ends,
  isRev2,
  withEnabled,
  type Handler,
  type Selected,
  type SelectedMailbox,
} from './stage.ts';

const charsets: ReadonlySet<string> = new Set(['US-ASCII', 'UTF-8']);

/** SEARCH and UID SEARCH (RFC 9051 sections 6.4.4 and 6.4.9). */
export const search: Handler<SearchCommand, Selected> = (command, before, { out, tag }) => {
  const { name, charset, key } = command;
  const returns = command.returns ?? (isRev2(before) ? everything : null);
  const saves = returns?.has('SAVE') === true;
  // RFC 5182 section 2.1: where the search fails, nothing is saved.
  const failed = saves ? withSaved(before, []) : before;
  if (charset !== null && !charsets.has(charset)) return ends(failed, say.badCharset);
  const resolvedKey = resolveKey(key, before.mailbox);
  if (resolvedKey === null) return ends(before, say.noSuchNumber);
  const leaves = leavesOf(resolvedKey);
  if (leaves.filter((leaf) => leaf === 'text' || leaf === 'body').length > grammarLimits.searchTexts)
    return ends(failed, say.tooManyTexts);
  const tellsModSeq = leaves.includes('modseq');
  const stage = tellsModSeq ? withEnabled(before, 'CONDSTORE') : before;
  const { id: mailbox, view } = stage.mailbox;
  return asks({ ask: 'search', mailbox, upTo: view.lastUid, key: resolvedKey }, failed, (letters) => {
    const found = letters.filter(({ uid }) => view.positionOf(uid) >= 0);
    const by = name === 'UID SEARCH' ? 'uid' : 'number';
    const numbers = found.map(({ uid }) => (by === 'uid' ? uid : view.positionOf(uid) + 1));
    const highest = tellsModSeq ? highestOf(told(found, returns)) : null;
    if (returns === null) out.latin1(formatSearch(numbers, highest));
    else if (returns.size > 1 || !saves) out.latin1(formatEsearch({ tag, by, numbers, returns, highest }));
    const after = saves
      ? withSaved(
          stage,
          told(found, returns).map(({ uid }) => uid),
        )
      : stage;
    return ends(after, say.done(name));
  });
};

type Found = Answers['search'];

const highestOf = (found: Found): bigint | null =>
  found.reduce<bigint | null>(
    (highest, { modSeq }) => (highest === null || modSeq > highest ? modSeq : highest),
    null,
  );

/**
 * The letters that a search tells of, and so saves: the first and the last alone, where nothing else is asked (RFC 5182 section
 * 2.4, RFC 7162 section 3.1.10).
 */
function told(found: Found, returns: ReadonlySet<SearchReturn> | null): Found {
  const isPart = returns !== null && (returns.has('MIN') || returns.has('MAX'));
  if (!isPart || returns.has('ALL') || returns.has('COUNT')) return found;
  const last = found.length - 1;
  return found.filter(
    (_, index) => (returns.has('MIN') && index === 0) || (returns.has('MAX') && index === last),
  );
}

// mailbox-data =/ "SEARCH" [1*(SP nz-number) SP search-sort-mod-seq]              (RFC 7162 section 7)
const formatSearch = (numbers: readonly number[], highest: bigint | null): string =>
  `* SEARCH${numbers.map((number) => ` ${number}`).join('')}${highest === null ? '' : ` (MODSEQ ${highest})`}\r\n`;

// esearch-response = "ESEARCH" [search-correlator] [SP "UID"] *(SP search-return-data)   (RFC 9051 section 9)
function formatEsearch({ tag, by, numbers, returns, highest }: Esearch): string {
  const uid = by === 'uid' ? ' UID' : '';
  const modSeq = highest === null ? '' : ` MODSEQ ${highest}`;
  return `* ESEARCH (TAG ${quoted(tag)})${uid}${formatReturns(numbers, returns)}${modSeq}\r\n`;
}

type Esearch = {
  readonly tag: string;
  readonly by: 'number' | 'uid';
  readonly numbers: readonly number[];
  readonly returns: ReadonlySet<SearchReturn>;
  readonly highest: bigint | null;
};

const everything: ReadonlySet<SearchReturn> = new Set(['ALL']);

const withSaved = (stage: Selected, saved: readonly number[]): Selected => ({
  ...stage,
  mailbox: { ...stage.mailbox, saved },
});

// search-return-data = "MIN" SP nz-number / "MAX" SP nz-number / "ALL" SP sequence-set / "COUNT" SP number
/** RFC 4731 section 3.1: of nothing there is no least, no largest and no set, and without an option everything is asked. */
function formatReturns(found: readonly number[], returns: ReadonlySet<SearchReturn>): string {
  const isAll = returns.has('ALL') || returns.size === 0;
  const [first] = found;
  let text = '';
  if (first !== undefined) {
    if (returns.has('MIN')) text += ` MIN ${first}`;
    if (returns.has('MAX')) text += ` MAX ${found.at(-1)}`;
    if (isAll) text += ` ALL ${formatNumberSet(rangesOf(found))}`;
  }
  return returns.has('COUNT') ? `${text} COUNT ${found.length}` : text;
}

/** The key with uids for numbers; null where a number is no letter's. */
function resolveKey(key: SearchKey, mailbox: SelectedMailbox): ResolvedKey | null {
  switch (key.key) {
    case 'set': {
      const positions = positionsOf(key.set, key.by, mailbox);
      return positions === null ? null : { key: 'uids', uids: mailbox.view.uidRanges(positions) };
    }
    case 'not': {
      const of = resolveKey(key.of, mailbox);
      return of === null ? null : { key: 'not', of };
    }
    case 'every':
    case 'any': {
      const of = key.of.map((one) => resolveKey(one, mailbox));
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
