import type { StoreCommand } from '../grammar/store.ts';
import { formatFlags } from '../render/flags.ts';
import { formatNumberSet, rangesOf } from '../number-set.ts';
import { say } from '../say.ts';
import type { ChangedLetter, View } from '../view.ts';
import { asks, ends, tellsModSeqs, withEnabled, type Handler, type Selected } from './stage.ts';
import { positionsOf, uidsAt } from './positions.ts';

/** STORE and UID STORE (RFC 9051 sections 6.4.6 and 6.4.9), also on a condition (RFC 7162 section 3.1.3). */
export const store: Handler<StoreCommand, Selected> = (command, before, { out }) => {
  const { name, set, how, keywords, silent, unchangedSince } = command;
  const stage = unchangedSince === null ? before : withEnabled(before, 'CONDSTORE');
  const { id: mailbox, readOnly, view } = stage.mailbox;
  const byUid = name === 'UID STORE';
  const positions = positionsOf(set, byUid ? 'uid' : 'number', stage.mailbox);
  if (positions === null) return ends(stage, say.noSuchNumber);
  if (readOnly) return ends(stage, say.readOnly);
  const uids = uidsAt(positions, view);
  if (uids.length === 0) return ends(stage, say.done(name));
  const wanted = { how, keywords, since: view.since, tell: silent ? 'changed' : 'all' } as const;
  const condition = unchangedSince === null ? {} : { unchangedSince };
  return asks({ ask: 'set-keywords', mailbox, uids, ...wanted, ...condition }, stage, (done) => {
    const { letters, modified, alone } = done;
    for (const letter of letters) {
      const number = view.positionOf(letter.uid) + 1;
      // Silence is kept where the client knows what the flags are now.
      if (!silent || alone) view.know(letter);
      if (number > 0) out.latin1(formatStored(number, letter, command, stage));
    }
    if (modified.length > 0)
      return ends(stage, say.doneAs(name, `MODIFIED ${numbersOf(modified, byUid, view)}`));
    const isWhole = byUid || silent || letters.length === uids.length;
    return ends(stage, isWhole ? say.done(name) : say.someGone);
  });
};

/** What STORE tells of a letter: its flags, unless in silence, and its modification sequence to who is told of them. */
function formatStored(
  number: number,
  letter: ChangedLetter,
  { name, silent }: StoreCommand,
  stage: Selected,
): string {
  const told = [
    ...(name === 'UID STORE' ? [`UID ${letter.uid}`] : []),
    ...(silent ? [] : [`FLAGS ${formatFlags(letter.keywords)}`]),
    ...(tellsModSeqs(stage) ? [`MODSEQ (${letter.modSeq})`] : []),
  ];
  return silent && !tellsModSeqs(stage) ? '' : `* ${number} FETCH (${told.join(' ')})\r\n`;
}

const numbersOf = (uids: readonly number[], byUid: boolean, view: View): string =>
  formatNumberSet(rangesOf(byUid ? uids : uids.map((uid) => view.positionOf(uid) + 1)));
