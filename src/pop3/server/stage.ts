import type { Secured } from '../../mail/transport.ts';
import type { ServerExchange } from '../../sasl/exchange.ts';
import type { LoginResult } from '../../sasl/login-result.ts';
import type { Command } from '../command.ts';
import type { MarkedMaildrop } from '../maildrop.ts';
import type { Reply } from '../reply.ts';
import type { Question, Settings, Verdict } from '../session.ts';

/** Where a session is. A stage owns its data; leaving it is forgetting it. */
export type Stage =
  | { readonly at: 'silent' }
  | CommandStage
  | { readonly at: 'authenticating'; readonly exchange: ServerExchange }
  /** A question is open; nothing more is read until its verdict, which only chooses among the ways out. */
  | { readonly at: 'asking'; readonly question: Question; readonly settle: (verdict: Verdict) => Move }
  | { readonly at: 'securing' }
  | { readonly at: 'closed' };

/** The stages that take commands. */
export type CommandStage = Authorization | Transaction;

/** RFC 1939 section 4: nobody is in; `user` is whom USER named. */
export type Authorization = { readonly at: 'authorization'; readonly user: string | null };

/** RFC 1939 section 5: somebody is in, and has the maildrop alone. */
export type Transaction = { readonly at: 'transaction'; readonly maildrop: MarkedMaildrop };

/**
 * One step of a session: what is said, and where it is afterwards. Entering `asking`, `securing` or `closed` is what puts
 * the question, starts TLS or closes.
 */
export type Move = {
  readonly reply: Reply | null;
  /** What follows the reply of a multi-line response. */
  readonly content?: readonly Uint8Array[];
  /** Whether what is left of a letter is not wanted. */
  readonly enough?: true;
  /** What the session speaks from here on. */
  readonly mode?: Mode;
  /** What came of an authentication that this ends. */
  readonly login?: LoginResult;
  readonly to: Stage;
};

/** What the client reads: it has said UTF8 (RFC 6856 section 2.1), or may know ASCII alone. */
export type Mode = 'ascii' | 'utf-8';

/** What a verb may look at besides the stage. */
export type Context = {
  readonly settings: Settings;
  readonly secured: Secured | null;
  readonly mode: Mode;
  /** Bytes that came behind this command and are not read yet. */
  readonly unreadBytes: number;
};

/** A verb's whole behaviour: pure, given that its order was checked. */
export type Handler<C extends Command, At extends CommandStage = CommandStage> = (
  command: C,
  stage: At,
  context: Context,
) => Move;

/** Says something and stays. */
export const stay = (stage: Stage, reply: Reply): Move => ({ reply, to: stage });

/** Puts a question. */
export const ask = (question: Question, settle: (verdict: Verdict) => Move): Stage => ({
  at: 'asking',
  question,
  settle,
});

/** A verdict that does not answer the question is a fault of the one who answers. */
export function mismatch(question: Question, verdict: Verdict): never {
  throw new Error(`verdict ${verdict.verdict} does not answer ${question.ask}`);
}
