import type { SortCommand, ThreadCommand } from '../grammar/sort.ts';
import { say } from '../say.ts';
import { formatThreads } from '../threading.ts';
import { formatEsearch, highestOf, toldOf } from './found.ts';
import { formatFound, withSaved } from './search.ts';
import { prepared } from './searching.ts';
import { asks, ends, withEnabled, type Handler, type Selected } from './stage.ts';

/** SORT and UID SORT (RFC 5256 section 3), with what SEARCH can be asked to give (RFC 5267 section 3). */
export const sort: Handler<SortCommand, Selected> = (command, before, { out, tag }) => {
  const { name, returns, sort: by } = command;
  const saves = returns?.options.has('SAVE') === true;
  const ready = prepared(command, before.mailbox);
  const failed = saves ? withSaved(before, []) : before;
  if (ready.is === 'not-ready') return ends(ready.status.is === 'BAD' ? before : failed, ready.status);
  const { key, tellsModSeq } = ready;
  const stage = tellsModSeq ? withEnabled(before, 'CONDSTORE') : before;
  const { id: mailbox, view } = stage.mailbox;
  return asks({ ask: 'sort', mailbox, upTo: view.lastUid, key, sort: by }, failed, (letters) => {
    const found = letters.filter(({ uid }) => view.positionOf(uid) >= 0);
    const isByUid = name === 'UID SORT';
    const numbers = found.map(({ uid }) => (isByUid ? uid : view.positionOf(uid) + 1));
    const told = toldOf(found, returns);
    const highest = tellsModSeq ? highestOf(told) : null;
    if (returns === null) out.latin1(formatFound('SORT', numbers, highest));
    else if (!saves || returns.options.size > 1 || returns.partial !== null)
      out.latin1(formatEsearch({ tag, by: isByUid ? 'uid' : 'number', numbers, returns, highest }));
    const saved = told.map(({ uid }) => uid).sort((one, other) => one - other);
    return ends(saves ? withSaved(stage, saved) : stage, say.done(name));
  });
};

/** THREAD and UID THREAD (RFC 5256 section 3). */
export const thread: Handler<ThreadCommand, Selected> = (command, stage, { out }) => {
  const { name, algorithm } = command;
  const ready = prepared(command, stage.mailbox);
  if (ready.is === 'not-ready') return ends(stage, ready.status);
  const { id: mailbox, view } = stage.mailbox;
  return asks({ ask: 'thread', mailbox, upTo: view.lastUid, key: ready.key, algorithm }, stage, (threads) => {
    const numberOf = (uid: number): number => (name === 'UID THREAD' ? uid : view.positionOf(uid) + 1);
    const text = formatThreads(threads, numberOf);
    out.latin1(text === '' ? '* THREAD\r\n' : `* THREAD ${text}\r\n`);
    return ends(stage, say.done(name));
  });
};
