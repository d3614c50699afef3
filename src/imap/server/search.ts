import { grammarLimits } from '../limits.ts';
import type { SearchCommand } from '../grammar/search.ts';
import { formatNumberSet, rangesOf } from '../number-set.ts';
import { quoted } from '../render/string.ts';
import { say } from '../say.ts';
import type { ResolvedKey, SearchKey, SearchReturn } from '../search-key.ts';
import { positionsOf } from './positions.ts';
import { asks, ends, isRev2, type Handler, type Selected, type SelectedMailbox } from './stage.ts';

const charsets: ReadonlySet<string> = new Set(['US-ASCII', 'UTF-8']);

/** SEARCH and UID SEARCH (RFC 9051 sections 6.4.4 and 6.4.9). */
export const search: Handler<SearchCommand, Selected> = (command, stage, { out, tag }) => {
  const { name, charset, key } = command;
  const { id: mailbox, view } = stage.mailbox;
  const returns = command.returns ?? (isRev2(stage) ? everything : null);
  const saves = returns?.has('SAVE') === true;
  // RFC 5182 section 2.1: where the search fails, nothing is saved.
  const home = saves ? withSaved(stage, []) : stage;
  if (charset !== null && !charsets.has(charset)) return ends(home, say.badCharset);
  const resolvedKey = resolveKey(key, stage.mailbox);
  if (resolvedKey === null) return ends(stage, say.noSuchNumber);
  if (textsIn(resolvedKey) > grammarLimits.searchTexts) return ends(home, say.tooManyTexts);
  return asks({ ask: 'search', mailbox, upTo: view.lastUid, key: resolvedKey }, home, (uids) => {
    const known = uids.filter((uid) => view.positionOf(uid) >= 0);
    const isByUid = name === 'UID SEARCH';
    const found = isByUid ? known : known.map((uid) => view.positionOf(uid) + 1);
    if (returns === null) out.latin1(`* SEARCH${found.map((number) => ` ${number}`).join('')}\r\n`);
    else if (returns.size > 1 || !saves) {
      const uid = isByUid ? ' UID' : '';
      out.latin1(`* ESEARCH (TAG ${quoted(tag)})${uid}${formatReturns(found, returns)}\r\n`);
    }
    const after = saves ? withSaved(stage, savedOf(known, returns)) : stage;
    return ends(after, say.done(name));
  });
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

/** RFC 5182 section 2.4: the least and the largest alone, where nothing else is asked. */
function savedOf(uids: readonly number[], returns: ReadonlySet<SearchReturn>): readonly number[] {
  const isPart = (returns.has('MIN') || returns.has('MAX')) && !returns.has('ALL') && !returns.has('COUNT');
  if (!isPart) return uids;
  const parts = [returns.has('MIN') ? uids[0] : undefined, returns.has('MAX') ? uids.at(-1) : undefined];
  return [...new Set(parts.filter((uid) => uid !== undefined))];
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

function textsIn(key: ResolvedKey): number {
  if (key.key === 'text' || key.key === 'body') return 1;
  if (key.key === 'not') return textsIn(key.of);
  return 'of' in key ? key.of.reduce((sum, one) => sum + textsIn(one), 0) : 0;
}
