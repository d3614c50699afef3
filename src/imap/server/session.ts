import { ByteWriter } from '../../bytes/byte-writer.ts';
import { decodeUtf8 } from '../../bytes/buffer.ts';
import type { ForeignProtocol } from '../../bytes/foreign.ts';
import type { Secured } from '../../mail/transport.ts';
import type { LoginResult } from '../../sasl/login-result.ts';
import { loggableMechanism } from '../../sasl/mechanisms.ts';
import { formatCapabilities } from '../capabilities.ts';
import { CommandReader, type Announced, type CommandRead, type Gathered } from '../command-reader.ts';
import { beginning, isCommandName, parseCommand, type CommandName } from '../command.ts';
import { announcedLetter } from '../grammar/append.ts';
import type { MailboxId } from '../mailboxes.ts';
import { Scanner } from '../scanner.ts';
import { formatStatus, say, type Status } from '../say.ts';
import type { Action, Event, Settings } from '../session.ts';
import { appendLetters, firstLetter, nextLetter } from './append.ts';
import { authenticateLine } from './authenticate.ts';
import { idleLine, idleNews } from './idle.ts';
import { asks, closed, ends, type Context, type HomeStage, type Move, type Stage } from './stage.ts';
import { dispatch, tellsOf } from './table.ts';
import { tell } from './tell.ts';

type Receiving = Extract<Stage, { at: 'receiving' }>;

/** The command that is answered. */
type UnderWay = { readonly tag: string; readonly name: CommandName | null };

/** How much is gathered before it is sent while a command goes on. */
const sentBytes = 32_768;

/** What a login is that could have been somebody guessing. */
const guesses: ReadonlySet<LoginResult['outcome']> = new Set([
  'credentials',
  'authorization',
  'channel-binding',
]);

/**
 * The server's side of one IMAP connection (RFC 9051): events in, actions out, no socket, no clock. It never throws for
 * what the peer does; it throws for a verdict that does not answer the open question, and for events after `close`
 * other than what was already on its way.
 */
export class ImapSession {
  readonly #settings: Settings;
  readonly #reader = new CommandReader();
  readonly #out = new ByteWriter();
  #stage: Stage = { at: 'silent' };
  #secured: Secured | null = null;
  #underWay: UnderWay | null = null;
  /** A literal that nothing was decided of yet, or that is thrown away and whose command ends so. */
  #announced: Announced | null = null;
  #refusal: Status | null = null;
  /** Whether octets of letters were handed on since the command began. */
  #lettersCame = false;
  #errors = 0;
  #failedLogins = 0;
  #progress = 0;
  #letterBytes = 0;
  #compressed = false;
  #stopping = false;
  #news = false;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Grows with each command that is understood: what a silent peer is judged by. */
  get progress(): number {
    return this.#progress;
  }

  /** How many octets of letters came. */
  get letterBytes(): number {
    return this.#letterBytes;
  }

  /** Where the session is, for logs and for the driver's timer. */
  get at(): Stage['at'] {
    return this.#stage.at;
  }

  /** How much memory the bytes take that came and were not read yet. */
  get heldBytes(): number {
    return this.#reader.keptBytes;
  }

