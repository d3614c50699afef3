import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { explainAuthorityRefusal, makeClientCertificate } from '../../src/net/tls/authority.ts';
import { addAccount, startServer, withSite, type Site } from '../support/server.ts';
import type { Mailbox } from './mailbox.ts';

/** A mailbox whose owner can log in by whatever the server knows. */
export type EveryLogin = Mailbox & {
  /** A folder for what a program needs as a file. */
  readonly folder: string;
  /** The files of a client certificate that names the account. */
  readonly certificate: { readonly certificate: string; readonly key: string };
  /** An access token of the issuer that the server believes. */
  readonly token: string;
};

/** Starts a server that takes passwords, certificates and tokens, lets a program work on it, and stops it. */
export async function withEveryLogin(
  work: (mailbox: EveryLogin) => Promise<void>,
  more: {
    /** Added to the configuration. */
    readonly toml?: string;
    /** What is done with the account before the server starts. */
    readonly prepare?: (site: Site, address: string) => Promise<void>;
  } = {},
): Promise<void> {
  const toml = `${more.toml ?? ''}
tls.client_certificates = "ask"
oauth = { issuer = "https://issuer.example", audience = ["mail"], keys_file = "keys.json" }`;
  await withSite(toml, async (site) => {
    const { folder } = site;
    const password = 'pass phrase: with "signs" and ümlauts';
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const key = { ...(await exportJWK(publicKey)), kid: '1', alg: 'ES256', use: 'sig' };
    writeFileSync(join(folder, 'keys.json'), JSON.stringify({ keys: [key] }));
    const address = await addAccount(site, 'ada', password);
    await more.prepare?.(site, address);
    const token = await new SignJWT({ email: address, email_verified: true })
      .setProtectedHeader({ alg: 'ES256', kid: '1', typ: 'at+jwt' })
      .setIssuer('https://issuer.example')
      .setAudience('mail')
      .setExpirationTime('10 minutes')
      .sign(privateKey);
    const server = await startServer(site);
    const made = await makeClientCertificate(join(site.data, 'tls'), address);
    if (!made.ok) throw new Error(explainAuthorityRefusal(made.refusal));
    await work({ server, address, password, folder, certificate: made.value, token });
    await server.stop();
  });
}
