import { decodeUtf8 } from '../../bytes/buffer.ts';
import { LineReader } from '../../bytes/line-reader.ts';
import { loggableMechanism } from '../../sasl/mechanisms.ts';
import { beginsChunk, isVerb, parseCommand, type Command } from '../command.ts';
import { foreignProtocol, mayBeForeign, openingBytes, type ForeignProtocol } from '../../bytes/foreign.ts';
import { say, type Reply } from '../reply.ts';
import type { Action, Event, Secured, Settings } from '../session.ts';
import { auth, authBroken, authLine } from './auth.ts';
import { bdat, chunkBroken, chunkEnded, refuseChunk } from './bdat.ts';
import { data, letterAnswered, letterEnded } from './data.ts';
import { xenrol } from './enrol.ts';
import { greeting, hello } from './hello.ts';
import { mail } from './mail.ts';
import { outOfOrder } from './order.ts';
import { rcpt } from './rcpt.ts';
import { help, noop, quit, rset, vrfy } from './simple.ts';
import { stay, type CommandStage, type Context, type Move, type Stage } from './stage.ts';
import { startTls } from './starttls.ts';
import { xclient } from './xclient.ts';

type LineStage = CommandStage | Extract<Stage, { at: 'authenticating' }>;

/** C0 controls and DEL, none of which a command has (RFC 5321 section 4.1.2). */
// oxlint-disable-next-line no-control-regex -- refusing them is the point
const control = /[\u0000-\u001F\u007F]/;
// oxlint-disable-next-line no-control-regex -- and so is not printing them
const unprintable = /[\u0000-\u001F\u007F-\u009F]/g;

/**
 * The server's side of one SMTP connection (RFC 5321): events in, actions out, no socket, no clock. It never throws for
 * what the peer does; it throws for a verdict that does not answer the open question, and for events after `close`
 * other than bytes that were already on their way.
 */
export class SmtpSession {
  readonly #settings: Settings;
  readonly #lines = new LineReader();
  #stage: Stage = { at: 'silent' };
  #secured: Secured | null = null;
  #errors = 0;
  #failedLogins = 0;
  #idleCommands = 0;
  #transactions = 0;
  #progress = 0;
  #letterBytes = 0;
  #stopping = false;
  #connectedMs: number | null = null;
  #mayProxy = false;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Grows with each command that is understood: what a silent peer is judged by. */
  get progress(): number {
    return this.#progress;
  }

