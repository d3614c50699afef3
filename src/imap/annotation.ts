/** Something that is said of a mailbox, or of the server, under a name (RFC 5464 section 3.1). */
export type Annotation = {
  /** `/private/comment`: in lower case, as names are the same in any. */
  readonly entry: string;
  readonly value: Uint8Array;
};

/** What becomes of an annotation; null: it is gone. */
export type AnnotationChange = { readonly entry: string; readonly value: Uint8Array | null };

/** How far below an entry is looked (RFC 5464 section 4.2.2). */
export type Depth = 0 | 1 | 'infinity';

/** Octets of a value at the most. */
export const mostAnnotationBytes = 16_384;

/** Whether an annotation is one that was asked for. */
export function isWithin(entry: string, asked: string, depth: Depth): boolean {
  if (entry === asked) return true;
  if (depth === 0 || !entry.startsWith(`${asked}/`)) return false;
  return depth === 'infinity' || !entry.includes('/', asked.length + 1);
}
