import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { processEnvironment } from '../../app/config.ts';
import { HouseRefused } from '../../app/house.ts';
import { systemClock } from '../../net/clock.ts';
import { ensureDevelopmentCertificates, explainAuthorityRefusal } from '../../net/tls/authority.ts';
import {
  explainCertificateRefusal,
  loadAuthorities,
  loadCertificate,
  type CertificateFiles,
  type LoadedCertificate,
} from '../../net/tls/certificate-files.ts';
import { Secret } from '../../sasl/exchange.ts';
import { askSecret } from '../ask-secret.ts';
import type { ClientOptions } from './client-options.ts';

/** Whom a client believes, and what it shows of itself. */
export type Identity = { readonly authorities: string; readonly own: LoadedCertificate };

/**
 * Reads the client's certificate and the authority's; what the command line does not name is the development
 * certificates' of the data folder, made where they are missing. Throws `HouseRefused` where a person must change something.
 */
export async function openIdentity(options: ClientOptions): Promise<Identity> {
  const { ca, certificate, key } = options;
  if ((certificate === undefined) !== (key === undefined))
    throw new HouseRefused('--certificate and --key go together: give both or neither');
  const folder = join(options.data, 'tls');
  if (ca === undefined || certificate === undefined) await makeMissing(folder);
  const authorities = await loadAuthorities(ca ?? join(folder, 'ca.pem'));
  if (!authorities.ok) throw new HouseRefused(explainCertificateRefusal(authorities.refusal));
  const files: CertificateFiles = {
    certificate: certificate ?? join(folder, 'client.pem'),
    key: key ?? join(folder, 'client.key'),
    passphrase: passphraseOf(options),
    passphraseFile: options.passphraseFile ?? null,
    ask: askSecret,
  };
  const own = await loadCertificate(files, systemClock);
  if (!own.ok) throw new HouseRefused(explainCertificateRefusal(own.refusal));
  return { authorities: authorities.value, own: own.value };
}

/** A folder with an authority but not its key was copied from the machine that made it, and is used as it is. */
async function makeMissing(folder: string): Promise<void> {
  if (existsSync(join(folder, 'ca.pem')) && !existsSync(join(folder, 'ca.key'))) return;
  try {
    const made = await ensureDevelopmentCertificates(folder, { host: 'localhost' });
    if (!made.ok) throw new HouseRefused(explainAuthorityRefusal(made.refusal));
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    throw new HouseRefused(`certificates cannot be made: ${error.message}`, { cause: error });
  }
}

function passphraseOf({ passphraseEnv }: ClientOptions): Secret | null {
  if (passphraseEnv === undefined) return null;
  const text = processEnvironment().variables[passphraseEnv];
  if (text === undefined) throw new HouseRefused(`the environment has no variable ${passphraseEnv}`);
  return new Secret(text);
}
