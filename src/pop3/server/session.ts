import { decodeUtf8 } from '../../bytes/buffer.ts';
import { foreignProtocol, mayBeForeign, openingBytes, type ForeignProtocol } from '../../bytes/foreign.ts';
import { LineReader } from '../../bytes/line-reader.ts';
import type { Secured } from '../../mail/transport.ts';
import { respondLine } from '../../sasl/line-exchange.ts';
import { loggableMechanism } from '../../sasl/mechanisms.ts';
import { isVerb, parseCommand, type Command } from '../command.ts';
import { say, type Reply } from '../reply.ts';
import type { Action, Event, Settings } from '../session.ts';
import { auth } from './auth.ts';
import { capa } from './capa.ts';
import { dele, noop, rset } from './dele.ts';
import { list, stat } from './list.ts';
import { broken, follow } from './login.ts';
import { outOfOrder } from './order.ts';
import { quit } from './quit.ts';
import { retr, top } from './retr.ts';
import {
  stay,
  type Authorization,
  type CommandStage,
  type Context,
  type Mode,
  type Move,
  type Stage,
  type Transaction,
} from './stage.ts';
import { stls } from './stls.ts';
import { pass, user } from './user.ts';
import { utf8 } from './utf8.ts';

type LineStage = CommandStage | Extract<Stage, { at: 'authenticating' }>;

// oxlint-disable-next-line no-control-regex -- refusing them is the point
const control = /[\u0000-\u001F\u007F]/;
// oxlint-disable-next-line no-control-regex -- and so is not printing them
const unprintable = /[\u0000-\u001F\u007F-\u009F]/g;

/**
 * The server's side of one POP3 connection (RFC 1939): events in, actions out, no socket, no clock. It never throws for
 * what the peer does; it throws for a verdict that does not answer the open question, and for events after `close`
 * other than bytes that were already on their way.
 */
export class Pop3Session {
  readonly #settings: Settings;
  readonly #lines = new LineReader();
  #stage: Stage = { at: 'silent' };
  #secured: Secured | null = null;
  #mode: Mode = 'ascii';
  #errors = 0;
  #failedLogins = 0;
  #idleCommands = 0;
  #progress = 0;
  #stopping = false;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Grows with each command that is understood: what a silent peer is judged by. */
  get progress(): number {
    return this.#progress;
  }

  /** Where the session is, for logs and for the driver's timer. */
  get at(): Stage['at'] {
    return this.#stage.at;
  }

  /** How much memory the bytes take that came and were not read yet. */
  get heldBytes(): number {
    return this.#lines.keptBytes;
  }

