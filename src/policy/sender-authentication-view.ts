import { setImmediate } from 'node:timers/promises';
import { asciiDomain } from '../mail/domain.ts';
import { Header, splitMessage, type HeaderField } from '../mail/header.ts';
import { keptPieces, type OmittedRange } from '../mail/omitted-ranges.ts';
import { ok, refused, type Result } from '../result.ts';
import { goesInCircles, headBytes, headOf, type Content } from './reception.ts';

/** A header of more lines than this is no letter's, and takes the verifiers too long. */
const mostHeaderLines = 5000;
/** RFC 6376 section 6.1: a verifier may limit how many signatures it tries. The first ones of the header are. */
const mostSignatures = 10;
/** A signature field is shorter than this, even with the longest list of fields. */
const longestSignature = 8192;

/**
 * The whole header of a letter; refused where it is so long that its fields cannot all be looked at. A letter whose header
 * is read in part only could show its reader what nobody checked.
 */
export function wholeHeader(head: Uint8Array, sizeBytes: number): Result<Header, 'header-too-long'> {
  const seen = head.subarray(0, headBytes);
  const { headerEnd } = splitMessage(seen);
  if (headerEnd === seen.length && headerEnd < sizeBytes) return refused('header-too-long');
  const header = new Header(seen.subarray(0, headerEnd));
  const isWhole = header.end === 'complete' && header.lines <= mostHeaderLines;
  return isWhole ? ok(header) : refused('header-too-long');
}

/** The whole header of a letter that may come in, as far as its header says. */
export function admittedHeader(content: Content): Result<Header, 'header-too-long' | 'looping'> {
  const header = wholeHeader(headOf(content), content.sizeBytes);
  return header.ok && goesInCircles(header.value) ? refused('looping') : header;
}

/** A letter as the verifiers are shown it: no more signatures than they have to try, in pieces of a bearable size. */
export type VerifiedView = {
  /** Lets others have a turn before each piece: verifiers work through what they have without a break. */
  readonly pieces: () => AsyncGenerator<Buffer, void, undefined>;
  /** Where the keys of the signatures are published, each once. */
  readonly keyNames: readonly string[];
};

/**
 * Signatures of a part of the body: each has the whole letter hashed once more, where all others share at most four
 * hashes, and none of them is worth anything in the end.
 */
const mostPartialSignatures = 1;
/** So much is hashed at one go before other connections get their turn. */
const pieceBytes = 16_384;

export function verifiedView(header: Header, { chunks }: Content): VerifiedView {
  const surplus: OmittedRange[] = [];
  const keyNames = new Set<string>();
  let signatures = 0;
  let partial = 0;
  for (const field of header.fields) {
    if (field.name !== 'dkim-signature') continue;
    const tags = signatureTags(header, field);
    signatures += 1;
    if (tags.has('l')) partial += 1;
    const many = signatures > mostSignatures || (tags.has('l') && partial > mostPartialSignatures);
    if (many || field.end - field.start > longestSignature) {
      surplus.push({ start: field.start, end: field.end });
      continue;
    }
    const name = keyName(tags);
    if (name !== null) keyNames.add(name);
  }
  return { pieces: () => pieces(chunks, header.bytes.length, surplus), keyNames: [...keyNames] };
}

/** The letter without the surplus of its header, which is its first `headerLength` bytes. */
async function* pieces(
  chunks: readonly Uint8Array[],
  headerLength: number,
  surplus: readonly OmittedRange[],
): AsyncGenerator<Buffer, void, undefined> {
  // What has no header must not seem to have one to a reader who is more lenient.
  if (headerLength === 0) yield Buffer.from('\r\n');
  let before = 0;
  for (const chunk of chunks) {
    const inHeader = before < headerLength ? shifted(surplus, before, chunk.length) : [];
    for (const piece of keptPieces(chunk, inHeader)) {
      for (let at = 0; at < piece.length; at += pieceBytes) {
        await setImmediate();
        const part = piece.subarray(at, at + pieceBytes);
        yield Buffer.from(part.buffer, part.byteOffset, part.byteLength);
      }
    }
    before += chunk.length;
  }
}

/** The ranges as they lie in a chunk that begins at `before`. */
function shifted(ranges: readonly OmittedRange[], before: number, length: number): readonly OmittedRange[] {
  return ranges
    .map(({ start, end }) => ({ start: Math.max(0, start - before), end: Math.min(length, end - before) }))
    .filter(({ start, end }) => start < end);
}

/** The tags of a signature (RFC 6376 section 3.2); names in lower case, so that none is missed that another reader sees. */
function signatureTags(header: Header, field: HeaderField): ReadonlyMap<string, string> {
  const tags = new Map<string, string>();
  for (const tag of header.value(field).replaceAll(/\s/g, '').split(';')) {
    const equals = tag.indexOf('=');
    if (equals > 0) tags.set(tag.slice(0, equals).toLowerCase(), tag.slice(equals + 1));
  }
  return tags;
}

/** The name that a signature's key is published under (RFC 6376 section 3.6.2.1); null where it cannot be told. */
function keyName(tags: ReadonlyMap<string, string>): string | null {
  const [selector = '', domain = ''] = [tags.get('s'), tags.get('d')];
  return selector === '' || domain === ''
    ? null
    : `${asciiDomain(selector)}._domainkey.${asciiDomain(domain)}`;
}
