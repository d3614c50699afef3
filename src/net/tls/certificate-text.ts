import type { X509Certificate } from 'node:crypto';
import { certificateVersion } from './issuing.ts';
import { nameOnOneLine } from './subject-names.ts';

/**
 * A certificate as lines for a person: whose it is, who vouches for it, for how long, and its fingerprint.
 * Asynchronous because the certificate's version is read by a library that is loaded on first use.
 */
export async function describeCertificate(certificate: X509Certificate): Promise<string[]> {
  const told = await tellCertificate(certificate);
  const rows: readonly (readonly [string, string])[] = [
    ['Subject', told.subject],
    ['Issuer', told.issuer],
    ['Version', told.version],
    ['Serial number', told.serialNumber],
    ['Not before', told.notBefore],
    ['Not after', told.notAfter],
    ['SHA-256 fingerprint', told.fingerprint],
  ];
  return rows.map(([name, value]) => `${`${name}:`.padEnd(21)}${value}`);
}

/** The same by name, for a log. */
export async function tellCertificate(certificate: X509Certificate): Promise<ToldCertificate> {
  return {
    subject: nameOnOneLine(certificate.subject),
    issuer: nameOnOneLine(certificate.issuer),
    version: await certificateVersion(certificate),
    serialNumber: inPairs(certificate.serialNumber),
    notBefore: moment(certificate.validFromDate),
    notAfter: moment(certificate.validToDate),
    fingerprint: certificate.fingerprint256,
  };
}

/** What a person wants to know of a certificate, as text. */
export type ToldCertificate = {
  readonly subject: string;
  readonly issuer: string;
  readonly version: string;
  readonly serialNumber: string;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly fingerprint: string;
};

/** `2026-11-22 20:55:24 UTC` */
function moment(date: Date): string {
  return date
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC');
}

function inPairs(hex: string): string {
  return (hex.length % 2 === 0 ? hex : `0${hex}`).match(/../g)?.join(':') ?? hex;
}
