import { defaultLetterBounds } from '../mail/letter-bounds.ts';
import { LetterParser, type ParsedLetter } from '../mail/letter-parser.ts';
import type { Envelope } from '../mail/envelope.ts';
import { threadIds } from '../mail/message-ids.ts';
import { keptChunks, keptPieces, rangesWithin, type OmittedRange } from '../mail/omitted-ranges.ts';
import { readLetterHeader } from '../mail/part-header.ts';
import { encodeStructure } from '../mail/structure-codec.ts';
import { summaryOf } from '../mail/summary.ts';
import type { NewLetter } from '../store/port.ts';

/** The texts are read again when somebody searches: most letters are never searched for. */
const bounds = { ...defaultLetterBounds, searchableBytes: 0 };

/** What is computed of a letter once, before it is stored. */
export type ComputedLetter = {
  readonly stored: Pick<NewLetter, 'summary' | 'parsed' | 'threading'>;
  /**
   * What has to stand between the fields of this server and the letter: an empty line before one whose first line is no
   * field, so that nobody's words continue a field of this server, or pass for one (RFC 5322 section 2.1).
   */
  readonly separation: '' | '\r\n';
};

/**
 * Computes it. The places of its parts count from where the letter as it is kept
 * and served begins, behind the fields that this server puts before it; of those, `added` counts for the envelope.
 */
export async function computedLetter(
  chunks: Iterable<Uint8Array>,
  omitted: readonly OmittedRange[],
  added = '',
): Promise<ComputedLetter> {
  const parser = new LetterParser(bounds);
  for (const chunk of keptChunks(chunks, omitted)) parser.push(chunk);
  return computed(await parser.end(), added);
}

/** The same for a letter that is too large to hold in memory. */
export async function computedPieces(
  pieces: AsyncIterable<Uint8Array>,
  omitted: readonly OmittedRange[],
): Promise<ComputedLetter> {
  const parser = new LetterParser(bounds);
  let at = 0;
  for await (const piece of pieces) {
    for (const kept of keptPieces(piece, rangesWithin(omitted, at, piece.length))) parser.push(kept);
    at += piece.length;
  }
  return computed(await parser.end(), '');
}

function computed(parsed: ParsedLetter, added: string): ComputedLetter {
  const envelope = added === '' ? parsed.envelope : withAdded(parsed.envelope, added);
  const messageIds = added === '' ? parsed.messageIds : threadIds(envelope);
  const threading = { messageIds, baseSubject: parsed.baseSubject.text };
  return {
    stored: { summary: summaryOf(envelope), parsed: encodeStructure({ ...parsed, envelope }), threading },
    separation: parsed.structure.bodyStart === 0 ? '\r\n' : '',
  };
}

/** The envelope of a letter before which these fields stand; what it does not have, they have. */
function withAdded(envelope: Envelope, added: string): Envelope {
  const { headerBytes, addresses, parameters } = bounds;
  const own = readLetterHeader(Buffer.from(added), headerBytes, { addresses, parameters }).envelope;
  return {
    ...envelope,
    date: envelope.date ?? own.date,
    messageId: envelope.messageId ?? own.messageId,
    sender: own.sender ?? envelope.sender,
  };
}
