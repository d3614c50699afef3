import type { DotReader } from '../../bytes/dot-reader.ts';
import type { TextLines } from '../../bytes/text-lines.ts';
import type { ServerExchange } from '../../sasl/exchange.ts';
import type { Command } from '../command.ts';
import type { Extension } from '../extensions.ts';
import type { Reply } from '../reply.ts';
import type {
  Client,
  Envelope,
  Login,
  LoginResult,
  Question,
  Secured,
  Settings,
  Verdict,
} from '../session.ts';

/** Where a session is. A stage owns its data; leaving it is forgetting it. */
export type Stage =
  | { readonly at: 'silent' }
  | CommandStage
  | { readonly at: 'authenticating'; readonly client: Client; readonly exchange: ServerExchange }
  | { readonly at: 'data'; readonly envelope: Envelope; readonly dots: DotReader; readonly sizeBytes: number }
  /** Inside a chunk of BDAT: so many octets are still to come. */
  | {
      readonly at: 'chunk';
      readonly envelope: Envelope;
      readonly letter: ChunkedLetter;
      readonly chunkBytes: number;
      readonly leftBytes: number;
      readonly isLast: boolean;
    }
  /** Inside a chunk that is refused: its octets are no commands all the same (RFC 3030 section 2). */
  | { readonly at: 'discarding'; readonly leftBytes: number; readonly after: Move }
  /** A question is open; nothing more is read until its verdict, which only chooses among the ways out. */
  | { readonly at: 'asking'; readonly question: Question; readonly settle: (verdict: Verdict) => Move }
  | { readonly at: 'securing' }
  | { readonly at: 'closed' };

/** The stages that take commands. */
export type CommandStage =
  | { readonly at: 'greeted' }
  | { readonly at: 'ready'; readonly client: Client; readonly login: Login | null }
  | { readonly at: 'transaction'; readonly envelope: Envelope }
  /** Between two chunks of BDAT; no letter where one of them was refused. */
  | { readonly at: 'chunks'; readonly envelope: Envelope; readonly letter: ChunkedLetter | null };

/** What came of a letter by BDAT so far. */
export type ChunkedLetter = {
  readonly sizeBytes: number;
  /** Sees that only CRLF ends a line; null where BODY=BINARYMIME says that there need not be lines. */
  readonly lines: TextLines | null;
};

/**
 * One step of a session: what is said, and where it is afterwards. Entering `asking`, `securing` or `closed` is what puts
 * the question, starts TLS or closes.
 */
export type Move = {
  readonly reply: Reply | null;
  /** What is said before `reply`: LMTP has a reply for each recipient (RFC 2033 section 4.2). */
  readonly earlier?: readonly Reply[];
  readonly to: Stage;
  /** What came of an authentication that this ends. */
  readonly login?: LoginResult;
  /** How many recipients the letter that this ends was delivered to. */
  readonly deliveredTo?: number;
};

/** What a verb may look at besides the stage. */
export type Context = {
  readonly settings: Settings;
  readonly secured: Secured | null;
  /** Bytes that came behind this command and are not read yet. */
  readonly unreadBytes: number;
  /** Milliseconds since 1970; null where the driver does not say. */
  readonly connectedMs: number | null;
  /** Whether the peer is a proxy that may say whom it speaks for. */
  readonly mayProxy: boolean;
};

/** A verb's whole behaviour: pure, given that its order was checked. */
export type Handler<C extends Command = Command> = (
  command: C,
  stage: CommandStage,
  context: Context,
) => Move;

/** Says something and stays. */
export const stay = (stage: Stage, reply: Reply): Move => ({ reply, to: stage });

/** A verdict that does not answer the question is a fault of the one who answers. */
export function mismatch(question: Question, verdict: Verdict): never {
  throw new Error(`verdict ${verdict.verdict} does not answer ${question.ask}`);
}

/** The client of a stage; null before EHLO. */
export function clientOf(stage: CommandStage): Client | null {
  return stage.at === 'greeted' ? null : stage.at === 'ready' ? stage.client : stage.envelope.client;
}

/** The login of a stage; null where nobody authenticated. */
export function loginOf(stage: CommandStage): Login | null {
  return stage.at === 'greeted' ? null : stage.at === 'ready' ? stage.login : stage.envelope.login;
}

/** Where a session is when a transaction is over. */
export const readyAfter = ({ client, login }: Envelope): CommandStage => ({ at: 'ready', client, login });

/** Whether the connection is protected as far as its door asks for that. */
export const isOpen = ({ settings, secured }: Context): boolean =>
  secured !== null || settings.protection === 'not-required';

/** Whether an extension holds on this connection as it is now. */
export function offers(extension: Extension, { settings, secured, connectedMs }: Context): boolean {
  if (!settings.extensions.has(extension)) return false;
  switch (extension) {
    case 'BINARYMIME':
      return settings.extensions.has('CHUNKING');
    case 'REQUIRETLS':
      return secured !== null;
    case 'FUTURERELEASE':
      return connectedMs !== null;
    default:
      return true;
  }
}
