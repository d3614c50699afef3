import type { TLSSocket } from 'node:tls';

/** What Node and OpenSSL call a failed handshake on a server, and what it means. */
const reasons = new Map<string, string>([
  ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'the client offers no TLS version that this door takes'],
  ['ERR_SSL_VERSION_TOO_LOW', 'the client offers no TLS version that this door takes'],
  ['ERR_SSL_UNKNOWN_PROTOCOL', 'the client speaks SSL 2, which no door takes'],
  ['ERR_SSL_NO_SHARED_CIPHER', 'the client offers no cipher suite that this server has'],
  ['ERR_SSL_NO_SUITABLE_KEY_SHARE', 'the client offers no key-agreement group that this server has'],
  ['ERR_SSL_NO_SUITABLE_GROUPS', 'the client offers no key-agreement group that this server has'],
  ['ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM', "the client takes no signature of this server's kind of key"],
  ['ERR_SSL_NO_APPLICATION_PROTOCOL', 'the client asks by ALPN for a protocol that this door does not speak'],
  ['ERR_SSL_HTTP_REQUEST', 'the client speaks plain HTTP to a TLS port'],
  ['ERR_SSL_HTTPS_PROXY_REQUEST', 'the client takes this TLS port for an HTTP proxy'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'the client does not speak TLS (plain text to a TLS port?)'],
  ['ERR_SSL_PACKET_LENGTH_TOO_LONG', 'the client does not speak TLS (plain text to a TLS port?)'],
  [
    'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE',
    'the client showed no certificate, and this door requires one',
  ],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', "the client does not trust the authority of this server's certificate"],
  ['ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', "the client refuses this server's certificate"],
  ['ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_UNKNOWN', "the client refuses this server's certificate"],
  ['ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED', "the client finds this server's certificate expired"],
  ['ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_REVOKED', "the client finds this server's certificate revoked"],
  ['ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE', 'the client found nothing in common with this server'],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'the client takes no TLS version that this door has'],
  ['ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR', 'the client had an internal error'],
  ['ERR_SSL_TLSV1_ALERT_USER_CANCELLED', 'the client cancelled the handshake'],
  ['ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC', 'the bytes of the handshake were damaged on the way'],
  ['ERR_SSL_UNEXPECTED_MESSAGE', 'the client sent a TLS message out of order'],
  [
    'ERR_TLS_HANDSHAKE_TIMEOUT',
    'the client did not finish the handshake in time (does it wait for a plain greeting?)',
  ],
  ['ECONNRESET', 'the client went away during the handshake'],
  ['EPIPE', 'the client went away during the handshake'],
  ['ETIMEDOUT', 'the client went silent during the handshake'],
]);

/**
 * Why a handshake with a client failed (`tlsClientError`), in one line for the log. With the socket it can also tell a
 * client certificate that was required and does not verify: there Node only says that the connection hung up.
 */
export function handshakeFailure(error: unknown, socket?: TLSSocket): string {
  const distrust: unknown = socket?.authorizationError;
  const code = errorText(error, 'code');
  if (code === 'ECONNRESET' && typeof distrust === 'string' && distrust !== '') {
    return `the client's certificate does not verify: ${oneLine(distrust)}`;
  }
  const reason = reasons.get(code);
  if (reason !== undefined) return reason;
  const detail =
    errorText(error, 'reason') || code || (error instanceof Error ? error.message : String(error));
  return `the TLS handshake failed: ${oneLine(detail)}`;
}

function errorText(error: unknown, field: 'code' | 'reason'): string {
  if (!(error instanceof Error)) return '';
  const value: unknown = new Map<string, unknown>(Object.entries(error)).get(field);
  return typeof value === 'string' ? value : '';
}

function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, 200);
}
