/** Compares texts as SQLite and PostgreSQL's `C` do: by their UTF-8, which is by code point. */
export const inOrder = (one: string, other: string): number =>
  Buffer.compare(Buffer.from(one), Buffer.from(other));
