import type { ForeignProtocol } from '../bytes/foreign.ts';
import type { Secured } from '../mail/transport.ts';
import type { LoginResult } from '../sasl/login-result.ts';
import type { Limits } from './limits.ts';
import type { MailboxId } from './mailboxes.ts';
import type { Question, Verdict } from './questions.ts';

/** What a server session is told. */
export type Event =
  /** The connection stands; on an implicit TLS door the handshake is done. */
  | { readonly on: 'connected'; readonly secured: Secured | null }
  | { readonly on: 'bytes'; readonly chunk: Uint8Array }
  /** The answer to the open question, which is named, so that a late one cannot settle the next. */
  | { readonly on: 'verdict'; readonly verdict: Verdict; readonly to: Question }
  /** Something happened in the account. null: it is not known in which mailboxes. */
  | { readonly on: 'changed'; readonly mailboxes: readonly MailboxId[] | null }
  /** The open question is not answered yet, and was put a while ago. */
  | { readonly on: 'waiting' }
  /** Of octets that were compressed far more came than anybody sends in earnest. */
  | { readonly on: 'swollen' }
  /** Nothing useful came for too long. */
  | { readonly on: 'timeout' }
  /** The server is going down; a command under way may still end. */
  | { readonly on: 'stopping' };

/** What a server session wants done, in order. */
export type Action =
  /** A command was read; `shown` is what a log may have of it. Only where the settings ask for a trace. */
  | { readonly do: 'note'; readonly shown: string }
  /** Octets for the client, whole responses or pieces of one that is long; the driver's from now on. */
  | { readonly do: 'send'; readonly octets: Uint8Array }
  | { readonly do: 'ask'; readonly question: Question }
  /** An authentication has ended, well or not. */
  | { readonly do: 'login'; readonly result: LoginResult }
  /** Octets of a letter that is appended; a view that is valid until the next event. `ends`: the letter is whole. */
  | { readonly do: 'body'; readonly chunk: Uint8Array; readonly ends: boolean }
  /** The letters given so far are kept, or of no more use. */
  | { readonly do: 'drop' }
  /** Nobody is logged in any more: what was known of who was is forgotten. */
  | { readonly do: 'logout' }
  /** What was said so far goes out as it is; from then on both directions are compressed with DEFLATE. */
  | { readonly do: 'compress' }
  /** The peer speaks another protocol; the session ends. */
  | { readonly do: 'foreign'; readonly protocol: ForeignProtocol }
  /** Write what there is and close. No event is taken afterwards. */
  | { readonly do: 'close' };

/** What a session is set up with; the same for every session of a door. */
export type Settings = {
  /** The server's name in its greeting. */
  readonly host: string;
  readonly limits: Limits;
  /** Whether commands are noted for a log. */
  readonly trace: boolean;
  /** Whether somebody verifies access tokens. */
  readonly takesTokens: boolean;
  /** Whether one connection may serve one account after the other (RFC 8437). */
  readonly reusable: boolean;
  /** Whether a client may have the connection compressed (RFC 4978). */
  readonly compressible: boolean;
  /** So many random bytes, for the nonces of SCRAM. */
  readonly random: (bytes: number) => Uint8Array;
};
