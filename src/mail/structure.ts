import type { Disposition } from './content-type.ts';
import type { Envelope } from './envelope.ts';
import type { Parameter } from './parameters.ts';

/**
 * A letter, or a part of one (RFC 2045 section 2.4): where its bytes are and what its header says. Offsets count octets
 * from the beginning of the letter as it was given; texts are unfolded and still in encoded words. It holds what
 * BODYSTRUCTURE and BODY[section] of RFC 9051 section 7.5.2 and EmailBodyPart of RFC 8621 section 4.1.4 need.
 */
export type MimePart = {
  /** Where its header begins; the header goes to `bodyStart`, the empty line that ends it included. */
  readonly headerStart: number;
  readonly bodyStart: number;
  /** Without the line end that belongs to the boundary after it. */
  readonly bodyEnd: number;
  /** Lines of the body, one without a line end at the end of it included. */
  readonly lines: number;
  /** Octets of the body after its transfer encoding is undone; as they stand for multiparts and nested letters. */
  readonly decodedBytes: number;
  /** In lower case, as `subtype`. */
  readonly type: string;
  readonly subtype: string;
  /** Each name once, in their order. */
  readonly parameters: readonly Parameter[];
  /** In lower case; `7bit` where none is named (RFC 2045 section 6.1). */
  readonly encoding: string;
  /** `Content-ID:` as it stands, with its angle brackets. */
  readonly id: string | null;
  readonly description: string | null;
  readonly md5: string | null;
  readonly disposition: Disposition | null;
  /** The tags of `Content-Language:` (RFC 3282 section 2). */
  readonly language: readonly string[];
  readonly location: string | null;
  readonly content: PartContent;
};

/** What is inside a part. Past a bound everything is a leaf, whatever its type. */
export type PartContent =
  | { readonly is: 'leaf' }
  | { readonly is: 'multipart'; readonly parts: readonly MimePart[] }
  /** `message/rfc822` and `message/global`: the nested letter begins where the body of this part does. */
  | { readonly is: 'message'; readonly envelope: Envelope; readonly letter: MimePart };
