import type { ByteWriter } from '../../bytes/byte-writer.ts';
import { formatFlags } from '../render/flags.ts';
import type { View } from '../view.ts';

/** Writes what the session is to be told of its mailbox now (RFC 9051 section 5.2). */
export function tell(view: View, which: 'everything' | 'nothing-gone', out: ByteWriter): void {
  for (const update of view.updates(which)) {
    switch (update.tell) {
      case 'gone':
        for (const { number } of update.letters) out.latin1(`* ${number} EXPUNGE\r\n`);
        break;
      case 'exists':
        out.latin1(`* ${update.count} EXISTS\r\n`);
        break;
      case 'letter':
        out.latin1(
          `* ${update.number} FETCH (UID ${update.letter.uid} FLAGS ${formatFlags(update.letter.keywords)})\r\n`,
        );
        break;
    }
  }
}
