import { connect } from 'node:tls';
import { isIP, type Socket } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { ok, refused } from '../../result.ts';
import type { Result } from '../../result.ts';
import type { TlsFacts } from '../../mail/transport.ts';
import type { LoadedCertificate } from './certificate-files.ts';
import { groups, handshakeTimeoutMs } from './contexts.ts';
import { tlsFacts } from './facts.ts';

/** Where a client connects to and what it insists on. */
export type ConnectSettings = {
  readonly host: string;
  readonly port: number;
  /** The authorities (PEM) that may vouch for the server; null for the public ones that Node brings. */
  readonly authorities: string | null;
  /** The client's own certificate, shown to a server that asks. */
  readonly own?: LoadedCertificate | null;
  /** The name in the server's certificate; `host` where left out. */
  readonly serverName?: string;
  /** Application protocols to offer by ALPN. */
  readonly applicationProtocols?: readonly string[];
  /** A session to resume, as `TLSSocket` gave it with its `session` event. */
  readonly session?: Buffer;
  /** A connected socket to secure, which was spoken over in the clear so far (STARTTLS); a new one where left out. */
  readonly over?: Socket;
  /** Milliseconds until the connection must stand; 30,000 where left out. */
  readonly timeoutMs?: number;
  /** Gets the connection's secrets, lines of an SSLKEYLOGFILE: whoever has them can read all that is said. */
  readonly keyLog?: (line: Buffer) => void;
};

/** Why there is no verified connection. */
export type ConnectRefusal =
  | { readonly why: 'refused' }
  | { readonly why: 'unknown-host' }
  | { readonly why: 'unreachable'; readonly detail: string }
  | { readonly why: 'timeout'; readonly seconds: number }
  /** The server's certificate does not verify; `detail` is for a person. */
  | { readonly why: 'certificate'; readonly code: string; readonly detail: string }
  | { readonly why: 'not-tls' }
  /** The server speaks none of the application protocols that were offered (ALPN). */
  | { readonly why: 'other-protocol' }
  /** The server speaks TLS and nothing that this client takes (below 1.3, other groups). */
  | { readonly why: 'nothing-in-common'; readonly detail: string }
  | { readonly why: 'closed'; readonly detail: string };

/** A connection that stands: the server's certificate is verified, TLS 1.3 is agreed. */
export type Connected = { readonly socket: TLSSocket; readonly facts: TlsFacts };

/**
 * Connects and verifies the server. Never gives an unverified socket; after a refusal nothing is left open. A server
 * that requires a certificate closes only after this (RFC 8446 section 4.4.2.4): the socket then ends with an error.
 */
export async function connectTls(settings: ConnectSettings): Promise<Result<Connected, ConnectRefusal>> {
  const timeoutMs = settings.timeoutMs ?? handshakeTimeoutMs;
  const socket = connect(connectionOptions(settings));
  if (settings.keyLog !== undefined) socket.on('keylog', settings.keyLog);
  const outcome = await new Promise<ConnectRefusal | null>((resolve) => {
    const timer = setTimeout(() => settle({ why: 'timeout', seconds: timeoutMs / 1000 }), timeoutMs);
    const onSecure = (): void => settle(null);
    const onError = (error: Error): void => settle(whyNot(error));
    const onClose = (): void => settle({ why: 'closed', detail: 'the server closed the connection' });
    const settle = (refusal: ConnectRefusal | null): void => {
      clearTimeout(timer);
      socket.off('secureConnect', onSecure).off('error', onError).off('close', onClose);
      resolve(refusal);
    };
    socket.on('secureConnect', onSecure).on('error', onError).on('close', onClose);
  });
  if (outcome === null) return ok({ socket, facts: tlsFacts(socket, 'client') });
  // A destroyed socket may still report how it ended; the refusal has said it already.
  socket.on('error', () => undefined).destroy();
  return refused(outcome);
}

/** The refusal as a sentence for a person. */
export function explainConnectRefusal(refusal: ConnectRefusal, host: string, port: number): string {
  const where = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  switch (refusal.why) {
    case 'refused':
      return `nothing listens at ${where}`;
    case 'unknown-host':
      return `there is no host named ${JSON.stringify(host)}`;
    case 'unreachable':
      return `${where} cannot be reached (${refusal.detail})`;
    case 'timeout':
      return `${where} did not answer within ${refusal.seconds} s`;
    case 'certificate':
      return `the certificate of ${where} does not verify: ${refusal.detail}`;
    case 'not-tls':
      return `the server at ${where} does not speak TLS on this port`;
    case 'other-protocol':
      return `the server at ${where} speaks another protocol than the one that is wanted here: is the port right?`;
    case 'nothing-in-common':
      return `the server at ${where} does not speak TLS 1.3 as it is wanted here (${refusal.detail})`;
    case 'closed':
      return `${where}: ${refusal.detail} before the connection was secured`;
  }
}

function connectionOptions(settings: ConnectSettings): ConnectionOptions {
  const serverName = settings.serverName ?? settings.host;
  const { own } = settings;
  return {
    host: settings.host,
    port: settings.port,
    ...(settings.over ? { socket: settings.over } : {}),
    // RFC 6066 section 3 allows no address as SNI; the certificate is checked against `host` then.
    ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
    minVersion: 'TLSv1.3',
    ecdhCurve: groups,
    rejectUnauthorized: true,
    ...(settings.authorities === null ? {} : { ca: [settings.authorities] }),
    ...(own ? { cert: own.certificatePem, key: own.keyPem } : {}),
    ...(own?.passphrase ? { passphrase: own.passphrase.reveal() } : {}),
    ...(settings.applicationProtocols ? { ALPNProtocols: [...settings.applicationProtocols] } : {}),
    ...(settings.session ? { session: settings.session } : {}),
  };
}

const certificateCodes =
  /^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_|HOSTNAME_MISMATCH|ERR_TLS_CERT_|PATH_LENGTH|CRL_|ERROR_IN_)/;

/** What a socket's error says of a connection that does not come to stand. */
export function whyNot(error: Error): ConnectRefusal {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const reason = 'reason' in error && typeof error.reason === 'string' ? error.reason : '';
  if (code === 'ECONNREFUSED') return { why: 'refused' };
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return { why: 'unknown-host' };
  if (certificateCodes.test(code))
    return { why: 'certificate', code, detail: certificateDetail(code, error.message) };
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG')
    return { why: 'not-tls' };
  if (code === 'ERR_SSL_HTTP_REQUEST' || code === 'ERR_SSL_RECORD_LAYER_FAILURE') return { why: 'not-tls' };
  if (code === 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL') return { why: 'other-protocol' };
  if (code.startsWith('ERR_SSL_')) return { why: 'nothing-in-common', detail: reason || code };
  if (code === 'ECONNRESET' || code === 'EPIPE')
    return { why: 'closed', detail: 'the server closed the connection' };
  return { why: 'unreachable', detail: code || error.message };
}

function certificateDetail(code: string, message: string): string {
  // Node appends advice to start it with another option; that is not the user's business.
  const said = message.split(/[;\n]/, 1)[0] ?? code;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'it is a certificate for other names';
  if (code === 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' || code.startsWith('UNABLE_TO_GET_ISSUER')) {
    return 'it is not from an authority that is trusted here';
  }
  return said;
}
