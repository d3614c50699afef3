/**
 * How far a letter is looked into. Past a bound the rest is opaque and the letter is kept and served all the same: a
 * multipart is a leaf, a field is as if it were not there.
 */
export type LetterBounds = {
  /** Parts inside each other, the letter itself not counted. */
  readonly depth: number;
  /** Parts in all, the letter itself included; the last one holds what follows. */
  readonly parts: number;
  /** Octets of the header of the letter, and of each part's. */
  readonly headerBytes: number;
  /** Octets of all headers together. */
  readonly headerBytesInAll: number;
  /** Addresses of all envelopes together. */
  readonly addresses: number;
  /** Parameters of all parts together. */
  readonly parameters: number;
  /** Octets of text that are kept for the index, as decoded from their transfer encoding; 0 where nobody wants them. */
  readonly searchableBytes: number;
};

/** What is left of a letter's bounds while it is read. */
export type LetterAllowance = { addresses: number; parameters: number };

/** What no letter that people write to each other reaches. */
export const defaultLetterBounds: LetterBounds = {
  // Real letters nest fewer than ten deep; a reply that forwards a reply as a file some twenty.
  depth: 50,
  // A digest of a busy list has a few hundred.
  parts: 1000,
  // As much as the exchanger takes (`headerFields`).
  headerBytes: 256 * 1024,
  // Four times that, so that a thousand headers cost no more memory than four.
  headerBytesInAll: 1024 * 1024,
  // A letter to a whole company without a list; more is one address after another in each ENVELOPE.
  addresses: 5000,
  // Two or three each part.
  parameters: 5000,
  // Some 40,000 words, or a long HTML letter with its styles.
  searchableBytes: 256 * 1024,
};
