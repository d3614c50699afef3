import type { TLSSocket } from 'node:tls';

/**
 * The `tls-exporter` channel binding (RFC 9266): 32 octets that only the two ends of this very connection know. Null
 * below TLS 1.3: there the value is unique only with the extended master secret (RFC 9266 section 4.2), which Node
 * does not report.
 */
export function channelBinding(socket: TLSSocket): Uint8Array | null {
  if (socket.getProtocol() !== 'TLSv1.3') return null;
  return new Uint8Array(socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)));
}
