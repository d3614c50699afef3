import type { NumberRange, NumberSet } from '../number-set.ts';
import { say } from '../say.ts';
import { positionsOf } from './positions.ts';
import { asks, ends, tellsModSeqs, type Handler, type Move, type Selected } from './stage.ts';

/** EXPUNGE (RFC 9051 section 6.4.3): of the letters that the session knows of. */
export const expunge: Handler<{ name: 'EXPUNGE' }, Selected> = ({ name }, stage) =>
  remove(name, [{ from: 1, to: stage.mailbox.view.lastUid }], stage);

/** UID EXPUNGE (RFC 9051 section 6.4.9). */
export const uidExpunge: Handler<{ name: 'UID EXPUNGE'; set: NumberSet }, Selected> = (
  { name, set },
  stage,
) => {
  const positions = positionsOf(set, 'uid', stage.mailbox) ?? [];
  return remove(name, stage.mailbox.view.uidRanges(positions), stage);
};

/** What is gone is told before the command ends, like everything that happened. */
function remove(name: string, uids: readonly NumberRange[], stage: Selected): Move {
  const { id: mailbox, readOnly, view } = stage.mailbox;
  if (readOnly) return ends(stage, say.readOnly);
  if (uids.length === 0 || view.count === 0) return ends(stage, say.done(name));
  return asks({ ask: 'expunge', mailbox, uids }, stage, (gone) => {
    // RFC 7162 section 3.2.7: who keeps modification sequences learns the one of this.
    const isTold = tellsModSeqs(stage) && gone.uids.length > 0;
    return ends(stage, isTold ? say.doneAs(name, `HIGHESTMODSEQ ${gone.modSeq}`) : say.done(name));
  });
}
