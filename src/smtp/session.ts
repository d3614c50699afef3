import type { Address } from '../mail/address.ts';
import type { Secured } from '../mail/transport.ts';
import type { Mechanism, SaslQuestion, SaslVerdict, Secret } from '../sasl/exchange.ts';
import type { Login, LoginResult } from '../sasl/login-result.ts';
import type { DoorKind, Extension } from './extensions.ts';
import type { ForeignProtocol } from '../bytes/foreign.ts';
import type { Limits } from './limits.ts';
import type { Proxied } from './proxied.ts';
import type { Reply } from './reply.ts';
import type { MailRequests, RecipientRequests } from './requests.ts';

export type { Login, LoginResult, Secured };

/** What a server session is told. */
export type Event =
  /** The connection stands; on an implicit TLS door the handshake is done. */
  | {
      readonly on: 'connected';
      readonly secured: Secured | null;
      /** Milliseconds since 1970; a door without it offers no FUTURERELEASE, whose limit is a date. */
      readonly nowMs?: number;
      /** `xclient`: the peer is a proxy of this house, which may say whom it speaks for. */
      readonly trust?: 'xclient';
    }
  | { readonly on: 'bytes'; readonly chunk: Uint8Array }
  /** The answer to the open question, which is named, so that a late one cannot settle the next. */
  | { readonly on: 'verdict'; readonly verdict: Verdict; readonly to: Question }
  /** The handshake that `secure` asked for is done. */
  | { readonly on: 'secured'; readonly secured: Secured }
  /** Nothing useful came for too long. */
  | { readonly on: 'timeout' }
  /** The server is going down; a transaction under way may still end. */
  | { readonly on: 'stopping' };

/** What a server session wants done, in order. */
export type Action =
  /** A command was read; `shown` is what a log may have of it. Only where the settings ask for a trace. */
  | { readonly do: 'note'; readonly shown: string }
  | { readonly do: 'reply'; readonly reply: Reply }
  | { readonly do: 'ask'; readonly question: Question }
  /** An authentication has ended, well or not. */
  | { readonly do: 'login'; readonly result: LoginResult }
  /** Content of the message under way, after dot-unstuffing; a view that is valid until the next event. */
  | { readonly do: 'body'; readonly chunk: Uint8Array }
  /** The content given so far is of no more use; the message is refused when it ends, or was given up. */
  | { readonly do: 'drop' }
  /** The peer speaks another protocol; the session ends. */
  | { readonly do: 'foreign'; readonly protocol: ForeignProtocol }
  /** Start TLS after what was replied so far is written; then `secured` or the end of the connection. */
  | { readonly do: 'secure' }
  /** Write what was replied so far and close. No event is taken afterwards. */
  | { readonly do: 'close' };

/** Who is at the other end, since the last EHLO, HELO or LHLO. */
export type Client = {
  /** The argument of EHLO, HELO or LHLO as it came. */
  readonly name: string;
  readonly extended: boolean;
};

/** A mailbox of RCPT TO; `postmaster` is the one that needs no domain (RFC 5321 section 4.5.1). */
export type Recipient = (
  | { readonly is: 'address'; readonly address: Address }
  | { readonly is: 'postmaster' }
) & {
  /** What the client asked for with this recipient; absent where it asked for nothing. */
  readonly requests?: RecipientRequests;
};

/**
 * What the lines of a letter are: of ASCII, of any octets but NUL, CR and LF alone, or no lines at all
 * (RFC 6152 section 2, RFC 3030 section 3).
 */
export type Body = '7BIT' | '8BITMIME' | 'BINARYMIME';

/** The envelope of one letter. */
export type Envelope = {
  readonly client: Client;
  readonly login: Login | null;
  /** null for the null reverse path (RFC 5321 section 4.5.5). */
  readonly sender: Address | null;
  readonly smtpUtf8: boolean;
  readonly body: Body;
  /** What the client asked for besides; absent where it asked for nothing. */
  readonly requests?: MailRequests;
  /** The size that the client announced with SIZE= (RFC 1870 section 6); null where it did not. */
  readonly announcedBytes: number | null;
  readonly recipients: readonly Recipient[];
};

