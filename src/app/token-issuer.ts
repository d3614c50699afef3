import { readFile } from 'node:fs/promises';
import type { Issuer } from '../accounts/issuer.ts';
import type { TokenVerifier } from '../accounts/tokens.ts';
import type { Journal } from '../net/journal.ts';
import { issuerKeys, type KeySource } from '../net/oauth-keys.ts';
import type { Config } from './config.ts';

/** The issuer of access tokens as the configuration has it; plain data, so that it crosses to a worker thread. */
export type TokenIssuerSetup = Omit<Issuer, 'fetchKeys'> & { readonly keys: KeySource };

/** The issuer of the configuration; null where none is. Rejects where the file of its authorities cannot be read. */
export async function tokenIssuerSetup(oauth: Config['oauth']): Promise<TokenIssuerSetup | null> {
  const { issuer, audience, algorithms, address_claim: addressClaim, scope } = oauth;
  const keys = await keySource(oauth);
  return issuer === null || keys === null
    ? null
    : { issuer, audience, algorithms, addressClaim, scope, keys };
}

async function keySource(oauth: Config['oauth']): Promise<KeySource | null> {
  if (oauth.keys_file !== null) return { from: 'file', file: oauth.keys_file };
  if (oauth.keys_url === null) return null;
  const authorities = oauth.keys_ca === null ? null : await readFile(oauth.keys_ca, 'utf8');
  return { from: 'url', url: oauth.keys_url, authorities };
}

/** Who verifies the issuer's tokens in this thread, each refusal a line in the journal; null where nobody issues any. */
export async function tokenVerifier(
  setup: TokenIssuerSetup | null,
  journal: Journal,
  now: () => number,
): Promise<TokenVerifier | null> {
  if (setup === null) return null;
  // Brings a library along that a server without an issuer need not load.
  const tokens = await import('../accounts/tokens.ts');
  return new tokens.TokenVerifier({
    issuers: [{ ...setup, fetchKeys: issuerKeys(setup.keys, journal) }],
    now,
    onRefusal: ({ why, detail }) => journal.info('oauth.refused', { why, detail }),
  });
}
