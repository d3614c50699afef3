import { DotWriter } from '../../bytes/dot-writer.ts';
import { formatBase64, parseBase64 } from '../../bytes/base64.ts';
import { ok, refused, type Result } from '../../result.ts';
import type { ClientExchange, ClientFailure } from '../../sasl/client.ts';
import type { Address } from '../../mail/address.ts';
import type { Body } from '../session.ts';
import { formatCommand, isPipelined, type ClientCommand, type CommandLine } from './command.ts';
import { counted, fit, nothingSent, type Extensions, type Unsent } from './fitting.ts';
import { OutgoingText } from './letter.ts';
import { ReplyReader, type ServerReply } from './reply-reader.ts';

/** What a client session is told by its connection. */
export type ClientEvent =
  | { readonly on: 'bytes'; readonly chunk: Uint8Array }
  /** The handshake that `secure` asked for is done: everything the server said before is forgotten (RFC 3207 section 4.2). */
  | { readonly on: 'secured' };

/** What a client session wants done, in order. */
export type ClientAction =
  /** `shown` is what a trace may print: no secret, no letter. */
  | { readonly do: 'write'; readonly chunks: readonly Uint8Array[]; readonly shown: string }
  /** The answer to a command; `to` is null for the greeting and for what the server says unasked. */
  | {
      readonly do: 'reply';
      readonly reply: ServerReply;
      readonly to: ClientCommand | null;
      /** Why the client broke an authentication off, or does not believe its success; else null. */
      readonly failure: ClientFailure | null;
    }
  /** LMTP: what became of the letter for one recipient; the `reply` to the letter follows the last of them. */
  | { readonly do: 'recipient'; readonly recipient: Address; readonly reply: ServerReply }
  /** The command, whose turn it was, was not sent. It has no reply. */
  | { readonly do: 'unsent'; readonly to: ClientCommand; readonly why: Unsent }
  /** A reply that asks for more: the 334 of AUTH, or 354; only for a trace. */
  | { readonly do: 'note'; readonly reply: ServerReply }
  | { readonly do: 'secure' }
  /** This is no SMTP server, or somebody in between: hang up. */
  | { readonly do: 'broken'; readonly why: string };

export type { Extensions, Unsent } from './fitting.ts';

/** A command that was not sent yet, and its line; the letter has none. */
type Waiting =
  | { readonly command: Exclude<ClientCommand, { send: 'content' }>; readonly line: CommandLine }
  | { readonly command: Extract<ClientCommand, { send: 'content' }>; readonly line: null };

const injected = 'the server said more before the handshake';
const noExtensions: Extensions = new Map();
const crlf = '\r\n';

/**
 * The client's side of one SMTP or LMTP connection (RFC 5321, RFC 2033), without a socket: commands and bytes in, actions
 * out. Commands may be given at any time; they go out one by one, or as groups where the server announced PIPELINING
 * (RFC 2920). Each is answered by one `reply` or one `unsent`, in the order in which they were given.
 */
export class SmtpClient {
  readonly #replies = new ReplyReader();
  /** Sent, not answered yet. */
  #sent: ClientCommand[] = [];
  #queue: Waiting[] = [];
  #greeted = false;
  #extensions: Extensions = noExtensions;
  #cancelled: ClientFailure | null = null;
  #over = false;
  /** DATA was answered with 354. */
  #awaitingContent = false;
  /** STARTTLS was answered with 220: what comes in the clear now comes from somebody in between. */
  #securing = false;
  /** The initial response of an AUTH whose line it did not fit into. */
  #initial: Uint8Array | null = null;
  /** The greeting was no 220. */
  #isRefused = false;
  /** The MAIL or the chunk that the next commands belong to was not sent. */
  #isSkipping = false;
  #count = nothingSent;
  /** BODY of the MAIL that was given last, and what came behind it so far. */
  #body: Body = '7BIT';
  readonly #text = new OutgoingText();
  readonly #protocol: 'smtp' | 'lmtp';
  /** LMTP: whom the server took in this transaction, and has not answered for (RFC 2033 section 4.2). */
  #accepted: Address[] = [];

  constructor(protocol: 'smtp' | 'lmtp' = 'smtp') {
    this.#protocol = protocol;
  }

  get extensions(): Extensions {
    return this.#extensions;
  }

