import type { SenderAuthentication } from '../mail/sender-authentication.ts';
import type { Endpoints, TlsFacts } from '../mail/transport.ts';

/**
 * How one letter travelled on the hop into this server: the seed of its passport. Kept in the same transaction as the
 * letter, as JSON, and part of the letter's JSON form. Nothing in it names another recipient of the same letter.
 */
export type TransportRecord = {
  readonly version: 1;
  /** When the last byte had arrived, ISO 8601 with milliseconds, UTC. */
  readonly receivedAt: string;
  /** The server's host name. */
  readonly by: string;
  /** RFC 3848 name of the protocol: `ESMTPSA`, `UTF8SMTPSA`, … */
  readonly protocol: string;
  readonly client: {
    /** The name given with EHLO or HELO, as it came. */
    readonly name: string;
    readonly address: Endpoints['remoteAddress'];
    readonly port: Endpoints['remotePort'];
  };
  /** null for a connection that was not protected: a stranger's server, or one of this house on the same machine. */
  readonly tls: TlsFacts | null;
  readonly authentication: {
    /** `SCRAM-SHA-256-PLUS`, `PLAIN`, … */
    readonly mechanism: string;
    /** The account's address. */
    readonly account: string;
    /** `tls-exporter` (RFC 9266) where the proof was bound to this very connection. */
    readonly channelBinding: 'tls-exporter' | null;
  } | null;
  /** The reverse path of MAIL FROM without angle brackets; empty for the null sender. */
  readonly reversePath: string;
  /** SHA-256 of the letter's bytes as they came (after dot-unstuffing), 64 lower-case hex digits. */
  readonly sha256: string;
  readonly sizeBytes: number;
  /** What its sender said of its protection: REQUIRETLS, or `TLS-Required: No` (RFC 8689 section 4.1); absent: nothing. */
  readonly tlsRequired?: 'yes' | 'no';
  /** MT-PRIORITY (RFC 6710 section 3); absent where the client gave none. */
  readonly priority?: number;
  /** What was found out about who sent the letter; absent where its sender logged in, or a server of this house sent it on. */
  readonly senders?: SenderAuthentication;
};
