/** What of a letter a question needs: each has what the ones before it have. */
export type LetterNeed = 'place' | 'parsed' | 'content';

/** A letter of a mailbox, as far as it was asked for. */
export type FetchedLetter = {
  readonly uid: number;
  readonly letter: number;
  readonly thread: number;
  readonly modSeq: bigint;
  readonly keywords: readonly string[];
  /** Milliseconds since 1970, as `savedAt`: the internal date. */
  readonly receivedAt: number;
  readonly savedAt: number;
  /** Octets as served. */
  readonly sizeBytes: number;
  /** What `encodeStructure` of `mail/` wrote, of this version; null where it was not asked for. */
  readonly parsed: Uint8Array | null;
  /** Octets that stand before what `parsed` counts from. */
  readonly prefixBytes: number;
  /** The letter as served; null where it was not asked for, or is too large for a page. */
  readonly content: Uint8Array | null;
};
