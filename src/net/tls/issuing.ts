import { createPublicKey, randomBytes } from 'node:crypto';
import type { KeyObject, X509Certificate, webcrypto } from 'node:crypto';
import type * as X509Library from '@peculiar/x509';
import type { Extension, JsonGeneralName } from '@peculiar/x509';

const dayMs = 86_400_000;
/** How long an authority's certificate is valid: ten years. */
const authorityLifetimeMs: number = 3650 * dayMs;
/** How long a server's or client's certificate is valid: 397 days. */
export const leafLifetimeMs: number = 397 * dayMs;
/** Certificates begin a little in the past, so that a peer whose clock is slow takes them. */
const backdateMs = 3_600_000;

/** The organisation in the subject of every authority made here; what it issued may be made anew by the program. */
export const authorityOrganisation = 'Letterlock development authority';

/** What a certificate says of its holder. */
export type Holder = {
  readonly commonName: string;
  readonly names: readonly { readonly type: 'dns' | 'ip' | 'email'; readonly value: string }[];
  readonly usage: 'server' | 'client';
};

/** An authority that can issue: its certificate and the private key to it (EC). */
export type Issuer = { readonly certificate: X509Certificate; readonly key: KeyObject };

/** A new self-signed authority certificate (PEM) for an EC key, valid ten years from `nowMs`. */
export async function issueAuthority(key: KeyObject, nowMs: number): Promise<string> {
  const x509 = await loadLibrary();
  const keys = await cryptoKeys(key);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    keys,
    name: new x509.Name([
      { O: [{ utf8String: authorityOrganisation }] },
      { CN: [{ utf8String: `Letterlock ${randomBytes(4).toString('hex')}` }] },
    ]),
    serialNumber: serialNumber(),
    notBefore: new Date(nowMs - backdateMs),
    notAfter: new Date(nowMs + authorityLifetimeMs),
    signingAlgorithm: signing(key),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return pem(certificate);
}

/** The authority's certificate again, same subject and key, valid ten years from `nowMs`. */
export async function renewAuthority(issuer: Issuer, nowMs: number): Promise<string> {
  const x509 = await loadLibrary();
  const old = new x509.X509Certificate(issuer.certificate.raw);
  const keys = await cryptoKeys(issuer.key);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: old.subjectName,
    issuer: old.subjectName,
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    serialNumber: serialNumber(),
    notBefore: new Date(nowMs - backdateMs),
    notAfter: new Date(nowMs + authorityLifetimeMs),
    signingAlgorithm: signing(issuer.key),
    extensions: old.extensions,
  });
  return pem(certificate);
}

/** A certificate (PEM) for `key`'s public half, issued now, valid 397 days or as long as its authority. */
export async function issueLeaf(
  issuer: Issuer,
  key: KeyObject,
  holder: Holder,
  nowMs: number,
): Promise<string> {
  const x509 = await loadLibrary();
  const authority = new x509.X509Certificate(issuer.certificate.raw);
  const { publicKey } = await cryptoKeys(key);
  const usage =
    holder.usage === 'server' ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth;
  const extensions: Extension[] = [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([usage]),
    await x509.SubjectKeyIdentifierExtension.create(publicKey),
    await x509.AuthorityKeyIdentifierExtension.create(authority.publicKey),
  ];
  const names: JsonGeneralName[] = holder.names.map(({ type, value }) => ({ type, value }));
  if (names.length > 0) extensions.push(new x509.SubjectAlternativeNameExtension(names));
  const certificate = await x509.X509CertificateGenerator.create({
    subject: new x509.Name([{ CN: [{ utf8String: holder.commonName }] }]),
    issuer: authority.subjectName,
    publicKey,
    signingKey: (await cryptoKeys(issuer.key)).privateKey,
    serialNumber: serialNumber(),
    notBefore: new Date(nowMs - backdateMs),
    notAfter: new Date(Math.min(nowMs + leafLifetimeMs, issuer.certificate.validToDate.getTime())),
    signingAlgorithm: signing(issuer.key),
    extensions,
  });
  return pem(certificate);
}

/** The version that a certificate states of itself (RFC 5280 section 4.1.2.1): `v3`. */
export async function certificateVersion(certificate: X509Certificate): Promise<string> {
  const x509 = await loadLibrary();
  const data: unknown = new x509.X509Certificate(certificate.raw).toTextObject()['Data'];
  const version: unknown =
    typeof data === 'object' && data !== null && 'Version' in data ? data.Version : null;
  return typeof version === 'string' ? version.replace(/ .*/, '') : 'unknown';
}

/** Loaded only when a certificate is made or shown: it takes a tenth of a second, and needs reflect-metadata first. */
async function loadLibrary(): Promise<typeof X509Library> {
  await import('reflect-metadata');
  return import('@peculiar/x509');
}

/** Whether keys of this kind can issue here: EC on a NIST curve. */
export function canIssue(key: KeyObject): boolean {
  return key.asymmetricKeyType === 'ec' && curves.has(key.asymmetricKeyDetails?.namedCurve ?? '');
}

const curves = new Map([
  ['prime256v1', { namedCurve: 'P-256', hash: 'SHA-256' }],
  ['secp384r1', { namedCurve: 'P-384', hash: 'SHA-384' }],
  ['secp521r1', { namedCurve: 'P-521', hash: 'SHA-512' }],
]);

function curveOf(key: KeyObject): { readonly namedCurve: string; readonly hash: string } {
  const curve = curves.get(key.asymmetricKeyDetails?.namedCurve ?? '');
  if (curve === undefined)
    throw new Error(`no certificates are made for ${key.asymmetricKeyType} keys of this kind`);
  return curve;
}

function signing(key: KeyObject): { name: string; hash: string } {
  return { name: 'ECDSA', hash: curveOf(key).hash };
}

async function cryptoKeys(key: KeyObject): Promise<webcrypto.CryptoKeyPair> {
  const algorithm = { name: 'ECDSA', namedCurve: curveOf(key).namedCurve };
  return {
    privateKey: key.toCryptoKey(algorithm, true, ['sign']),
    publicKey: createPublicKey(key).toCryptoKey(algorithm, true, ['verify']),
  };
}

/** 16 random octets as hex, positive and without leading zero octets (RFC 5280 section 4.1.2.2). */
function serialNumber(): string {
  const octets = randomBytes(16);
  octets[0] = (octets.readUInt8(0) & 0x7f) | 0x40;
  return octets.toString('hex');
}

function pem(certificate: { toString(format: 'pem'): string }): string {
  return `${certificate.toString('pem').trimEnd()}\n`;
}