  /** How many octets of letters came, those that are thrown away included: what a slow peer is judged by. */
  get letterBytes(): number {
    return this.#letterBytes;
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
        this.#connectedMs = event.nowMs ?? null;
        this.#mayProxy = event.trust === 'xclient';
        this.#apply(this.#begun(greeting(this.#settings)), actions);
        break;
      case 'secured':
        this.#expect('securing');
        this.#secured = event.secured;
        this.#apply(this.#begun(null), actions);
        break;
      case 'bytes':
        this.#lines.push(event.chunk);
        if (this.#stage.at === 'securing') this.#apply(stay({ at: 'closed' }, say.injected), actions);
        if (this.#stage.at === 'silent') this.#apply(stay({ at: 'closed' }, say.earlyTalker), actions);
        break;
      case 'verdict':
        if (this.#stage.at !== 'asking') throw new Error('a verdict came, and no question is open');
        if (event.to !== this.#stage.question) throw new Error('a verdict came to another question');
        this.#apply(this.#stage.settle(event.verdict), actions);
        break;
      case 'timeout':
        this.#timeOut(actions);
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
    if (alpn !== null && alpn !== 'smtp') return stay({ at: 'closed' }, say.wrongApplication);
    return { reply, to: { at: 'greeted' } };
  }

  #expect(at: Stage['at']): void {
    if (this.#stage.at !== at) throw new Error(`the session is ${this.#stage.at}, not ${at}`);
  }

  #timeOut(actions: Action[]): void {
    switch (this.#stage.at) {
      case 'asking':
        // It is not the client that is slow.
        return;
      case 'silent':
      case 'securing':
        // Where TLS records are due, a reply would be noise.
        return this.#apply({ reply: null, to: { at: 'closed' } }, actions);
      default:
        this.#apply(stay({ at: 'closed' }, say.idle), actions);
    }
  }

  /** Reads on until something is missing: a line's end, a verdict, a handshake. */
  #run(actions: Action[]): void {
    for (;;) {
      const stage = this.#stage;
      switch (stage.at) {
        case 'greeted':
        case 'ready':
          if (this.#stopping)
            return this.#apply(stay({ at: 'closed' }, say.stopping(this.#settings.host)), actions);
          if (!this.#line(stage, actions)) return;
          break;
        case 'transaction':
        case 'chunks':
        case 'authenticating':
          if (!this.#line(stage, actions)) return;
          break;
        case 'data':
          if (this.#lines.heldBytes === 0) return;
          this.#content(stage, actions);
          break;
        case 'chunk':
          if (this.#lines.heldBytes === 0 && stage.leftBytes > 0) return;
          this.#chunk(stage, actions);
          break;
        case 'discarding':
          if (this.#lines.heldBytes === 0 && stage.leftBytes > 0) return;
          this.#discard(stage, actions);
          break;
        default:
          return;
      }
    }
  }

  /** Takes one line; false where there is none yet. */
  #line(stage: LineStage, actions: Action[]): boolean {
    const { limits } = this.#settings;
    const foreign = stage.at === 'authenticating' ? null : this.#foreign();
    if (foreign !== null) {
      this.#hangUpOn(foreign, actions);
      return true;
    }
    const isInMail = stage.at === 'transaction' || stage.at === 'chunks';
    const maxBytes = isInMail ? limits.commandLineBytes : limits.authLineBytes;
    const read = this.#lines.next(maxBytes, limits.discardedLineBytes);
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

  /** Somebody has the wrong port, or makes a browser talk to this one: nothing of what follows is a command. */
  #hangUpOn(protocol: ForeignProtocol, actions: Action[]): void {
    actions.push({ do: 'foreign', protocol });
    this.#apply({ reply: foreignReplies[protocol], to: { at: 'closed' } }, actions);
  }

  #tooLong(stage: LineStage): Move {
    const { authLineBytes, commandLineBytes } = this.#settings.limits;
    if (stage.at === 'authenticating') return authBroken(stage, say.lineTooLong(authLineBytes));
    return stay(stage, say.lineTooLong(commandLineBytes));
  }

  #lineMove(stage: LineStage, line: Buffer): Move {
    const text = decodeUtf8(line);
    if (stage.at === 'authenticating') {
      this.#progress += 1;
      return authLine(text, stage);
    }
    if (text === null) return this.#notUnderstood(stage, line.toString('latin1'), say.notUtf8);
    if (control.test(text)) return this.#notUnderstood(stage, text, say.controlCharacter);
    // AUTH alone may be longer than a command, as its initial response stands in its line (RFC 4954 section 4).
    const { commandLineBytes } = this.#settings.limits;
    if (line.length + 2 > commandLineBytes && !/^AUTH /i.test(text))
      return this.#notUnderstood(stage, text, say.lineTooLong(commandLineBytes));
    const parsed = parseCommand(text);
    switch (parsed.is) {
      case 'unknown':
        return stay(stage, say.unknownCommand);
      case 'not-implemented':
        return stay(stage, say.notImplemented);
      case 'wrong':
        return this.#notUnderstood(
          stage,
          text,
          outOfOrder(parsed.verb, stage, this.#context()) ?? parsed.reply,
        );
      case 'command':
        this.#progress += 1;
        return this.#command(stage, parsed.command);
    }
  }

  /** How many octets follow a BDAT that is not understood nobody knows, and none of them may become a command. */
  #notUnderstood(stage: CommandStage, text: string, reply: Reply): Move {
    return stay(beginsChunk(text) ? { at: 'closed' } : stage, reply);
  }

  #command(stage: CommandStage, command: Command): Move {
    const { limits } = this.#settings;
    // Recipients have a limit of their own, and so has content.
    const isIdle =
      command.verb === 'BDAT' ? command.sizeBytes < limits.smallChunkBytes : command.verb !== 'RCPT';
    if (isIdle) this.#idleCommands += 1;
    if (this.#idleCommands > limits.idleCommands) return stay({ at: 'closed' }, say.tooManyCommands);
    // RFC 9422 section 4.1 counts the ones that are refused as well.
    if (command.verb === 'MAIL') this.#transactions += 1;
    if (limits.transactions > 0 && this.#transactions > limits.transactions)
      return stay({ at: 'closed' }, say.tooManyTransactions(limits.transactions));
    const context = this.#context();
    const wrong = outOfOrder(command.verb, stage, context);
    if (wrong === null) return dispatch(command, stage, context);
    return command.verb === 'BDAT' ? refuseChunk(command, stage, wrong, context) : stay(stage, wrong);
  }

  #context(): Context {
    return {
      settings: this.#settings,
      secured: this.#secured,
      unreadBytes: this.#lines.heldBytes,
      connectedMs: this.#connectedMs,
      mayProxy: this.#mayProxy,
    };
  }

  #content(stage: Extract<Stage, { at: 'data' }>, actions: Action[]): void {
    const { messageBytes, discardedMessageBytes } = this.#settings.limits;
    const rest = this.#lines.takeRest();
    const content: Uint8Array[] = [];
    const read = stage.dots.push(rest, content);
    let { sizeBytes } = stage;
    for (const chunk of content) {
      const room = messageBytes - sizeBytes;
      if (room >= chunk.length) actions.push({ do: 'body', chunk });
      else if (room > 0) actions.push({ do: 'body', chunk: chunk.subarray(0, room) });
      if (room >= 0 && room < chunk.length) actions.push({ do: 'drop' });
      this.#letterBytes += chunk.length;
      sizeBytes += chunk.length;
    }
    if (sizeBytes > messageBytes + discardedMessageBytes)
      return this.#apply(stay({ at: 'closed' }, say.endlessLetter), actions);
    switch (read.got) {
      case 'more':
        this.#stage = { ...stage, sizeBytes };
        return;
      case 'bare-cr':
        return this.#apply(stay({ at: 'closed' }, say.bareCr), actions);
      case 'bare-lf':
        return this.#apply(stay({ at: 'closed' }, say.bareLf), actions);
      case 'end': {
        this.#lines.push(rest.subarray(read.consumedBytes));
        this.#idleCommands = 0;
        const { envelope } = stage;
        const context = this.#context();
        if (sizeBytes > messageBytes)
          return this.#apply(letterAnswered(envelope, say.tooBig(messageBytes), context.settings), actions);
        return this.#apply(letterEnded(envelope, context), actions);
      }
    }
  }

  /** Takes octets of a chunk as they are: neither dots nor line ends mean anything in it (RFC 3030 section 2). */
  #chunk(stage: Extract<Stage, { at: 'chunk' }>, actions: Action[]): void {
    const { letter } = stage;
    const octets = this.#lines.take(stage.leftBytes);
    const leftBytes = stage.leftBytes - octets.length;
    const right = letter.lines?.push(octets) ?? null;
    const content = right === null ? octets : octets.subarray(0, right);
    if (content.length > 0) actions.push({ do: 'body', chunk: content });
    if (right !== null) return this.#apply(chunkBroken(stage, leftBytes, this.#context()), actions);
    this.#letterBytes += octets.length;
    const more = { ...stage, letter: { ...letter, sizeBytes: letter.sizeBytes + octets.length }, leftBytes };
    if (leftBytes > 0) {
      this.#stage = more;
      return;
    }
    if (stage.isLast) this.#idleCommands = 0;
    this.#apply(chunkEnded(more, this.#context()), actions);
  }

  #discard(stage: Extract<Stage, { at: 'discarding' }>, actions: Action[]): void {
    const { length } = this.#lines.take(stage.leftBytes);
    const leftBytes = stage.leftBytes - length;
    this.#letterBytes += length;
    if (leftBytes > 0) this.#stage = { ...stage, leftBytes };
    else this.#apply(stage.after, actions);
  }

  /** Says what the move says, goes where it goes, and ends a session that has had enough of errors. */
  #apply(move: Move, actions: Action[]): void {
    if (holdsContent(this.#stage) && !mayUseContent(move.to)) actions.push({ do: 'drop' });
    this.#stage = move.to;
    if (move.deliveredTo !== undefined) this.#errors = Math.max(0, this.#errors - move.deliveredTo);
    if (move.login !== undefined) actions.push({ do: 'login', result: move.login });
    let enough: Reply | null = null;
    if (move.earlier !== undefined) for (const reply of move.earlier) enough = this.#say(reply, actions);
    if (move.reply !== null) enough = this.#say(move.reply, actions) ?? enough;
    if (enough !== null && move.to.at !== 'closed') {
      actions.push({ do: 'reply', reply: enough });
      this.#stage = { at: 'closed' };
    }
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

  /** Says it; the reply that ends the session where that was one error too many. */
  #say(reply: Reply, actions: Action[]): Reply | null {
    actions.push({ do: 'reply', reply });
    return this.#enough(reply);
  }

  #enough(reply: Reply): Reply | null {
    if (reply.code < 400) return null;
    this.#errors += 1;
    if (reply.code === 535) this.#failedLogins += 1;
    const { errors, failedLogins } = this.#settings.limits;
    if (this.#failedLogins >= failedLogins) return say.tooManyLogins;
    return this.#errors >= errors ? say.tooManyErrors : null;
  }
}

/** What is said to each; who waits for a TLS record could not read it. */
const foreignReplies: Readonly<Record<ForeignProtocol, Reply | null>> = {
  TLS: null,
  HTTP: say.wrongProtocol,
  PROXY: say.proxyNotHere,
};

/** Whether content of a letter by BDAT was handed on. */
const holdsContent = (stage: Stage): boolean =>
  stage.at === 'chunk' || (stage.at === 'chunks' && stage.letter !== null);

/** Whether a letter may still be made of it; the end of the session forgets it anyway. */
const mayUseContent = (stage: Stage): boolean =>
  holdsContent(stage) || stage.at === 'asking' || stage.at === 'closed';

/**
 * What a log may have of a line: nothing of an authentication but its mechanism, and nothing of what is no command, as
 * a client that talks past a refused AUTH sends its password so.
 */
function shownLine(stage: LineStage, line: Buffer): string {
  if (stage.at === 'authenticating') return '***';
  const text = line.toString('utf8').slice(0, 512).replaceAll(unprintable, '?');
  const [, word = '', argument = ''] = /^([A-Za-z]+)(?: +([^ ]+))?/.exec(text) ?? [];
  if (word.toUpperCase() === 'AUTH')
    return ['AUTH', loggableMechanism(argument) ?? [], '***'].flat().join(' ');
  return isVerb(word) ? text : `(no command, ${line.length} octets)`;
}

/** The one place where a verb becomes a function; the compiler sees that none is missing. */
function dispatch(command: Command, stage: CommandStage, context: Context): Move {
  switch (command.verb) {
    case 'EHLO':
    case 'HELO':
    case 'LHLO':
      return hello(command, stage, context);
    case 'MAIL':
      return mail(command, stage, context);
    case 'RCPT':
      return rcpt(command, stage, context);
    case 'DATA':
      return data(command, stage, context);
    case 'BDAT':
      return bdat(command, stage, context);
    case 'RSET':
      return rset(command, stage, context);
    case 'NOOP':
      return noop(command, stage, context);
    case 'HELP':
      return help(command, stage, context);
    case 'VRFY':
      return vrfy(command, stage, context);
    case 'AUTH':
      return auth(command, stage, context);
    case 'STARTTLS':
      return startTls(command, stage, context);
    case 'XENROL':
      return xenrol(command, stage, context);
    case 'XCLIENT':
      return xclient(command, stage, context);
    case 'QUIT':
      return quit(command, stage, context);
  }
}
