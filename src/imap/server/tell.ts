import type { ByteWriter } from '../../bytes/byte-writer.ts';
import { formatNumberSet, rangesOf, type NumberRange } from '../number-set.ts';
import { formatFlags } from '../render/flags.ts';
import type { ChangedLetter, Update } from '../view.ts';
import { tellsModSeqs, type Selected } from './stage.ts';

/** Writes what the session is to be told of its mailbox now (RFC 9051 section 5.2). */
export function tell(stage: Selected, which: 'everything' | 'nothing-gone', out: ByteWriter): void {
  for (const update of stage.mailbox.view.updates(which)) {
    switch (update.tell) {
      case 'gone':
        tellGone(update, stage, out);
        break;
      case 'exists':
        out.latin1(`* ${update.count} EXISTS\r\n`);
        break;
      case 'letter':
        out.latin1(formatChanged(update.number, update.letter, stage));
        break;
    }
  }
}

/** RFC 7162 section 3.2.10: by uids for who asked for QRESYNC, else by numbers. */
function tellGone(
  { letters }: Extract<Update, { tell: 'gone' }>,
  { person }: Selected,
  out: ByteWriter,
): void {
  if (person.enabled.has('QRESYNC'))
    out.latin1(`* VANISHED ${formatNumberSet(rangesOf(letters.map(({ uid }) => uid)))}\r\n`);
  else for (const { number } of letters) out.latin1(`* ${number} EXPUNGE\r\n`);
}

/** A letter whose flags changed, with its modification sequence for who is told of them (RFC 7162 section 3.1). */
export function formatChanged(
  number: number,
  { uid, keywords, modSeq }: ChangedLetter,
  stage: Selected,
): string {
  const sequence = tellsModSeqs(stage) ? ` MODSEQ (${modSeq})` : '';
  return `* ${number} FETCH (UID ${uid} FLAGS ${formatFlags(keywords)}${sequence})\r\n`;
}

/** The uids that left before now, which the client may know (RFC 7162 section 3.2.10); nothing of none. */
export const formatEarlier = (vanished: readonly NumberRange[]): string =>
  vanished.length === 0 ? '' : `* VANISHED (EARLIER) ${formatNumberSet(vanished)}\r\n`;
