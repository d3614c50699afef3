/**
 * The server's side of SASL (RFC 4422) as exchanges without sockets: bytes and verdicts in, steps out. The same
 * exchanges serve SMTP, IMAP and POP3, which only differ in how they put a challenge on the wire.
 */

/** The mechanisms of a user name and a password, by their registered names. */
export type PasswordMechanism = 'PLAIN' | 'LOGIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-256-PLUS';

/** The mechanisms of an access token. */
export type TokenMechanism = 'OAUTHBEARER' | 'XOAUTH2';

/** The mechanisms that an exchange exists for. */
export type Mechanism = PasswordMechanism | TokenMechanism | 'EXTERNAL';

/** What the exchange cannot know and asks of the accounts. `user` is as the client sent it, after SASLprep. */
export type SaslQuestion =
  /** Is this the user's password? Answer with `login` or `refused`. */
  | { readonly ask: 'password'; readonly user: string; readonly password: Secret }
  /** The user's SCRAM keys. For an unknown user the answer is a steady forgery, never a refusal (RFC 5802 section 9). */
  | { readonly ask: 'scram-keys'; readonly user: string }
  /** SCRAM came to its end; `valid` says whether the proof was right. Answer with `login` or `refused`. */
  | { readonly ask: 'proof'; readonly user: string; readonly valid: boolean }
  /**
   * Does this certificate, which the TLS stack trusts, speak for the user? null asks for the one account that it speaks
   * for. Answer with `login` or `refused`.
   */
  | { readonly ask: 'certificate'; readonly user: string | null; readonly certificate: ClientCertificate }
  /** Is this a token of the user? null asks for the account that it names. Answer with `login` or `refused`. */
  | { readonly ask: 'token'; readonly user: string | null; readonly token: Secret };

export type SaslVerdict =
  /** `account` is the canonical address of the account. */
  | { readonly verdict: 'login'; readonly account: string }
  | { readonly verdict: 'scram-keys'; readonly keys: ScramKeys }
  | { readonly verdict: 'refused'; readonly why: LoginRefusal };

/** Why a login is refused. `credentials` covers unknown user and wrong password alike. */
export type LoginRefusal =
  | { readonly why: 'credentials' }
  /** Too many failures; come back after so many seconds. */
  | { readonly why: 'throttled'; readonly waitSeconds: number }
  /** Nobody can tell at the moment: who issues the tokens cannot be reached. Come back after so many seconds. */
  | { readonly why: 'unavailable'; readonly waitSeconds: number };

/** What a server keeps for SCRAM (RFC 5802 section 3); none of it gives the password back. */
export type ScramKeys = {
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
};

/** The certificate that the client proved to hold in the TLS handshake, as far as authentication looks at it. */
export type ClientCertificate = {
  /** SHA-256 fingerprint, 64 lower-case hex digits. */
  readonly sha256: string;
  /** Whether it chains to an authority that this side trusts and is valid now. */
  readonly trusted: boolean;
  /** The rfc822Name subject alternative names, as they stand in the certificate. */
  readonly emails: readonly string[];
};

export type SaslStep =
  /** Send this to the client and wait for its response. */
  | { readonly step: 'challenge'; readonly challenge: Uint8Array }
  | { readonly step: 'ask'; readonly question: SaslQuestion }
  | {
      readonly step: 'done';
      readonly account: string;
      /** `tls-exporter` where the proof was bound to the connection (RFC 9266). */
      readonly channelBinding: 'tls-exporter' | null;
    }
  | { readonly step: 'failed'; readonly why: SaslFailure };

export type SaslFailure =
  /** The response is not in the mechanism's grammar; the connection's protocol answers with a syntax error. */
  | { readonly why: 'malformed'; readonly detail: string }
  /** The client says that the channel binding differs: somebody sits in between, or it was downgraded. */
  | { readonly why: 'channel-binding'; readonly user: string }
  /** The client asks to act as somebody else than `user`, whom it says that it is. */
  | { readonly why: 'authorization'; readonly user: string }
  | LoginRefusal;

/** One authentication from AUTH to its outcome. After `done` or `failed` it is over and must not be called again. */
export interface ServerExchange {
  readonly mechanism: Mechanism;
  /** Whom the client says that it is, for a log; null as long as it has not said so. */
  readonly user: string | null;
  /** `initial` is the initial response, null where the client sent none (an empty one is a zero-length array). */
  start(initial: Uint8Array | null): SaslStep;
  /** The client's response to the last challenge. */
  respond(response: Uint8Array): SaslStep;
  /** The answer to the last question. */
  decide(verdict: SaslVerdict): SaslStep;
}

/** What a server exchange is given when it begins. */
export type ExchangeContext = {
  /** The `tls-exporter` binding of the connection, 32 bytes; null where TLS gives none (then no -PLUS). */
  readonly channelBinding: Uint8Array | null;
  /** The server's part of the SCRAM nonce: at least 18 random bytes. */
  readonly nonce: Uint8Array;
  /** Whether -PLUS mechanisms were announced, so that a client's `y` flag is a detected downgrade. */
  readonly plusAnnounced: boolean;
  /** What EXTERNAL is about; without one, or with one that is not trusted, EXTERNAL fails. */
  readonly certificate?: ClientCertificate | null;
};

/** A secret that no log, trace or error prints: it shows itself as `***` and must be asked for its text. */
export class Secret {
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }
  /** The secret itself; the only way to it. */
  reveal(): string {
    return this.#text;
  }
  toString(): string {
    return '***';
  }
  toJSON(): string {
    return '***';
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '***';
  }
}
