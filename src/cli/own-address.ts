import type { Config } from '../app/config.ts';
import { HouseRefused } from '../app/house.ts';
import { canonicalAddress, parseAddress } from '../mail/address.ts';
import { canonicalDomain } from '../mail/domain.ts';
import type { AccountName, Store } from '../store/port.ts';

/** The canonical form of an address of any domain; throws `HouseRefused` where the text is none. */
export function canonicalName(text: string): AccountName {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new HouseRefused(`${JSON.stringify(text)} is no address: ${parsed.refusal.detail}`);
  return canonicalAddress(parsed.value) as AccountName;
}

/** The domain of a canonical address. */
export const domainOf = (name: AccountName): string => name.slice(name.lastIndexOf('@') + 1);

/** Whether the configuration has the canonical domain. */
export const isConfigured = (domain: string, config: Pick<Config, 'domains'>): boolean =>
  config.domains.some((own) => canonicalDomain(own) === domain);

/** Throws `HouseRefused` for an address of a domain that neither the configuration nor the store has; null is no store yet. */
export async function mustBeOwn(
  name: AccountName,
  config: Pick<Config, 'domains'>,
  store: Pick<Store, 'domains'> | null,
): Promise<void> {
  const domain = domainOf(name);
  if (isConfigured(domain, config)) return;
  const kept = store === null ? [] : await store.domains();
  if (kept.includes(domain)) return;
  const own = [...config.domains, ...kept].join(', ');
  throw new HouseRefused(`${domain} is not a domain of this server; its domains are ${own}`);
}
