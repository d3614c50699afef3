import { X509Certificate, createHash, createPrivateKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ok, refused } from '../../result.ts';
import type { Result } from '../../result.ts';
import { Secret } from '../../sasl/exchange.ts';
import type { Clock } from '../clock.ts';
import { errorCode } from './durable-file.ts';

/** Why a certificate or a key is not taken into use. `file` is the path that a person must look at. */
export type CertificateRefusal =
  | { readonly why: 'unreadable'; readonly file: string; readonly detail: string }
  | { readonly why: 'not-a-certificate'; readonly file: string; readonly detail: string }
  | { readonly why: 'not-a-key'; readonly file: string; readonly detail: string }
  | { readonly why: 'passphrase-missing'; readonly file: string }
  | { readonly why: 'passphrase-wrong'; readonly file: string }
  | { readonly why: 'mismatch'; readonly file: string; readonly certificate: string }
  | { readonly why: 'expired'; readonly file: string; readonly at: Date }
  | { readonly why: 'not-yet-valid'; readonly file: string; readonly at: Date }
  /** The TLS library does not take the pair (a key that is too short, an algorithm that it does not know). */
  | { readonly why: 'unusable'; readonly file: string; readonly detail: string };

/** Where a certificate with its key lies, and where the key's pass phrase comes from. */
export type CertificateFiles = {
  /** PEM: the certificate, then those that lead to its authority. */
  readonly certificate: string;
  /** PEM, encrypted or not. */
  readonly key: string;
  /** The pass phrase itself, where configuration has it. */
  readonly passphrase?: Secret | null;
  /** A file whose first line is the pass phrase. */
  readonly passphraseFile?: string | null;
  /** Asks a person for the pass phrase of this key file, null where nobody answers. Called only for an encrypted key. */
  readonly ask?: ((keyFile: string) => Promise<Secret | null>) | null;
};

/** A certificate with its key, read and found to fit each other and the time. */
export type LoadedCertificate = {
  /** The chain as it stands in the file. */
  readonly certificatePem: string;
  readonly keyPem: string;
  /** What opens the key; null where it is not encrypted. */
  readonly passphrase: Secret | null;
  readonly certificate: X509Certificate;
  /** SHA-256 fingerprint of the certificate, 64 lower-case hex digits. */
  readonly sha256: string;
};

/** Reads a certificate and its key, and checks that they can be used together now. */
export async function loadCertificate(
  files: CertificateFiles,
  clock: Clock,
): Promise<Result<LoadedCertificate, CertificateRefusal>> {
  const certificatePem = await readText(files.certificate);
  if (!certificatePem.ok) return certificatePem;
  const certificate = parseCertificate(files.certificate, certificatePem.value);
  if (!certificate.ok) return certificate;
  const keyPem = await readText(files.key);
  if (!keyPem.ok) return keyPem;
  const passphrase = await passphraseFor(files, keyPem.value);
  if (!passphrase.ok) return passphrase;
  const key = parsePrivateKey(files.key, keyPem.value, passphrase.value);
  if (!key.ok) return key;
  if (!certificate.value.checkPrivateKey(key.value)) {
    return refused({ why: 'mismatch', file: files.key, certificate: files.certificate });
  }
  const untimely = checkValidity(files.certificate, certificate.value, clock);
  if (untimely !== null) return refused(untimely);
  return ok({
    certificatePem: certificatePem.value,
    keyPem: keyPem.value,
    passphrase: passphrase.value,
    certificate: certificate.value,
    sha256: fingerprint(certificate.value),
  });
}

/** Reads a PEM file of one or more authorities' certificates. Gives its text. */
export async function loadAuthorities(file: string): Promise<Result<string, CertificateRefusal>> {
  const text = await readText(file);
  if (!text.ok) return text;
  const blocks = text.value.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) {
    return refused({ why: 'not-a-certificate', file, detail: 'there is no PEM certificate in it' });
  }
  for (const block of blocks) {
    const certificate = parseCertificate(file, block);
    if (!certificate.ok) return certificate;
  }
  return text;
}

