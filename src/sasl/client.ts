import type { Result } from '../result.ts';
import type { Mechanism, Secret } from './exchange.ts';

/** The client's side of one authentication: challenges in, responses out. */
export interface ClientExchange {
  readonly mechanism: Mechanism;
  /** The initial response; null where the server speaks first. */
  start(): Uint8Array | null;
  /** The response to a challenge. After a refusal the exchange is over: cancel it. */
  respond(challenge: Uint8Array): Result<Uint8Array, ClientFailure>;
  /**
   * To be called when the server says that the login succeeded: `proved` where the server has shown that it knows the
   * user's keys, `not-offered` where the mechanism has no such proof. Refused where the proof is missing: it is not the server.
   */
  finish(): Result<'proved' | 'not-offered', ClientFailure>;
}

/** Why a client gives up. */
export type ClientFailure =
  /** The mechanism has no challenge here. */
  | 'unexpected-challenge'
  /** The challenge is not in the mechanism's grammar, or carries the server's own error. */
  | 'malformed-challenge'
  /** The server's nonce does not begin with ours: an old exchange is played back. */
  | 'nonce'
  /** Fewer iterations than protect the password, or more than a server may make a client compute. */
  | 'iterations'
  /** The server does not know the user's keys. */
  | 'server-not-proved';

export type PasswordCredentials = { readonly user: string; readonly password: Secret };

export type TokenCredentials = {
  /** Whom to act as; null names nobody, which XOAUTH2 cannot. */
  readonly user: string | null;
  /** An OAuth access token as its issuer gave it. */
  readonly token: Secret;
  /** Host and port as the client was told them, for OAUTHBEARER to repeat; null or absent to leave them out. */
  readonly server?: { readonly host: string; readonly port: number } | null;
};

export type CertificateCredentials = {
  /** Whom to act as; null for the account that the certificate speaks for. */
  readonly user: string | null;
  /** The TLS handshake has shown a certificate. */
  readonly certificate: 'presented';
};

/** What a client proves who it is with; each mechanism takes one kind. */
export type Credentials = PasswordCredentials | TokenCredentials | CertificateCredentials;

/** What a client exchange is given when it begins. */
export type ClientContext = {
  /** The `tls-exporter` binding of the connection, 32 bytes; null where the client has none. */
  readonly channelBinding: Uint8Array | null;
  /** What the server announced, as it spelt it. */
  readonly announced: readonly string[];
  /** The client's part of the SCRAM nonce: at least 18 random bytes. */
  readonly nonce: Uint8Array;
};