  handle(event: Event): Action[] {
    const actions: Action[] = [];
    if (this.#stage.at === 'closed') return actions;
    switch (event.on) {
      case 'connected':
        this.#expect('silent');
        this.#secured = event.secured;
        this.#apply(this.#begun(say.greeting(this.#settings.host)), actions);
        break;
      case 'secured':
        this.#expect('securing');
        this.#secured = event.secured;
        this.#apply(this.#begun(null), actions);
        break;
      case 'bytes':
        this.#lines.push(event.chunk);
        if (this.#stage.at === 'securing') this.#apply(stay({ at: 'closed' }, say.injected), actions);
        break;
      case 'verdict':
        if (this.#stage.at !== 'asking') throw new Error('a verdict came, and no question is open');
        if (event.to !== this.#stage.question) throw new Error('a verdict came to another question');
        this.#apply(this.#stage.settle(event.verdict), actions);
        break;
      case 'timeout':
        // RFC 1939 section 3: nothing is removed, and nothing is said. Where a question is open, it is not the client that is slow.
        if (this.#stage.at !== 'asking') this.#apply({ reply: null, to: { at: 'closed' } }, actions);
        break;
      case 'stopping':
        this.#stopping = true;
        break;
    }
    this.#run(actions);
    return actions;
  }

  /** TLS that was agreed for another protocol may be somebody's replay of it (RFC 7301 section 3.1). */
  #begun(reply: Reply | null): Move {
    const alpn = this.#secured?.tls.alpn ?? null;
    if (alpn !== null && alpn !== 'pop3') return stay({ at: 'closed' }, say.wrongApplication);
    return { reply, to: { at: 'authorization', user: null } };
  }

  #expect(at: Stage['at']): void {
    if (this.#stage.at !== at) throw new Error(`the session is ${this.#stage.at}, not ${at}`);
  }

  /** Reads on until something is missing: a line's end, a verdict, a handshake. */
  #run(actions: Action[]): void {
    for (;;) {
      const stage = this.#stage;
      switch (stage.at) {
        case 'authorization':
        case 'transaction':
          if (this.#stopping && mayStop(stage))
            return this.#apply(stay({ at: 'closed' }, say.stopping(this.#settings.host)), actions);
          if (!this.#line(stage, actions)) return;
          break;
        case 'authenticating':
          if (!this.#line(stage, actions)) return;
          break;
        default:
          return;
      }
    }
  }

  /** Takes one line; false where there is none yet. */
  #line(stage: LineStage, actions: Action[]): boolean {
    const { authLineBytes, commandLineBytes, discardedLineBytes } = this.#settings.limits;
    const foreign = stage.at === 'authorization' ? this.#foreign() : null;
    if (foreign !== null) {
      actions.push({ do: 'foreign', protocol: foreign });
      this.#apply({ reply: foreignReplies[foreign], to: { at: 'closed' } }, actions);
      return true;
    }
    const maxBytes = stage.at === 'transaction' ? commandLineBytes : authLineBytes;
    const read = this.#lines.next(maxBytes, discardedLineBytes);
    switch (read.got) {
      case 'nothing':
        return false;
      case 'too-long':
        this.#apply(this.#tooLong(stage), actions);
        return true;
      case 'endless':
        this.#apply(stay({ at: 'closed' }, say.endlessLine), actions);
        return true;
      case 'bare-cr':
        this.#apply(stay({ at: 'closed' }, say.bareCr), actions);
        return true;
      case 'bare-lf':
        this.#apply(stay({ at: 'closed' }, say.bareLf), actions);
        return true;
      case 'line':
        if (this.#settings.trace) actions.push({ do: 'note', shown: shownLine(stage, read.line) });
        this.#apply(this.#lineMove(stage, read.line), actions);
        return true;
    }
  }

  #foreign(): ForeignProtocol | null {
    const lines = this.#lines;
    return mayBeForeign(lines.firstOctet) ? foreignProtocol(lines.peek(openingBytes)) : null;
  }

  #tooLong(stage: LineStage): Move {
    const { authLineBytes, commandLineBytes } = this.#settings.limits;
    if (stage.at === 'authenticating') return broken(stage.exchange, say.lineTooLong(authLineBytes));
    return stay(stage, say.lineTooLong(commandLineBytes));
  }

  #lineMove(stage: LineStage, line: Buffer): Move {
    const text = decodeUtf8(line);
    if (stage.at === 'authenticating') {
      this.#progress += 1;
      return follow(respondLine(stage.exchange, text), stage.exchange);
    }
    if (text === null) return stay(stage, say.notUtf8);
    if (control.test(text)) return stay(stage, say.controlCharacter);
    // AUTH alone may be longer than a command, as its initial response stands in its line (RFC 5034 section 4).
    const { commandLineBytes } = this.#settings.limits;
    if (line.length + 2 > commandLineBytes && !/^AUTH /i.test(text))
      return stay(stage, say.lineTooLong(commandLineBytes));
    const parsed = parseCommand(text);
    switch (parsed.is) {
      case 'unknown':
        return stay(stage, say.unknownCommand);
      case 'wrong':
        return stay(stage, outOfOrder(parsed.verb, stage, this.#context()) ?? say.syntax(parsed.usage));
      case 'command':
        this.#progress += 1;
        return this.#command(stage, parsed.command);
    }
  }

  #command(stage: CommandStage, command: Command): Move {
    if (stage.at === 'authorization') this.#idleCommands += 1;
    if (this.#idleCommands > this.#settings.limits.idleCommands)
      return stay({ at: 'closed' }, say.tooManyCommands);
    const context = this.#context();
    const wrong = outOfOrder(command.verb, stage, context);
    return wrong === null ? dispatch(command, stage, context) : stay(stage, wrong);
  }

  #context(): Context {
    return {
      settings: this.#settings,
      secured: this.#secured,
      mode: this.#mode,
      unreadBytes: this.#lines.heldBytes,
    };
  }

  /** Says what the move says, goes where it goes, and ends a session that has had enough of errors. */
  #apply(move: Move, actions: Action[]): void {
    this.#stage = move.to;
    if (move.mode !== undefined) this.#mode = move.mode;
    if (move.login !== undefined) actions.push({ do: 'login', result: move.login });
    if (move.reply !== null) this.#say(move.reply, actions);
    if (move.content !== undefined) for (const chunk of move.content) actions.push({ do: 'send', chunk });
    if (move.enough === true) actions.push({ do: 'enough' });
    switch (this.#stage.at) {
      case 'asking':
        actions.push({ do: 'ask', question: this.#stage.question });
        break;
      case 'securing':
        actions.push({ do: 'secure' });
        break;
      case 'closed':
        actions.push({ do: 'close' });
        break;
      default:
    }
  }

  /** Says it, and that it is the last word where that was one error too many. */
  #say(reply: Reply, actions: Action[]): void {
    actions.push({ do: 'reply', reply });
    if (reply.isMistake) this.#errors += 1;
    if (reply.code === 'AUTH') this.#failedLogins += 1;
    const { errors, failedLogins } = this.#settings.limits;
    const enough =
      this.#failedLogins >= failedLogins
        ? say.tooManyLogins
        : this.#errors >= errors
          ? say.tooManyErrors
          : null;
    if (enough === null || this.#stage.at === 'closed') return;
    actions.push({ do: 'reply', reply: enough });
    this.#stage = { at: 'closed' };
  }
}

/** What is said to each; who waits for a TLS record could not read it. */
const foreignReplies: Readonly<Record<ForeignProtocol, Reply | null>> = {
  TLS: null,
  HTTP: say.wrongProtocol,
  PROXY: say.proxyNotHere,
};

/** Whether the session has nothing to lose but what can be fetched again: no letter is to be removed. */
const mayStop = (stage: CommandStage): boolean =>
  stage.at === 'authorization' || stage.maildrop.leftCount === stage.maildrop.count;

/**
 * What a log may have of a line: nothing of an authentication but its mechanism and its user, and nothing of what is no
 * command, as a client that talks past a refused AUTH sends its password so.
 */
function shownLine(stage: LineStage, line: Buffer): string {
  if (stage.at === 'authenticating') return '***';
  const text = line.toString('utf8').slice(0, 512).replaceAll(unprintable, '?');
  const [, word = '', argument = ''] = /^([A-Za-z0-9]+)(?: +([^ ]+))?/.exec(text) ?? [];
  const verb = word.toUpperCase();
  if (verb === 'AUTH') return ['AUTH', loggableMechanism(argument) ?? [], '***'].flat().join(' ');
  if (verb === 'PASS' || verb === 'APOP') return `${verb} ***`;
  return isVerb(word) ? text : `(no command, ${line.length} octets)`;
}

/** The one place where a verb becomes a function; the compiler sees that none is missing. */
function dispatch(command: Command, stage: CommandStage, context: Context): Move {
  switch (command.verb) {
    case 'CAPA':
      return capa(command, stage, context);
    case 'QUIT':
      return quit(command, stage, context);
    default:
      return stage.at === 'authorization'
        ? authorize(command, stage, context)
        : transact(command, stage, context);
  }
}

/** The commands that belong to one of the two states. */
type Inside = Exclude<Command, { verb: 'CAPA' | 'QUIT' }>;

/** Nobody is in; what takes somebody who is was refused by its order. */
function authorize(command: Inside, stage: Authorization, context: Context): Move {
  switch (command.verb) {
    case 'STLS':
      return stls(command, stage, context);
    case 'UTF8':
      return utf8(command, stage, context);
    case 'USER':
      return user(command, stage, context);
    case 'PASS':
      return pass(command, stage, context);
    case 'APOP':
      return stay(stage, say.apopNotHere);
    case 'AUTH':
      return auth(command, stage, context);
    case 'STAT':
    case 'LIST':
    case 'UIDL':
    case 'RETR':
    case 'TOP':
    case 'DELE':
    case 'NOOP':
    case 'RSET':
      return stay(stage, say.loginFirst);
  }
}

/** Somebody is in; what brings somebody in was refused by its order. */
function transact(command: Inside, stage: Transaction, context: Context): Move {
  switch (command.verb) {
    case 'STAT':
      return stat(command, stage, context);
    case 'LIST':
    case 'UIDL':
      return list(command, stage, context);
    case 'RETR':
      return retr(command, stage, context);
    case 'TOP':
      return top(command, stage, context);
    case 'DELE':
      return dele(command, stage, context);
    case 'NOOP':
      return noop(command, stage, context);
    case 'RSET':
      return rset(command, stage, context);
    case 'STLS':
    case 'UTF8':
    case 'USER':
    case 'PASS':
    case 'APOP':
    case 'AUTH':
      return stay(stage, say.loggedInAlready);
  }
}