/** The first certificate of a PEM text. */
export function parseCertificate(file: string, pem: string): Result<X509Certificate, CertificateRefusal> {
  try {
    return ok(new X509Certificate(pem));
  } catch (error) {
    return refused({ why: 'not-a-certificate', file, detail: messageOf(error) });
  }
}

/** A private key out of PEM; the pass phrase is looked at only where the key is encrypted. */
export function parsePrivateKey(
  file: string,
  pem: string,
  passphrase: Secret | null,
): Result<KeyObject, CertificateRefusal> {
  const encrypted = isEncrypted(pem);
  try {
    // Without a pass phrase an encrypted key would make OpenSSL ask at the terminal; an empty one never does.
    return ok(createPrivateKey({ key: pem, passphrase: encrypted ? (passphrase?.reveal() ?? '') : '' }));
  } catch (error) {
    if (!encrypted) return refused({ why: 'not-a-key', file, detail: messageOf(error) });
    return refused(
      passphrase === null ? { why: 'passphrase-missing', file } : { why: 'passphrase-wrong', file },
    );
  }
}

/** The refusal as a sentence for a person, with the file in it. */
export function explainCertificateRefusal(refusal: CertificateRefusal): string {
  switch (refusal.why) {
    case 'unreadable':
      return `${refusal.file}: cannot be read (${refusal.detail})`;
    case 'not-a-certificate':
      return `${refusal.file}: is not a PEM certificate (${refusal.detail})`;
    case 'not-a-key':
      return `${refusal.file}: is not a PEM private key (${refusal.detail})`;
    case 'passphrase-missing':
      return `${refusal.file}: the key is encrypted and no pass phrase was given`;
    case 'passphrase-wrong':
      return `${refusal.file}: the pass phrase does not open this key`;
    case 'mismatch':
      return `${refusal.file}: is not the key of the certificate ${refusal.certificate}`;
    case 'expired':
      return `${refusal.file}: the certificate expired at ${refusal.at.toISOString()}`;
    case 'not-yet-valid':
      return `${refusal.file}: the certificate is valid only from ${refusal.at.toISOString()} on`;
    case 'unusable':
      return `${refusal.file}: cannot be used for TLS (${refusal.detail})`;
  }
}

/** SHA-256 over the certificate, 64 lower-case hex digits. */
function fingerprint(certificate: X509Certificate): string {
  return createHash('sha256').update(certificate.raw).digest('hex');
}

async function passphraseFor(
  files: CertificateFiles,
  keyPem: string,
): Promise<Result<Secret | null, CertificateRefusal>> {
  if (!isEncrypted(keyPem)) return ok(null);
  if (files.passphrase) return ok(files.passphrase);
  if (files.passphraseFile) {
    const text = await readText(files.passphraseFile);
    return text.ok ? ok(new Secret(text.value.split(/\r?\n/, 1)[0] ?? '')) : text;
  }
  return ok(files.ask ? await files.ask(files.key) : null);
}

function isEncrypted(keyPem: string): boolean {
  return keyPem.includes('-----BEGIN ENCRYPTED PRIVATE KEY-----') || /^Proc-Type: 4,ENCRYPTED/m.test(keyPem);
}

function checkValidity(file: string, certificate: X509Certificate, clock: Clock): CertificateRefusal | null {
  const { validFromDate, validToDate } = certificate;
  if (clock.now() > validToDate.getTime()) return { why: 'expired', file, at: validToDate };
  if (clock.now() < validFromDate.getTime()) return { why: 'not-yet-valid', file, at: validFromDate };
  return null;
}

async function readText(file: string): Promise<Result<string, CertificateRefusal>> {
  try {
    return ok(await readFile(file, 'utf8'));
  } catch (error) {
    return refused({ why: 'unreadable', file, detail: errorCode(error) ?? messageOf(error) });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.trim() : String(error);
}
