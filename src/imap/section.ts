/** What BODY[…] asks for (RFC 9051 section 6.4.5.1). */
export type Section = {
  /** The numbers of a part; none for the letter itself. */
  readonly part: readonly number[];
  readonly text: SectionText;
};

export type SectionText =
  /** All of it: with its header for the letter, without for a part. */
  | { readonly of: 'all' }
  | { readonly of: 'header' | 'text' | 'mime' }
  /** Fields by their names in lower case. */
  | { readonly of: 'fields' | 'fields-not'; readonly names: ReadonlySet<string> };

/** `<origin.octet>` with how many octets at most. */
export type Partial = { readonly from: number; readonly most: number };
