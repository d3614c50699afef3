import { createHash, generateKeyPairSync } from 'node:crypto';
import type { KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { ok, refused } from '../../result.ts';
import type { Result } from '../../result.ts';
import { systemClock } from '../clock.ts';
import type { Clock } from '../clock.ts';
import { explainCertificateRefusal, parseCertificate, parsePrivateKey } from './certificate-files.ts';
import type { CertificateRefusal } from './certificate-files.ts';
import { createOnce, ensurePrivateFolder, errorCode, removeLeftovers, replaceFile } from './durable-file.ts';
import {
  authorityOrganisation,
  canIssue,
  issueAuthority,
  issueLeaf,
  leafLifetimeMs,
  renewAuthority,
} from './issuing.ts';
import type { Holder, Issuer } from './issuing.ts';

/** A certificate and its key, as paths of PEM files. */
export type CertificatePair = { readonly certificate: string; readonly key: string };

/** What a development folder holds. */
export type DevelopmentCertificates = {
  /** The authority's certificate: what the other side must trust. */
  readonly authority: string;
  readonly server: CertificatePair;
  readonly client: CertificatePair;
};

export type AuthorityRefusal =
  | CertificateRefusal
  /** There is a certificate without its key, so nothing can be made beside it. */
  | { readonly why: 'key-missing'; readonly file: string; readonly certificate: string }
  /** The authority's key is of a kind that issues nothing here. */
  | { readonly why: 'cannot-issue'; readonly file: string; readonly detail: string }
  /** Names that cannot stand in a certificate: `name` is neither a host name in ASCII nor an IP address. */
  | { readonly why: 'host-name'; readonly name: string }
  /** Not an address, or one that rfc822Name has no room for (RFC 5280 section 4.2.1.6 allows ASCII only). */
  | { readonly why: 'address'; readonly address: string; readonly detail: string };

/** A leaf is made anew when it is valid for less than this: 30 days. */
const renewalMs = 30 * 86_400_000;
/** The authority must outlive what it issues. */
const authorityRenewalMs = leafLifetimeMs + renewalMs;

/**
 * Makes what is missing in a folder of development certificates: `ca`, `server` and `client`, each `.pem` and `.key`.
 * Keys are never replaced. A certificate that this program issued is replaced when it runs out soon or lacks one of
 * the server's names; one that a person put there never is. May be killed at any point, and any number of processes
 * may call it at once: the key is the first file of a pair, the certificate is made for the key that lies there, and
 * each file appears whole in one step.
 */
export async function ensureDevelopmentCertificates(
  folder: string,
  options: { readonly host: string; readonly clock?: Clock },
): Promise<Result<DevelopmentCertificates, AuthorityRefusal>> {
  const clock = options.clock ?? systemClock;
  const serverHolder = holderForHosts(options.host);
  if (!serverHolder.ok) return serverHolder;
  await ensurePrivateFolder(folder);
  await removeLeftovers(folder, clock);
  const authority = await ensureAuthority(folder, clock);
  if (!authority.ok) return authority;
  const server = await ensureLeaf(folder, 'server', authority.value, serverHolder.value, clock);
  if (!server.ok) return server;
  const clientHolder: Holder = { commonName: 'Letterlock client', names: [], usage: 'client' };
  const client = await ensureLeaf(folder, 'client', authority.value, clientHolder, clock);
  if (!client.ok) return client;
  return ok({ authority: join(folder, 'ca.pem'), server: server.value, client: client.value });
}

/**
 * Makes (or finds) a client certificate that names a mail address as rfc822Name, issued by the folder's authority.
 * Not yet: RFC 9598, addresses whose local part is not ASCII; a domain is given with its A-labels.
 */
export async function makeClientCertificate(
  folder: string,
  address: string,
  clock: Clock = systemClock,
): Promise<Result<CertificatePair, AuthorityRefusal>> {
  const detail = addressProblem(address);
  if (detail !== null) return refused({ why: 'address', address, detail });
  await ensurePrivateFolder(folder);
  const authority = await ensureAuthority(folder, clock);
  if (!authority.ok) return authority;
  const holder: Holder = {
    commonName: address.length <= 64 ? address : `${address.slice(0, 63)}…`,
    names: [{ type: 'email', value: address }],
    usage: 'client',
  };
  return ensureLeaf(folder, clientFileName(address), authority.value, holder, clock);
}

/** The refusal as a sentence for a person. */
export function explainAuthorityRefusal(refusal: AuthorityRefusal): string {
  switch (refusal.why) {
    case 'key-missing':
      return `${refusal.file}: the key of ${refusal.certificate} is missing`;
    case 'cannot-issue':
      return `${refusal.file}: certificates cannot be issued with this key (${refusal.detail})`;
    case 'host-name':
      return `${JSON.stringify(refusal.name)} is neither a host name in ASCII nor an IP address`;
    case 'address':
      return `no client certificate can be made for ${JSON.stringify(refusal.address)}: ${refusal.detail}`;
    default:
      return explainCertificateRefusal(refusal);
  }
}

async function ensureAuthority(folder: string, clock: Clock): Promise<Result<Issuer, AuthorityRefusal>> {
  const key = await ensureKey(folder, 'ca');
  if (!key.ok) return key;
  const file = join(folder, 'ca.pem');
  if (!canIssue(key.value)) {
    const detail = `it is ${key.value.asymmetricKeyType}, not EC on P-256, P-384 or P-521`;
    return refused({ why: 'cannot-issue', file: join(folder, 'ca.key'), detail });
  }
  if ((await readIfThere(file)) === null) {
    await createOnce(folder, 'ca.pem', await issueAuthority(key.value, clock.now()));
  }
  const certificate = await readCertificate(file);
  if (!certificate.ok) return certificate;
  const issuer: Issuer = { certificate: certificate.value, key: key.value };
  if (!issuer.certificate.checkPrivateKey(issuer.key)) {
    return refused({ why: 'mismatch', file: join(folder, 'ca.key'), certificate: file });
  }
  const ours = isOurs(issuer.certificate.subject);
  if (!ours || remainingMs(issuer.certificate, clock) >= authorityRenewalMs) return ok(issuer);
  await replaceFile(folder, 'ca.pem', await renewAuthority(issuer, clock.now()));
  const renewed = await readCertificate(file);
  return renewed.ok ? ok({ certificate: renewed.value, key: issuer.key }) : renewed;
}

async function ensureLeaf(
  folder: string,
  name: string,
  issuer: Issuer,
  holder: Holder,
  clock: Clock,
): Promise<Result<CertificatePair, AuthorityRefusal>> {
  const pair: CertificatePair = {
    certificate: join(folder, `${name}.pem`),
    key: join(folder, `${name}.key`),
  };
  const pem = await readIfThere(pair.certificate);
  if (pem !== null) {
    const certificate = parseCertificate(pair.certificate, pem);
    if (!certificate.ok) return certificate;
    if (!isOurs(certificate.value.issuer)) return ok(pair);
    if (!needsRenewal(certificate.value, issuer, holder, clock)) {
      return (await readIfThere(pair.key)) === null
        ? refused({ why: 'key-missing', file: pair.key, certificate: pair.certificate })
        : ok(pair);
    }
  }
  const key = await ensureKey(folder, name);
  if (!key.ok) return key;
  const text = await issueLeaf(issuer, key.value, holder, clock.now());
  if (pem === null) await createOnce(folder, `${name}.pem`, text);
  else await replaceFile(folder, `${name}.pem`, text);
  return ok(pair);
}

/** The private key `name.key`, made where there is none yet and no certificate says that there should be one. */
async function ensureKey(folder: string, name: string): Promise<Result<KeyObject, AuthorityRefusal>> {
  const file = join(folder, `${name}.key`);
  let pem = await readIfThere(file);
  if (pem === null) {
    const certificate = join(folder, `${name}.pem`);
    const orphan = await readIfThere(certificate);
    // Both are looked at again: another process may have made the pair between the two looks.
    if (orphan !== null && (await readIfThere(file)) === null) {
      return refused({ why: 'key-missing', file, certificate });
    }
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await createOnce(folder, `${name}.key`, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    pem = await readFile(file, 'utf8');
  }
  return parsePrivateKey(file, pem, null);
}

function needsRenewal(certificate: X509Certificate, issuer: Issuer, holder: Holder, clock: Clock): boolean {
  if (remainingMs(certificate, clock) < renewalMs) return true;
  if (!certificate.checkIssued(issuer.certificate)) return true;
  if (!certificate.verify(issuer.certificate.publicKey)) return true;
  return holder.names.some(({ type, value }) => {
    if (type === 'email') return certificate.checkEmail(value) === undefined;
    return (type === 'ip' ? certificate.checkIP(value) : certificate.checkHost(value)) === undefined;
  });
}

function remainingMs(certificate: X509Certificate, clock: Clock): number {
  return certificate.validToDate.getTime() - clock.now();
}

/** Whether a distinguished name (one attribute a line, as Node writes it) is that of an authority made here. */
function isOurs(name: string): boolean {
  return name.split('\n').includes(`O=${authorityOrganisation}`);
}

function holderForHosts(host: string): Result<Holder, AuthorityRefusal> {
  if (isIP(host) === 0 && !isHostName(host)) return refused({ why: 'host-name', name: host });
  const machine = hostname().toLowerCase();
  const names = new Map<string, Holder['names'][number]>();
  for (const value of [host, 'localhost', '127.0.0.1', '::1', ...(isHostName(machine) ? [machine] : [])]) {
    names.set(value, { type: isIP(value) === 0 ? 'dns' : 'ip', value });
  }
  return ok({
    commonName: host.length <= 64 ? host : 'localhost',
    names: [...names.values()],
    usage: 'server',
  });
}

/** Letters, digits and inner hyphens in labels of at most 63 (RFC 1123 section 2.1), 253 in all. */
function isHostName(name: string): boolean {
  return name.length <= 253 && /^(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*$/i.test(name);
}

function addressProblem(address: string): string | null {
  const at = address.lastIndexOf('@');
  if (at < 1 || at > 64) return 'it has no local part of 1 to 64 octets before an @';
  if (/[^\x20-\x7e]/.test(address.slice(0, at))) return 'its local part is not printable ASCII';
  if (!isHostName(address.slice(at + 1))) return 'its domain is not a host name in ASCII (give A-labels)';
  return null;
}

/** A file name that no two addresses share, not even where the file system ignores case. */
function clientFileName(address: string): string {
  const at = address.lastIndexOf('@');
  const local = address
    .slice(0, at)
    .replace(/[^a-z0-9.+_-]/g, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
  const name = `client-${local}@${address.slice(at + 1).toLowerCase()}`;
  return name.length <= 200 ? name : `client-${createHash('sha256').update(address).digest('hex')}`;
}

async function readCertificate(file: string): Promise<Result<X509Certificate, CertificateRefusal>> {
  const pem = await readIfThere(file);
  return pem === null ? refused({ why: 'unreadable', file, detail: 'ENOENT' }) : parseCertificate(file, pem);
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw new Error(`${file} cannot be read`, { cause: error });
  }
}
