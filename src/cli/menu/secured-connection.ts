import type { Result } from '../../result.ts';
import { describeCertificate } from '../../net/tls/certificate-text.ts';
import { connectTls, explainConnectRefusal, type Connected } from '../../net/tls/connect.ts';
import { tlsFactsLine } from '../../net/tls/facts.ts';
import type { Identity } from './identity.ts';

/** A server as a client's command line names it. */
export type Remote = { readonly host: string; readonly port: number; readonly identity: Identity };

/** Connects to a server with both sides verified; the refusal is a sentence for a person. */
export async function connectSecured(
  { host, port, identity }: Remote,
  applicationProtocol: string,
): Promise<Result<Connected, string>> {
  const connected = await connectTls({
    host,
    port,
    authorities: identity.authorities,
    own: identity.own,
    applicationProtocols: [applicationProtocol],
  });
  if (connected.ok) return connected;
  return { ok: false, refusal: explainConnectRefusal(connected.refusal, host, port) };
}

/** What a person wants to know of a connection: whom it leads to, where that is, and what protects it. */
export async function describeConnection({ socket, facts }: Connected): Promise<string[]> {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) throw new Error('a verified server without a certificate');
  return [
    "The server's certificate (verified):",
    ...(await describeCertificate(certificate)).map((line) => `  ${line}`),
    `Address: ${socket.remoteAddress ?? 'gone'}   Port: ${socket.remotePort ?? 'gone'}`,
    `Agreed: ${tlsFactsLine(facts)}`,
  ];
}
