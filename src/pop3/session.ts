import type { ForeignProtocol } from '../bytes/foreign.ts';
import type { Secured } from '../mail/transport.ts';
import type { Mechanism, SaslQuestion, SaslVerdict } from '../sasl/exchange.ts';
import type { LoginResult } from '../sasl/login-result.ts';
import type { Limits } from './limits.ts';
import type { Maildrop } from './maildrop.ts';
import type { Reply } from './reply.ts';

/** What a server session is told. */
export type Event =
  /** The connection stands; on an implicit TLS door the handshake is done. */
  | { readonly on: 'connected'; readonly secured: Secured | null }
  | { readonly on: 'bytes'; readonly chunk: Uint8Array }
  /** The answer to the open question, which is named, so that a late one cannot settle the next. */
  | { readonly on: 'verdict'; readonly verdict: Verdict; readonly to: Question }
  /** The handshake that `secure` asked for is done. */
  | { readonly on: 'secured'; readonly secured: Secured }
  /** Nothing useful came for too long. */
  | { readonly on: 'timeout' }
  /** The server is going down; a session that has letters to remove may still end. */
  | { readonly on: 'stopping' };

/** What a server session wants done, in order. */
export type Action =
  /** A command was read; `shown` is what a log may have of it. Only where the settings ask for a trace. */
  | { readonly do: 'note'; readonly shown: string }
  | { readonly do: 'reply'; readonly reply: Reply }
  /** Octets of a multi-line response, behind its first line. */
  | { readonly do: 'send'; readonly chunk: Uint8Array }
  | { readonly do: 'ask'; readonly question: Question }
  /** An authentication has ended, well or not. */
  | { readonly do: 'login'; readonly result: LoginResult }
  /** What is left of the letter that was asked for is not wanted. */
  | { readonly do: 'enough' }
  /** The peer speaks another protocol; the session ends. */
  | { readonly do: 'foreign'; readonly protocol: ForeignProtocol }
  /** Start TLS after what was replied so far is written; then `secured` or the end of the connection. */
  | { readonly do: 'secure' }
  /** Write what was replied so far and close. No event is taken afterwards. */
  | { readonly do: 'close' };

/** What the engine cannot know. Each has its own verdicts. */
export type Question =
  | { readonly ask: 'login'; readonly mechanism: Mechanism; readonly question: SaslQuestion }
  /** Lock the maildrop of the account and give its letters; the lock lasts as long as the session. */
  | { readonly ask: 'maildrop'; readonly account: string }
  /** The beginning of a letter, or all of it. */
  | { readonly ask: 'letter'; readonly number: number }
  /** More of the same letter; answered when the peer has fetched what was sent. */
  | { readonly ask: 'more' }
  /** May more be sent? `accepted` when the peer has fetched what was sent. */
  | { readonly ask: 'room' }
  /** Remove these letters and no others, all in one transaction. */
  | { readonly ask: 'remove'; readonly numbers: readonly number[] };

export type Verdict =
  | { readonly verdict: 'accepted' }
  | { readonly verdict: 'sasl'; readonly answer: SaslVerdict }
  | { readonly verdict: 'maildrop'; readonly maildrop: Maildrop }
  /** Octets of a letter as they are kept; `isWhole` where these are the last. */
  | { readonly verdict: 'pieces'; readonly pieces: readonly Uint8Array[]; readonly isWhole: boolean }
  | { readonly verdict: 'removed' }
  | { readonly verdict: 'refused'; readonly why: Refusal }
  /** The answer could not be found; `id` is also in the log. */
  | { readonly verdict: 'fault'; readonly id: string };

/**
 * `in-use`: another session has the maildrop. `gone`: the letter, or the maildrop, was removed meanwhile. `overloaded`: too
 * much is under way on this side.
 */
export type Refusal = 'in-use' | 'gone' | 'overloaded';

/** What a session is set up with; the same for every session of a door. */
export type Settings = {
  /** The server's name in its greeting and replies. */
  readonly host: string;
  readonly limits: Limits;
  /** Whether STLS is offered while the connection is not protected. */
  readonly startTls: boolean;
  /** Whether commands are noted for a log. */
  readonly trace: boolean;
  /** Whether somebody verifies access tokens, so that OAUTHBEARER is offered. */
  readonly takesTokens: boolean;
  /** So many random bytes, for the nonces of SCRAM. */
  readonly random: (bytes: number) => Uint8Array;
};