/** What the engine cannot know. Each has its own verdicts. */
export type Question =
  | { readonly ask: 'login'; readonly mechanism: Mechanism; readonly question: SaslQuestion }
  | { readonly ask: 'enrol'; readonly address: Address }
  /**
   * A trusted proxy named the ends of the connection that it speaks for: is that client let in? After `accepted` they are
   * the ends of this connection, until TLS begins; what is not named stays as it was.
   */
  | { readonly ask: 'proxied'; readonly endpoints: Proxied }
  | { readonly ask: 'sender'; readonly envelope: Envelope }
  | { readonly ask: 'recipient'; readonly recipient: Recipient; readonly envelope: Envelope }
  /**
   * May a message come now? After `accepted`, `body` actions follow until `deliver` is asked, `drop` says that it was all
   * for nothing, or the session ends.
   */
  | { readonly ask: 'room'; readonly envelope: Envelope }
  /** The message is complete; take responsibility for it or refuse. */
  | { readonly ask: 'deliver'; readonly envelope: Envelope; readonly secured: Secured | null };

export type Verdict =
  | { readonly verdict: 'accepted' }
  | { readonly verdict: 'sasl'; readonly answer: SaslVerdict }
  | { readonly verdict: 'enrolled'; readonly account: string; readonly password: Secret }
  | Outcome
  /** What became of each recipient, in the order of the envelope; on LMTP doors (RFC 2033 section 4.2). */
  | { readonly verdict: 'each'; readonly outcomes: readonly Outcome[] };

/** What became of a letter, or of a letter for one recipient. */
export type Outcome =
  /** On disk; `id` is what the reply names. */
  | { readonly verdict: 'delivered'; readonly id: string }
  | { readonly verdict: 'refused'; readonly why: Refusal }
  /** The answer could not be found; `id` is also in the log. */
  | { readonly verdict: 'fault'; readonly id: string };

/** Why a connection is not wanted: by the operator's word, or because there are too many, or too many begun, by now. */
export type Unwanted = 'banned' | 'too-many' | 'too-many-from-address' | 'too-many-from-network' | 'too-fast';

/** Why policy says no. */
export type Refusal =
  | { readonly why: Unwanted }
  | {
      readonly why:
        | 'not-yours'
        | 'no-such-mailbox'
        | 'no-relay'
        | 'overloaded'
        | 'looping'
        | 'recipient-gone'
        | 'changed-meanwhile'
        | 'over-quota'
        | 'exceeds-quota';
    }
  | { readonly why: 'exists' | 'reserved' | 'unusable' }
  | { readonly why: 'elsewhere'; readonly domains: readonly string[] }
  /** The domain of the sender does not vouch for the letter, and asks for such letters to be refused. */
  | { readonly why: 'dmarc' | 'spf'; readonly domain: string }
  | { readonly why: 'not-looked-up' | 'header-too-long' }
  /** There is no room on the disk; `id` is also in the log. */
  | { readonly why: 'disk-full'; readonly id: string }
  /** The letter's own From or Sender names somebody else; null is somebody without an address. */
  | { readonly why: 'from-not-yours'; readonly address: Address | null }
  | { readonly why: 'throttled'; readonly waitSeconds: number }
  | RateRefusal;

/** The account has sent so much that it has to wait. */
export type RateRefusal = {
  readonly why: 'sent-too-much';
  readonly what: 'letters' | 'recipients';
  readonly per: 'hour' | 'day';
  /** How many of them it may send in that time. */
  readonly most: number;
  readonly waitSeconds: number;
};

/** What a session is set up with; the same for every session of a door. */
export type Settings = {
  /** The server's name in its greeting and replies. */
  readonly host: string;
  readonly door: DoorKind;
  /** What this door announces besides what every door has; `defaultExtensions` has a set for each kind. */
  readonly extensions: ReadonlySet<Extension>;
  readonly limits: Limits;
  /** Whether STARTTLS is offered while the connection is not protected. */
  readonly startTls: boolean;
  /** Whether XENROL is offered; on submission doors only. */
  readonly enrolment: boolean;
  /**
   * How MAIL before AUTH is answered. `530` is RFC 4954 section 6; `503` tells a person at the classic client the
   * same as every other command out of order.
   */
  readonly mailBeforeAuth: 530 | 503;
  /**
   * Whether AUTH and mail are refused until TLS is there. A mail exchanger may not ask that of strangers (RFC 3207
   * section 4). On a submission door `not-required` exists for the eavesdropper's demonstration, and none of a started
   * server has it.
   */
  readonly protection: 'required' | 'not-required';
  /** Whether commands are noted for a log. */
  readonly trace: boolean;
  /** Whether somebody verifies access tokens, so that OAUTHBEARER is offered; absent is no. */
  readonly takesTokens?: boolean;
  /** So many random bytes, for the nonces of SCRAM. */
  readonly random: (bytes: number) => Uint8Array;
};
