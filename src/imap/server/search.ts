import type { SearchCommand, SearchReturns } from '../grammar/search.ts';
import { say } from '../say.ts';
import { formatEsearch, highestOf, toldOf } from './found.ts';
import { prepared } from './searching.ts';
import { asks, ends, isRev2, withEnabled, type Handler, type Selected } from './stage.ts';

/** SEARCH and UID SEARCH (RFC 9051 sections 6.4.4 and 6.4.9). */
export const search: Handler<SearchCommand, Selected> = (command, before, { out, tag }) => {
  const { name } = command;
  const returns = command.returns ?? (isRev2(before) ? everything : null);
  const saves = returns?.options.has('SAVE') === true;
  const ready = prepared(command, before.mailbox);
  // RFC 5182 section 2.1: where the search fails, nothing is saved, but a command that is BAD changes nothing.
  const failed = saves ? withSaved(before, []) : before;
  if (ready.is === 'not-ready') return ends(ready.status.is === 'BAD' ? before : failed, ready.status);
  const { key, tellsModSeq } = ready;
  const stage = tellsModSeq ? withEnabled(before, 'CONDSTORE') : before;
  const { id: mailbox, view } = stage.mailbox;
  return asks({ ask: 'search', mailbox, upTo: view.lastUid, key }, failed, (letters) => {
    const found = letters.filter(({ uid }) => view.positionOf(uid) >= 0);
    const by = name === 'UID SEARCH' ? 'uid' : 'number';
    const numbers = found.map(({ uid }) => (by === 'uid' ? uid : view.positionOf(uid) + 1));
    const told = toldOf(found, returns);
    const highest = tellsModSeq ? highestOf(told) : null;
    if (returns === null) out.latin1(formatFound('SEARCH', numbers, highest));
    else if (!saves || returns.options.size > 1 || returns.partial !== null)
      out.latin1(formatEsearch({ tag, by, numbers, returns, highest }));
    const saved = told.map(({ uid }) => uid).sort((one, other) => one - other);
    return ends(saves ? withSaved(stage, saved) : stage, say.done(name));
  });
};

const everything: SearchReturns = { options: new Set(['ALL']), partial: null };

/** The stage with another saved result. */
export const withSaved = (stage: Selected, saved: readonly number[]): Selected => ({
  ...stage,
  mailbox: { ...stage.mailbox, saved },
});

// mailbox-data =/ "SEARCH" [1*(SP nz-number) SP search-sort-mod-seq] / "SORT" [1*(SP nz-number) SP search-sort-mod-seq]
/** RFC 7162 section 7. */
export const formatFound = (
  what: 'SEARCH' | 'SORT',
  numbers: readonly number[],
  highest: bigint | null,
): string =>
  `* ${what}${numbers.map((number) => ` ${number}`).join('')}${highest === null ? '' : ` (MODSEQ ${highest})`}\r\n`;
