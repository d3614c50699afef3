import { hash } from 'node:crypto';

/** A strong entity tag (RFC 9110 section 8.8.3) of what a representation is made from. */
export function entityTag(parts: readonly (string | number | null)[]): string {
  return `"${hash('sha256', JSON.stringify(parts), 'base64url').slice(0, 27)}"`;
}

// If-None-Match = "*" / #entity-tag
// entity-tag    = [ %s"W/" ] DQUOTE *etagc DQUOTE
const ENTITY_TAG = /"[\x21\x23-\x7e\x80-\xff]*"/g;

/** Whether an `If-None-Match` field names this tag, by the weak comparison that it asks for (RFC 9110 section 13.1.2). */
export function namesTag(ifNoneMatch: string | null, tag: string): boolean {
  if (ifNoneMatch === null) return false;
  if (ifNoneMatch.trim() === '*') return true;
  return ifNoneMatch.match(ENTITY_TAG)?.includes(tag) ?? false;
}
