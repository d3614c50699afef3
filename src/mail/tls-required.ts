import { fieldValue, headerFields } from './header.ts';

// requiretls-field = "TLS-Required:" [FWS] "No" CRLF
/**
 * Whether the sender of a letter prefers delivery to protection, as its header says (RFC 8689 section 3). More than one
 * such field is no word at all.
 */
export function prefersDelivery(header: Uint8Array): boolean {
  const found: string[] = [];
  for (const field of headerFields(header))
    if (field.name.toLowerCase() === 'tls-required') found.push(fieldValue(header, field));
  return found.length === 1 && /^no$/i.test(found[0] ?? '');
}
