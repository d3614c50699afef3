import type { UidBatchesCommand } from '../grammar/uid-batches.ts';
import type { NumberRange } from '../number-set.ts';
import { quoted } from '../render/string.ts';
import { say } from '../say.ts';
import type { View } from '../view.ts';
import { ends, type Handler, type Selected } from './stage.ts';

/** As many as a mailbox of five million letters has of the smallest size. */
const mostBatches = 10_000;

/** UIDBATCHES (RFC 10022): uid ranges with as many letters each, from the highest uid down. */
export const uidBatches: Handler<UidBatchesCommand, Selected> = ({ name, size, batches }, stage, context) => {
  const { settings, out, tag } = context;
  const { view } = stage.mailbox;
  if (size < settings.limits.batchLetters)
    return ends(stage, say.batchTooSmall(settings.limits.batchLetters));
  const wanted = batches ?? { from: 1, to: Math.ceil(view.count / size) };
  if (batches !== null && wanted.from > wanted.to) return ends(stage, say.batchesReversed);
  if (wanted.to - wanted.from >= mostBatches) return ends(stage, say.tooManyBatches);
  const ranges = rangesOf(view, size, wanted);
  const list = ranges.length === 0 ? '' : ` ${ranges.map(({ from, to }) => `${to}:${from}`).join(',')}`;
  out.latin1(`* UIDBATCHES (TAG ${quoted(tag)})${list}\r\n`);
  return ends(stage, say.done(name));
};

/** The batches touch each other, and the last one goes down to 1, so that no uid is between them. */
function rangesOf(view: View, size: number, { from, to }: NumberRange): readonly NumberRange[] {
  const ranges: NumberRange[] = [];
  const last = Math.min(to, Math.ceil(view.count / size));
  for (let batch = from; batch <= last; batch++) {
    const top = view.count - 1 - (batch - 1) * size;
    const below = top - size;
    ranges.push({ from: below < 0 ? 1 : view.uidAt(below) + 1, to: view.uidAt(top) });
  }
  return ranges;
}
