import type { ByteWriter } from '../../bytes/byte-writer.ts';
import type { Secured } from '../../mail/transport.ts';
import type { Login, LoginResult } from '../../sasl/login-result.ts';
import type { ServerExchange } from '../../sasl/exchange.ts';
import type { Command } from '../command.ts';
import type { AppendedLetter } from '../grammar/append.ts';
import type { MailboxId } from '../mailboxes.ts';
import type { Answers, Ask, Asked, Question, Refusal, Verdict } from '../questions.ts';
import type { TextForm } from '../render/string.ts';
import { say, type Status } from '../say.ts';
import type { Settings } from '../session.ts';
import type { View } from '../view.ts';

/** Where a session is. A stage owns its data; leaving it is forgetting it. */
export type Stage =
  | { readonly at: 'silent' }
  | HomeStage
  | { readonly at: 'authenticating'; readonly home: Greeted; readonly exchange: ServerExchange }
  | { readonly at: 'idling'; readonly home: LoggedIn }
  /** Inside an APPEND whose first letter has begun to come. */
  | {
      readonly at: 'receiving';
      readonly home: LoggedIn;
      readonly mailbox: MailboxId;
      readonly letters: readonly AppendedLetter[];
    }
  /** A question is open; nothing more is read until its verdict, which only chooses among the ways out. */
  | { readonly at: 'asking'; readonly question: Question; readonly settle: (verdict: Verdict) => Move }
  | { readonly at: 'closed' };

/** The stages that take commands (RFC 9051 section 3). */
export type HomeStage = Greeted | LoggedIn;
export type Greeted = { readonly at: 'greeted' };
export type LoggedIn = Authenticated | Selected;
export type Authenticated = { readonly at: 'authenticated'; readonly person: Person };
export type Selected = {
  readonly at: 'selected';
  readonly person: Person;
  readonly mailbox: SelectedMailbox;
};

/** Who is logged in, and what their program has asked to be spoken to with (RFC 5161). */
export type Person = { readonly login: Login; readonly enabled: ReadonlySet<Enabled> };

/** What ENABLE turns on here. */
export type Enabled = 'CONDSTORE' | 'IMAP4REV2' | 'QRESYNC' | 'UTF8=ACCEPT';

/** The mailbox of a session. */
export type SelectedMailbox = {
  readonly id: MailboxId;
  readonly readOnly: boolean;
  readonly view: View;
  /** The uids that a search has saved, lowest first (RFC 5182 section 2.1). */
  readonly saved: readonly number[];
};

/**
 * One step of a session: where it is afterwards, and what ends the command under way. Entering `asking` or `closed` is what
 * puts the question or closes. What a command has to tell besides is written by its handler.
 */
export type Move = {
  readonly to: Stage;
  /** The command ends so, after everything that is to be told of the mailbox. */
  readonly status?: Status;
  /** The command ends so, and all was told. */
  readonly last?: Status;
  /** What came of an authentication that this ends. */
  readonly login?: LoginResult;
  /** The letter that was announced may come. */
  readonly letterComes?: true;
  /** What becomes of the connection, behind everything that was said. */
  readonly after?: 'logout' | 'compress';
};

/** What a handler may look at and write to besides the stage. */
export type Context = {
  readonly settings: Settings;
  readonly secured: Secured | null;
  /** Whether the connection is compressed (RFC 4978). */
  readonly compressed: boolean;
  /** Of the command. */
  readonly tag: string;
  /** Untagged responses go here. */
  readonly out: ByteWriter;
};

/** A command's whole behaviour: pure, given that it fits the stage. */
export type Handler<C extends Command, At extends HomeStage> = (
  command: C,
  stage: At,
  context: Context,
) => Move;

/** Whether names and texts go to and come from this session in UTF-8 (RFC 9755 section 3, RFC 9051 section 5.1). */
export const textFormOf = (stage: HomeStage): TextForm =>
  stage.at !== 'greeted' && (stage.person.enabled.has('UTF8=ACCEPT') || stage.person.enabled.has('IMAP4REV2'))
    ? 'utf-8'
    : 'ascii';

/** The stage with something turned on, as ENABLE does it and some commands by being given (RFC 7162 section 3.1). */
export const withEnabled = <Home extends LoggedIn>(stage: Home, ...names: readonly Enabled[]): Home => {
  const { login, enabled } = stage.person;
  if (names.every((name) => enabled.has(name))) return stage;
  return { ...stage, person: { login, enabled: new Set([...enabled, ...names]) } };
};

/** Whether the session is told modification sequences (RFC 7162 section 3.1). */
export const tellsModSeqs = ({ person }: LoggedIn): boolean => person.enabled.has('CONDSTORE');

/** Whether the session asked for IMAP4rev2. */
export const isRev2 = ({ person }: LoggedIn): boolean => person.enabled.has('IMAP4REV2');

/** Ends the command and stays. */
export const ends = (stage: Stage, status: Status): Move => ({ to: stage, status });

export const closed: Stage = { at: 'closed' };

/** What becomes of a question without an answer, where that is not the usual. */
export type Otherwise = {
  /** null: the usual. */
  readonly refused?: (why: Refusal['why']) => Move | null;
  /** Where a part of a response has gone out, and nothing can follow it. */
  readonly fault?: Move;
};

/**
 * Asks, and goes on with the answer. Where there is none, the command ends with the reason, or as `otherwise` has it, and
 * the session is at `home`.
 */
export const asks = <Kind extends Ask>(
  question: Asked<Kind>,
  home: HomeStage,
  then: (answer: Answers[Kind]) => Move,
  otherwise: Otherwise = {},
): Move => ({
  to: {
    at: 'asking',
    question,
    settle: (verdict) => {
      switch (verdict.verdict) {
        case 'answer':
          // Whoever answers is held to the pairs of `Answers` where the answers are made.
          return then(verdict.answer as Answers[Kind]);
        case 'refused':
          return otherwise.refused?.(verdict.why.why) ?? unanswered(verdict.why.why, home);
        case 'fault':
          return otherwise.fault ?? ends(home, say.fault(verdict.id));
      }
    },
  },
});

function unanswered(why: Refusal['why'], home: HomeStage): Move {
  switch (why) {
    case 'no-account':
      return ends(closed, say.accountGone);
    case 'no-mailbox':
      return ends(home, say.noMailbox);
    case 'over-quota':
      return ends(home, say.overQuota);
    case 'too-many-keywords':
      return ends(home, say.tooManyKeywords);
    case 'overloaded':
      return ends(home, say.overloaded);
    case 'too-big':
      return ends(home, say.tooBig);
    case 'exists':
      return ends(home, say.exists);
    case 'bad-name':
      return ends(home, say.badName);
    case 'role-taken':
      return ends(home, say.useTaken);
    case 'too-many-mailboxes':
      return ends(home, say.tooManyMailboxes);
    case 'inbox':
      return ends(home, say.inbox);
    case 'not-allowed':
      return ends(home, say.notAllowed);
    case 'no-such-use':
      return ends(home, say.noSuchUse);
    case 'too-many-annotations':
      return ends(home, say.tooManyAnnotations);
    case 'has-children':
      return ends(home, say.hasChildren);
  }
}
