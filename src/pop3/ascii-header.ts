import { isAscii, isUtf8 } from 'node:buffer';
import { downgradedHeader } from '../mail/downgraded-header.ts';
import { splitMessage } from '../mail/header.ts';

const LF = 10;

type Beginning = { readonly pieces: readonly Uint8Array[]; readonly isWhole: boolean };

/**
 * The beginning of a letter, or all of it, for a client that has not said UTF8: a header in UTF-8 is written anew in ASCII
 * (RFC 6856 section 4, RFC 6858). A header in another charset, which no standard lets stand, stays as it is: those who read such
 * letters guess it. So does what comes behind the header, and behind `pieces`.
 */
export function withAsciiHeader({ pieces, isWhole }: Beginning): readonly Uint8Array[] {
  if (pieces.every((piece) => isAscii(piece))) return pieces;
  const bytes = Buffer.concat(pieces);
  const { headerEnd } = splitMessage(bytes);
  // A header that has not come to its end yet is cut between two lines.
  const end = headerEnd === bytes.length && !isWhole ? bytes.lastIndexOf(LF) + 1 : headerEnd;
  const header = bytes.subarray(0, end);
  if (isAscii(header) || !isUtf8(header)) return pieces;
  return [downgradedHeader(header), bytes.subarray(end)];
}
