import type { TLSSocket } from 'node:tls';
import type { Endpoints, TlsFacts } from '../mail/transport.ts';
import type { Journal } from './journal.ts';
import { tellCertificate } from './tls/certificate-text.ts';
import { tlsFactsLine } from './tls/facts.ts';

/**
 * Puts the certificate that a client presented into the log as a person would want to read it; one that nobody here
 * vouches for is a warning that says why. Nothing is decided by it.
 */
export function noteClientCertificate(
  journal: Journal,
  door: string,
  socket: TLSSocket,
  client: Endpoints,
  tls: TlsFacts,
): void {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined || tls.peerCertificate === null) return;
  const { trusted, distrust } = tls.peerCertificate;
  const at = { door, peer: client.remoteAddress, port: client.remotePort, agreed: tlsFactsLine(tls) };
  tellCertificate(certificate).then(
    (told) => {
      if (trusted) journal.info('tls.client-certificate', { ...at, ...told });
      else journal.warn('tls.unknown-certificate', { ...at, why: distrust, ...told });
    },
    (error: unknown) => journal.warn('tls.unknown-certificate', { ...at, why: distrust, error }),
  );
}
