import type { TLSSocket } from 'node:tls';
import type { PeerCertificate, TlsFacts } from '../../mail/transport.ts';
import { cutText } from '../../mail/one-line.ts';
import { sessionGroup } from './key-agreement.ts';
import { emailNames, nameOnOneLine } from './subject-names.ts';

/** Facts are kept with every letter, and a peer's certificate may be a hundred kilobytes long. */
const longestSubject = 500;
const mostEmails = 32;
/** The longest local part, an at sign and the longest domain (RFC 5321 section 4.5.3.1). */
const longestEmail = 320;

/**
 * What protects a connection whose handshake is over (`secureConnection`, `secureConnect`). `knownCertificate` is the
 * fingerprint of the certificate that this side presented, for a caller that knows it (`CertificateSource`); without
 * it OpenSSL is asked, which takes longer than all the rest; a client's answer is then the certificate that it holds
 * ready for a server that asks, as nothing tells whether this one did. Throws for a socket that is not, or no longer, secured.
 */
export function tlsFacts(socket: TLSSocket, side: 'server' | 'client', knownCertificate?: string): TlsFacts {
  const version = socket.getProtocol();
  if (version !== 'TLSv1.3' && version !== 'TLSv1.2') throw new Error(`not a secured connection: ${version}`);
  const group = sessionGroup(socket.getSession());
  return {
    version,
    cipher: socket.getCipher().standardName,
    group: group?.name ?? null,
    postQuantum: group?.postQuantum ?? false,
    resumed: socket.isSessionReused(),
    serverName: serverName(socket, side),
    alpn: socket.alpnProtocol || null,
    ownCertificate: knownCertificate ?? hex(socket.getX509Certificate()?.fingerprint256),
    peerCertificate: peerCertificate(socket),
  };
}

/** The facts in a line for logs and people: `TLSv1.3 TLS_AES_256_GCM_SHA384 X25519MLKEM768`, `resumed` where it is. */
export function tlsFactsLine(facts: TlsFacts): string {
  const words = [facts.version, facts.cipher, facts.group ?? 'unknown-group'];
  return [...words, ...(facts.resumed ? ['resumed'] : [])].join(' ');
}

function serverName(socket: TLSSocket, side: 'server' | 'client'): string | null {
  // Node says false on a server that was sent none; on a client it is what the client asked for.
  const name: unknown = 'servername' in socket ? socket.servername : null;
  if (typeof name !== 'string' || name === '') return null;
  return side === 'server' ? name.toLowerCase() : name;
}

function peerCertificate(socket: TLSSocket): PeerCertificate | null {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return null;
  const trusted = socket.authorized;
  return {
    sha256: hex(certificate.fingerprint256) ?? '',
    subject: cutText(nameOnOneLine(certificate.subject), longestSubject),
    trusted,
    distrust: trusted ? null : distrust(socket.authorizationError),
    emails: emailNames(certificate.subjectAltName)
      .filter((email) => email.length <= longestEmail)
      .slice(0, mostEmails),
  };
}

/** Node gives the code as text on a server and an error on a client, whatever its types say. */
function distrust(error: unknown): string {
  if (typeof error === 'string') return error;
  if (error instanceof Error)
    return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
  return 'unverified';
}

function hex(fingerprint: string | undefined): string | null {
  return fingerprint === undefined ? null : fingerprint.replaceAll(':', '').toLowerCase();
}