  /**
   * Takes a command; what can go out at once is in the actions. A fault where its parts would make it several lines, and
   * where a letter that is not BINARYMIME has a CR or LF alone.
   */
  send(command: ClientCommand): ClientAction[] {
    this.#checkText(command);
    this.#queue.push(
      command.send === 'content' ? { command, line: null } : { command, line: formatCommand(command) },
    );
    const actions: ClientAction[] = [];
    this.#flush(actions);
    return actions;
  }

  #checkText(command: ClientCommand): void {
    if (command.send === 'MAIL') this.#body = command.body ?? '7BIT';
    if (command.send === 'MAIL' || command.send === 'RSET') this.#text.forget();
    if (command.send === 'DATA' && this.#body === 'BINARYMIME')
      throw new Error('a letter that is BINARYMIME goes by BDAT');
    if (command.send === 'RSET') this.#body = '7BIT';
    if (command.send !== 'content' && command.send !== 'BDAT') return;
    if (command.send === 'content' || this.#body !== 'BINARYMIME') this.#text.push(command.chunks);
    if (command.send === 'content') this.#text.forget();
    else if (command.isLast) this.#text.endAsItIs();
  }

  handle(event: ClientEvent): ClientAction[] {
    const actions: ClientAction[] = [];
    if (this.#over) return actions;
    if (event.on === 'secured') {
      if (!this.#securing) throw new Error('no handshake was asked for');
      this.#securing = false;
      this.#extensions = noExtensions;
      this.#count = nothingSent;
    } else if (this.#securing) {
      this.#break(actions, injected);
    } else {
      this.#replies.push(event.chunk);
      this.#read(actions);
    }
    this.#flush(actions);
    return actions;
  }

  #read(actions: ClientAction[]): void {
    for (;;) {
      const read = this.#replies.next();
      if (read.got === 'nothing') return;
      if (read.got === 'broken') return this.#break(actions, read.why);
      this.#take(read.reply, actions);
      if (this.#over) return;
    }
  }

  #take(reply: ServerReply, actions: ClientAction[]): void {
    if (!this.#greeted) {
      this.#greeted = true;
      this.#isRefused = reply.code !== 220;
      actions.push({ do: 'reply', reply, to: null, failure: null });
      return;
    }
    const command = this.#sent[0];
    if (command === undefined) {
      actions.push({ do: 'reply', reply, to: null, failure: null });
      // A server may say goodbye unasked; an answer that comes before its question was put there by somebody else.
      if (reply.code < 400) this.#break(actions, 'the server answers what was not asked');
      return;
    }
    if (command.send === 'AUTH' && reply.code === 334) return this.#respond(command.exchange, reply, actions);
    if (this.#isForOne(command, reply, actions)) return;
    this.#sent.shift();
    switch (command.send) {
      case 'EHLO':
      case 'HELO':
      case 'LHLO':
        this.#extensions = reply.code === 250 && command.send !== 'HELO' ? announced(reply) : noExtensions;
        this.#accepted = [];
        break;
      case 'MAIL':
        this.#accepted = [];
        // A transaction that the server refused is none; one that was begun behind it is not known to be.
        if (reply.code >= 400 && this.#sent.length === 0) this.#count = { ...this.#count, transaction: null };
        break;
      case 'RCPT':
        if (reply.code < 300) this.#accepted.push(command.recipient);
        break;
      case 'RSET':
        this.#accepted = [];
        break;
      case 'AUTH':
        return this.#authenticated(command, reply, actions);
      case 'STARTTLS':
        if (reply.code !== 220) break;
        if (this.#replies.hasUnread) return this.#break(actions, injected);
        this.#securing = true;
        actions.push({ do: 'reply', reply, to: command, failure: null }, { do: 'secure' });
        return;
      case 'DATA':
        if (reply.code === 354) return this.#content(command, reply, actions);
        this.#refuseContent(command, reply, actions);
        return;
      default:
    }
    actions.push({ do: 'reply', reply, to: command, failure: null });
  }

  /** Whether it is LMTP's answer for one of several recipients, and not the last. */
  #isForOne(command: ClientCommand, reply: ServerReply, actions: ClientAction[]): boolean {
    const isLetter = command.send === 'content' || (command.send === 'BDAT' && command.isLast);
    // A server that closes says so once.
    if (this.#protocol !== 'lmtp' || !isLetter || reply.code === 421) return false;
    const recipient = this.#accepted.shift();
    if (recipient !== undefined) actions.push({ do: 'recipient', recipient, reply });
    return this.#accepted.length > 0;
  }

  /** 354: the letter goes out if it was given already, else when it comes; nothing else may. */
  #content(command: ClientCommand, reply: ServerReply, actions: ClientAction[]): void {
    actions.push({ do: 'reply', reply, to: command, failure: null });
    this.#awaitingContent = true;
  }

  /** A refused DATA is also the answer to the letter that was to follow it. */
  #refuseContent(command: ClientCommand, reply: ServerReply, actions: ClientAction[]): void {
    actions.push({ do: 'reply', reply, to: command, failure: null });
    const [next] = this.#queue;
    if (next?.command.send !== 'content') return;
    this.#queue.shift();
    actions.push({ do: 'reply', reply, to: next.command, failure: null });
  }

  #respond(exchange: ClientExchange, reply: ServerReply, actions: ClientAction[]): void {
    actions.push({ do: 'note', reply });
    if (this.#cancelled !== null) return this.#break(actions, 'the server goes on after AUTH was cancelled');
    const response = this.#response(exchange, parseBase64(reply.lines.join('')));
    if (!response.ok) {
      this.#cancelled = response.refusal;
      actions.push({ do: 'write', chunks: [Buffer.from(`*${crlf}`)], shown: '*' });
      return;
    }
    actions.push({ do: 'write', chunks: [Buffer.from(formatBase64(response.value) + crlf)], shown: '***' });
  }

  #response(exchange: ClientExchange, challenge: Uint8Array | null): Result<Uint8Array, ClientFailure> {
    const initial = this.#initial;
    this.#initial = null;
    if (challenge === null) return refused('malformed-challenge');
    if (initial === null) return exchange.respond(challenge);
    return challenge.length === 0 ? ok(initial) : refused('unexpected-challenge');
  }

  #authenticated(
    command: ClientCommand & { send: 'AUTH' },
    reply: ServerReply,
    actions: ClientAction[],
  ): void {
    let failure = this.#cancelled;
    this.#cancelled = null;
    this.#initial = null;
    if (failure === null && reply.code === 235) {
      const proof = command.exchange.finish();
      if (!proof.ok) failure = proof.refusal;
    }
    actions.push({ do: 'reply', reply, to: command, failure });
    // Whoever calls this a login is not the server: no letter goes there.
    if (failure !== null && reply.code < 400) this.#break(actions, `the login is not believed: ${failure}`);
  }

  /** Sends what may go out now (RFC 2920 section 3.1: nothing behind a command whose reply decides what comes next). */
  #flush(actions: ClientAction[]): void {
    const shown: string[] = [];
    let wire = '';
    const write = (): void => {
      if (wire !== '') actions.push({ do: 'write', chunks: [Buffer.from(wire)], shown: shown.join('\n') });
      wire = '';
      shown.length = 0;
    };
    while (this.#greeted && !this.#over && !this.#securing && this.#mayGo()) {
      const next = this.#queue[0];
      if (next === undefined) break;
      const fitted = this.#fitted(next.command);
      if (!fitted.ok) {
        // Its turn comes when everything before it was answered.
        if (this.#sent.length > 0) break;
        this.#queue.shift();
        write();
        actions.push({ do: 'unsent', to: next.command, why: fitted.refusal });
        this.#isSkipping ||= next.command.send === 'MAIL' || next.command.send === 'BDAT';
        continue;
      }
      this.#queue.shift();
      const { command } = next;
      if (next.line === null) {
        this.#awaitingContent = false;
        const writer = new DotWriter();
        const chunks = next.command.chunks.flatMap((chunk) => writer.push(chunk));
        actions.push({ do: 'write', chunks: [...chunks, writer.end()], shown: '(the letter)' });
      } else {
        const line = fitted.value === command ? next.line : lineOf(fitted.value);
        this.#initial = line.initial;
        wire += line.wire + crlf;
        shown.push(line.shown);
      }
      if (command.send === 'BDAT' && command.chunks.length > 0) {
        write();
        actions.push({ do: 'write', chunks: command.chunks, shown: '(a chunk of the letter)' });
      }
      this.#count = counted(this.#count, fitted.value);
      this.#sent.push(command);
    }
    write();
  }

  /** The command as the server can take it, or why it is not sent. */
  #fitted(command: ClientCommand): Result<ClientCommand, Unsent> {
    if (this.#isRefused) return command.send === 'QUIT' ? ok(command) : refused({ why: 'greeting' });
    switch (command.send) {
      case 'RCPT':
      case 'DATA':
      case 'BDAT':
      case 'content':
        if (this.#isSkipping) return refused({ why: 'no-transaction' });
        break;
      case 'MAIL':
      case 'RSET':
      case 'EHLO':
      case 'HELO':
      case 'LHLO':
        this.#isSkipping = false;
        break;
      default:
    }
    return fit(command, this.#extensions, this.#count);
  }

  #mayGo(): boolean {
    const next = this.#queue[0]?.command;
    if (next === undefined) return false;
    if (this.#awaitingContent) {
      if (next.send === 'content') return true;
      throw new Error(`the server waits for the letter, not for ${next.send}`);
    }
    if (next.send === 'content' && (this.#isSkipping || this.#isRefused)) return this.#sent.length === 0;
    if (next.send === 'content') {
      if (this.#sent.some(({ send }) => send === 'DATA')) return false;
      throw new Error('a letter without DATA before it');
    }
    const last = this.#sent.at(-1);
    if (last === undefined) return true;
    return (
      this.#extensions.has('PIPELINING') &&
      isPipelined(last) &&
      next.send !== 'AUTH' &&
      next.send !== 'STARTTLS'
    );
  }

  #break(actions: ClientAction[], why: string): void {
    this.#over = true;
    actions.push({ do: 'broken', why });
  }
}

/** The line of a command that was fitted to its server; the letter has none. */
function lineOf(command: ClientCommand): CommandLine {
  if (command.send === 'content') throw new Error('the letter is no line');
  return formatCommand(command);
}

const ehloKeyword = /^[A-Za-z0-9][A-Za-z0-9-]*$/;

/** ehlo-line = ehlo-keyword *( SP ehlo-param ); the first line is the greeting (RFC 5321 section 4.1.1.1). */
function announced(reply: ServerReply): Extensions {
  const extensions = new Map<string, readonly string[]>();
  for (const line of reply.lines.slice(1)) {
    const [keyword = '', ...parameters] = line.split(' ').filter((word) => word !== '');
    if (ehloKeyword.test(keyword)) extensions.set(keyword.toUpperCase(), parameters);
  }
  return extensions;
}