  handle(event: Event): Action[] {
    const actions: Action[] = [];
    if (this.#stage.at === 'closed') return actions;
    switch (event.on) {
      case 'connected':
        if (this.#stage.at !== 'silent') throw new Error(`the session is ${this.#stage.at}, not silent`);
        this.#secured = event.secured;
        this.#apply(this.#greet(), actions);
        break;
      case 'bytes':
        this.#reader.push(event.chunk);
        if (this.#stage.at === 'silent') this.#apply(ends(closed, say.earlyTalker), actions);
        break;
      case 'verdict':
        if (this.#stage.at !== 'asking') throw new Error('a verdict came, and no question is open');
        if (event.to !== this.#stage.question) throw new Error('a verdict came to another question');
        this.#apply(this.#stage.settle(event.verdict), actions);
        break;
      case 'changed':
        this.#news ||= this.#concerns(event.mailboxes);
        break;
      case 'timeout':
        // While a question is open, it is not the client that is slow.
        if (this.#stage.at !== 'asking') this.#apply(ends(closed, say.idle), actions);
        break;
      case 'waiting':
        this.#reassure();
        break;
      case 'swollen':
        // In the middle of an answer nobody could read a farewell.
        this.#apply(this.#stage.at === 'asking' ? { to: closed } : ends(closed, say.swollen), actions);
        break;
      case 'stopping':
        this.#stopping = true;
        break;
    }
    this.#run(actions);
    this.#send(actions, 1);
    return actions;
  }

  /** TLS that was agreed for another protocol may be somebody's replay of it (RFC 7301 section 3.1). */
  #greet(): Move {
    const alpn = this.#secured?.tls.alpn ?? null;
    if (alpn !== null && alpn !== 'imap') return ends(closed, say.wrongApplication);
    const { secured, settings } = this.#context();
    const capabilities = formatCapabilities({ secured, settings, isLoggedIn: false });
    return { to: { at: 'greeted' }, last: say.greeting(settings.host, capabilities) };
  }

  #context(): Context {
    const tag = this.#underWay?.tag ?? '*';
    const connection = { secured: this.#secured, compressed: this.#compressed };
    return { settings: this.#settings, ...connection, out: this.#out, tag };
  }

  /** Reads on until something is missing: octets, a verdict. */
  #run(actions: Action[]): void {
    for (;;) {
      const stage = this.#stage;
      switch (stage.at) {
        case 'greeted':
        case 'authenticated':
        case 'selected':
          if (this.#stopping && this.#refusal === null)
            return this.#apply(ends(closed, say.stopping), actions);
          if (!this.#command(stage, actions)) return;
          break;
        case 'receiving':
          if (!this.#letter(stage, actions)) return;
          break;
        case 'idling':
          if (this.#stopping) return this.#apply(ends(closed, say.stopping), actions);
          if (this.#news) this.#hear(stage, actions);
          else if (!this.#line(stage, actions)) return;
          break;
        case 'authenticating':
          if (!this.#line(stage, actions)) return;
          break;
        default:
          return;
      }
    }
  }

  /** Whether what happened in these mailboxes is to be told; while a question is open, nobody knows in which one it will be. */
  #concerns(mailboxes: readonly MailboxId[] | null): boolean {
    const stage = this.#stage;
    // Of none, it is the mailboxes themselves.
    if (mailboxes === null || mailboxes.length === 0 || stage.at === 'asking') return true;
    return stage.at === 'idling' && stage.home.at === 'selected' && mailboxes.includes(stage.home.mailbox.id);
  }

  #hear({ home }: Extract<Stage, { at: 'idling' }>, actions: Action[]): void {
    this.#news = false;
    this.#apply(idleNews(home, this.#context()), actions);
  }

  /** Reads what a command is made of; false where there is not enough of it yet. */
  #command(stage: HomeStage, actions: Action[]): boolean {
    const foreign = stage.at === 'greeted' ? this.#reader.foreign : null;
    if (foreign !== null) {
      this.#hangUpOn(foreign, actions);
      return true;
    }
    const { limits } = this.#settings;
    const most = stage.at === 'greeted' ? limits.earlyCommandBytes : limits.commandBytes;
    const read = this.#reader.next(most, limits.discardedBytes);
    switch (read.got) {
      case 'nothing':
        return false;
      case 'announced':
        this.#literal(read.announced, read.gathered, stage, actions);
        return true;
      case 'command':
        this.#whole(read.gathered, stage, actions);
        return true;
      case 'octets':
        throw new Error('octets of a letter came outside of an APPEND');
      default:
        this.#ended(read, stage, actions);
        return true;
    }
  }

  /** Somebody has the wrong port, or makes a browser talk to this one: nothing of what follows is a command. */
  #hangUpOn(protocol: ForeignProtocol, actions: Action[]): void {
    actions.push({ do: 'foreign', protocol });
    // Who waits for a TLS record could not read a farewell.
    this.#apply(protocol === 'TLS' ? { to: closed } : ends(closed, say.wrongProtocol), actions);
  }

  /** What is left of a command that was refused, or what nothing can be read behind. */
  #ended(
    { got }: Exclude<CommandRead, { got: 'nothing' | 'announced' | 'command' | 'octets' }>,
    home: HomeStage,
    actions: Action[],
  ): void {
    switch (got) {
      case 'swallowed': {
        const status = this.#refusal ?? say.tooBig;
        this.#refusal = null;
        return this.#apply(ends(home, status), actions);
      }
      case 'endless':
        return this.#apply(ends(closed, say.endless), actions);
      case 'bare-cr':
        return this.#apply(ends(closed, say.bareCr), actions);
      case 'bare-lf':
        return this.#apply(ends(closed, say.bareLf), actions);
    }
  }

  /** Decides what becomes of a literal before any of it is read. */
  #literal(announced: Announced, gathered: Gathered, stage: HomeStage, actions: Action[]): void {
    this.#announced = announced;
    const scan = new Scanner(gathered);
    const begun = beginning(scan);
    this.#begin(begun.is === 'no-tag' ? '*' : begun.tag, begun.is === 'named' ? begun.name : null);
    const isAppend = begun.is === 'named' && begun.name === 'APPEND' && stage.at !== 'greeted';
    if (isAppend) {
      scan.space();
      const letter = announcedLetter(scan);
      if (scan.ok && letter !== null) {
        this.#note(gathered, actions);
        return this.#apply(firstLetter(letter, announced.sizeBytes, stage, this.#context()), actions);
      }
      // Where nothing is missing but what is announced, the literal is the mailbox.
      if (scan.problem !== null && !scan.endedEarly)
        return this.#apply(ends(stage, say.syntax('APPEND', scan.problem)), actions);
    }
    const { limits } = this.#settings;
    const room = limits.commandBytes - this.#reader.gatheredBytes;
    const most = stage.at === 'greeted' ? Math.min(room, limits.earlyLiteralBytes) : room;
    if (announced.sizeBytes > most) {
      const isAnnotation = begun.is === 'named' && begun.name === 'SETMETADATA';
      const status = isAnnotation ? say.annotationTooLong : say.literalTooBig(most);
      return this.#apply(ends(stage, status), actions);
    }
    if (gathered.literals.length >= limits.literals)
      return this.#apply(ends(stage, say.tooManyLiterals), actions);
    this.#announced = null;
    this.#reader.keep(announced);
    if (announced.waits) this.#out.latin1('+ go on\r\n');
    return undefined;
  }

  /** A letter of an APPEND, and what stands between two of them. */
  #letter(stage: Receiving, actions: Action[]): boolean {
    const { limits } = this.#settings;
    const read = this.#reader.next(limits.commandBytes, limits.discardedBytes);
    switch (read.got) {
      case 'nothing':
        return false;
      case 'octets':
        this.#letterBytes += read.octets.length;
        actions.push({ do: 'body', chunk: read.octets, ends: read.leftBytes === 0 });
        return true;
      case 'announced':
        this.#furtherLetter(read.announced, read.gathered, stage, actions);
        return true;
      case 'command': {
        const parsed = parseCommand(read.gathered);
        if (parsed.is === 'command' && parsed.command.name === 'APPEND')
          this.#apply(appendLetters(parsed.command, stage.home, stage.mailbox), actions);
        else {
          const problem = parsed.is === 'wrong' ? parsed.problem : 'expected a letter';
          this.#apply(ends(stage.home, say.syntax('APPEND', problem)), actions);
        }
        return true;
      }
      default:
        this.#ended(read, stage.home, actions);
        return true;
    }
  }

  #furtherLetter(announced: Announced, gathered: Gathered, stage: Receiving, actions: Action[]): void {
    this.#announced = announced;
    const scan = new Scanner(gathered);
    beginning(scan);
    scan.space();
    const letter = announcedLetter(scan);
    if (scan.ok && letter !== null)
      return this.#apply(nextLetter(letter, announced.sizeBytes, stage, this.#context()), actions);
    const status = say.syntax('APPEND', scan.problem ?? 'expected a letter');
    return this.#apply(ends(stage.home, status), actions);
  }

  #whole(gathered: Gathered, stage: HomeStage, actions: Action[]): void {
    this.#note(gathered, actions);
    const parsed = parseCommand(gathered);
    switch (parsed.is) {
      case 'no-tag':
        this.#begin('*', null);
        return this.#apply(ends(stage, say.noTag), actions);
      case 'unknown':
        this.#begin(parsed.tag, null);
        return this.#apply(ends(stage, say.unknownCommand), actions);
      case 'wrong':
        this.#begin(parsed.tag, parsed.name);
        return this.#apply(ends(stage, say.syntax(parsed.name, parsed.problem)), actions);
      case 'command':
        this.#begin(parsed.tag, parsed.command.name);
        this.#progress += 1;
        return this.#apply(dispatch(parsed.command, stage, this.#context()), actions);
    }
  }

  #begin(tag: string, name: CommandName | null): void {
    this.#underWay = { tag, name };
  }

  /** A line that is no command: of an authentication, or the end of IDLE. */
  #line(stage: Extract<Stage, { at: 'authenticating' | 'idling' }>, actions: Action[]): boolean {
    const read = this.#reader.line(this.#settings.limits.earlyCommandBytes);
    switch (read.got) {
      case 'nothing':
        return false;
      case 'line': {
        const text = decodeUtf8(read.line);
        if (stage.at === 'idling') this.#apply(idleLine(text ?? '', stage.home), actions);
        else this.#apply(authenticateLine(text, stage, this.#context()), actions);
        this.#progress += 1;
        return true;
      }
      case 'bare-cr':
        this.#apply(ends(closed, say.bareCr), actions);
        return true;
      case 'bare-lf':
        this.#apply(ends(closed, say.bareLf), actions);
        return true;
      default:
        this.#apply(ends(closed, say.endless), actions);
        return true;
    }
  }

  /** Tells that a command is still under way (RFC 9585), but for where a part of a response has gone out. */
  #reassure(): void {
    if (this.#stage.at !== 'asking' || this.#underWay === null) return;
    const { ask } = this.#stage.question;
    if (ask !== 'octets' && ask !== 'login')
      this.#out.latin1(formatStatus('*', say.inProgress(this.#underWay.tag)));
  }

  /** Goes where the move goes, and ends the command under way as it says. */
  #apply(move: Move, actions: Action[]): void {
    // What came so early came in the clear, and would be read as if it had been compressed.
    if (move.after === 'compress' && this.#reader.heldBytes > 0)
      return this.#apply(ends(closed, say.tooEarly), actions);
    if (move.login !== undefined) {
      actions.push({ do: 'login', result: move.login });
      if (guesses.has(move.login.outcome)) this.#failedLogins += 1;
    }
    this.#stage = move.to;
    if (move.letterComes === true) this.#takeLetter();
    if (move.status !== undefined) this.#end(move.status, move.to, actions);
    if (move.last !== undefined) this.#say(move.last);
    if (this.#stage.at === 'asking') {
      this.#send(actions, sentBytes);
      actions.push({ do: 'ask', question: this.#stage.question });
    } else if (this.#stage.at === 'closed') {
      this.#send(actions, 1);
      actions.push({ do: 'close' });
    } else if (move.after !== undefined) {
      this.#send(actions, 1);
      actions.push({ do: move.after });
      if (move.after === 'compress') this.#compressed = true;
      else this.#news = false;
    }
    return undefined;
  }

  #takeLetter(): void {
    const announced = this.#announced;
    if (announced === null) throw new Error('a letter may come, and none was announced');
    this.#announced = null;
    this.#lettersCame = true;
    this.#reader.stream(announced);
    if (announced.waits) this.#out.latin1('+ go on\r\n');
  }

  /** A command ends: its literal is not wanted any more, and what happened in the mailbox is told first. */
  #end(status: Status, home: Stage, actions: Action[]): void {
    if (this.#lettersCame) actions.push({ do: 'drop' });
    this.#lettersCame = false;
    const announced = this.#announced;
    this.#announced = null;
    if (announced !== null && home.at !== 'closed') {
      if (announced.waits) this.#reader.forget();
      else {
        this.#reader.swallow(announced);
        this.#refusal = status;
        return;
      }
    }
    const name = this.#underWay?.name ?? null;
    if (home.at !== 'selected' || name === null || status.is === 'BAD') return this.#say(status);
    const { id: mailbox, view } = home.mailbox;
    const { to } = asks(
      { ask: 'changes', mailbox, since: view.since },
      home,
      (changes) => {
        view.learn(changes);
        tell(home, tellsOf(name), this.#out);
        return { to: home, last: status };
      },
      { refused: () => ends(closed, say.mailboxGone) },
    );
    this.#stage = to;
  }

  /** Says how the command ended, and ends a session that has had enough of errors. */
  #say(status: Status): void {
    const tag = this.#underWay?.tag ?? '*';
    this.#underWay = null;
    this.#out.latin1(formatStatus(status.is === 'BYE' ? '*' : tag, status));
    if (this.#stage.at === 'closed') return;
    this.#errors = status.is === 'BAD' ? this.#errors + 1 : 0;
    const { errors, failedLogins } = this.#settings.limits;
    const enough =
      this.#failedLogins >= failedLogins
        ? say.tooManyLogins
        : this.#errors >= errors
          ? say.tooManyErrors
          : null;
    if (enough === null) return;
    this.#out.latin1(formatStatus('*', enough));
    this.#stage = closed;
  }

  #send(actions: Action[], least: number): void {
    if (this.#out.length >= least) actions.push({ do: 'send', octets: this.#out.take() });
  }

  #note(gathered: Gathered, actions: Action[]): void {
    if (this.#settings.trace) actions.push({ do: 'note', shown: shownCommand(gathered) });
  }
}

// oxlint-disable-next-line no-control-regex -- not printing them is the point
const unprintable = /[\u0000-\u001F\u007F-\u00FF]/g;

/**
 * What a log may have of a command: nothing of an authentication but its mechanism, no literal, and nothing of what is no
 * command, as a client that talks past a refused LOGIN sends its password so.
 */
function shownCommand({ texts }: Gathered): string {
  const text = texts.join('{…}').slice(0, 512).replaceAll(unprintable, '?');
  const [, tag = '', first = '', second = ''] = /^([^ ]+) ([A-Za-z]+)(?: ([^ ]+))?/.exec(text) ?? [];
  const name = first.toUpperCase();
  if (name === 'LOGIN') return `${tag} LOGIN ***`;
  if (name === 'AUTHENTICATE') return [tag, name, loggableMechanism(second) ?? [], '***'].flat().join(' ');
  return isCommandName(name) || name === 'UID' ? text : `(no command, ${text.length} octets)`;
}
