import { canonicalAddress, parseAddress } from '../mail/address.ts';
import type { ClientCertificate } from '../sasl/exchange.ts';
import type { Account, AccountName, Store } from '../store/port.ts';

/** So many names of one certificate are looked up. */
const mostNames = 16;

/**
 * Whom a client certificate speaks for: the accounts that it is bound to, then those that its rfc822Names
 * (RFC 5280 section 4.2.1.6) name. One that the TLS stack does not trust speaks for nobody, bound or not.
 */
export async function accountsOfCertificate(
  store: Store,
  certificate: ClientCertificate,
): Promise<readonly Account[]> {
  if (!certificate.trusted) return [];
  const found = new Map<AccountName, Account>();
  for (const account of await store.accountsOfCertificate(certificate.sha256))
    found.set(account.name, account);
  for (const email of certificate.emails.slice(0, mostNames)) {
    const parsed = parseAddress(email);
    const name = parsed.ok ? (canonicalAddress(parsed.value) as AccountName) : null;
    const account = name === null || found.has(name) ? null : await store.account(name);
    if (account !== null) found.set(account.name, account);
  }
  return [...found.values()];
}
