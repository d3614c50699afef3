import type { Header } from './header.ts';

// requiretls-field = "TLS-Required:" [FWS] "No" CRLF
/**
 * Whether the sender of a letter prefers delivery to protection, as its header says (RFC 8689 section 3). More than one
 * such field is no word at all.
 */
export function prefersDelivery(header: Header): boolean {
  const found: string[] = [];
  for (const field of header.fields) if (field.name === 'tls-required') found.push(header.value(field));
  return found.length === 1 && /^no$/i.test(found[0] ?? '');
}
