import { parseAddress, type Address } from '../../mail/address.ts';
import type { AddressRefusal } from '../../mail/address-refusal.ts';
import type { Result } from '../../result.ts';

/**
 * Reads an address that a person typed, angle brackets or not. `domain` is added where the address has none, never to
 * one that has; null adds nothing.
 */
export function parseEnteredAddress(text: string, domain: string | null): Result<Address, AddressRefusal> {
  const bare = text.trim().replace(/^<(.*)>$/u, '$1');
  const parsed = parseAddress(bare);
  if (parsed.ok || domain === null) return parsed;
  if (parsed.refusal.why === 'at-missing') return parseAddress(`${bare}@${domain}`);
  return parsed.refusal.why === 'domain-empty' && bare.endsWith('@') ? parseAddress(bare + domain) : parsed;
}
