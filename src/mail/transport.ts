/**
 * What protected one connection, as both TLS stacks agreed it. Every engine hands these facts on; the `Received:`
 * field, the log line and the transport record are made of them.
 */
export type TlsFacts = {
  readonly version: 'TLSv1.3' | 'TLSv1.2';
  /** The cipher suite's IANA name, `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string;
  /** The key-agreement group's IANA name, `X25519MLKEM768`; null where the stack does not tell it. */
  readonly group: string | null;
  /** Whether the group holds against an adversary with a quantum computer. */
  readonly postQuantum: boolean;
  /** Whether an earlier session was resumed (the certificates were then checked in that one). */
  readonly resumed: boolean;
  /** The name that the client asked for (SNI), null where it sent none. */
  readonly serverName: string | null;
  /** The application protocol agreed by ALPN, null where the client offered none. */
  readonly alpn: string | null;
  /** SHA-256 fingerprint of the certificate that this side presented: 64 lower-case hex digits; null for none. */
  readonly ownCertificate: string | null;
  /** The peer's certificate; null where it presented none. */
  readonly peerCertificate: PeerCertificate | null;
};

/** The peer's certificate, reduced to what is kept with a letter and what authentication looks at. */
export type PeerCertificate = {
  /** SHA-256 fingerprint, 64 lower-case hex digits. */
  readonly sha256: string;
  /** The subject's distinguished name on one line, `CN=nu1, O=447.edu`. */
  readonly subject: string;
  /** Whether it chains to an authority that this side trusts and is valid now. */
  readonly trusted: boolean;
  /** Why it is not trusted, in the TLS stack's words (`CERT_HAS_EXPIRED`); null where it is. */
  readonly distrust: string | null;
  /** The rfc822Name subject alternative names, as they stand in the certificate. */
  readonly emails: readonly string[];
};

/** What TLS gives a session. */
export type Secured = {
  readonly tls: TlsFacts;
  /** The `tls-exporter` channel binding (RFC 9266), 32 bytes; null where there is none. */
  readonly channelBinding: Uint8Array | null;
};

/** What stands for the address of whoever comes by a Unix socket, which has none; its ports are 0. */
export const unixAddress = 'unix';

/**
 * The two ends of a connection as the socket knows them, or as a trusted proxy named them. Addresses are IPv4 or IPv6
 * text without brackets, or `unixAddress`.
 */
export type Endpoints = {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
};
