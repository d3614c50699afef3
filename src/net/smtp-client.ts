import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Address } from '../mail/address.ts';
import { refused, type Result } from '../result.ts';
import { chooseMechanism, clientExchange } from '../sasl/client-mechanisms.ts';
import type { ClientFailure, Credentials } from '../sasl/client.ts';
import type { Mechanism, Secret } from '../sasl/exchange.ts';
import type { RandomBytes } from '../accounts/random.ts';
import type { ClientCommand } from '../smtp/client/command.ts';
import type { ServerReply } from '../smtp/client/reply-reader.ts';
import { SmtpClient, type ClientAction, type Extensions, type Unsent } from '../smtp/client/session.ts';
import { channelBinding } from './tls/channel-binding.ts';

/** How a command ended: the server's reply, and why the client does not believe it or broke off, if so. */
export type Outcome = {
  readonly reply: ServerReply;
  readonly failure: ClientFailure | null;
  /** LMTP: what became of the letter for each recipient that the server took (RFC 2033 section 4.2). Else none. */
  readonly recipients: readonly RecipientOutcome[];
};

type RecipientOutcome = { readonly recipient: Address; readonly reply: ServerReply };

/** How long a server may take for a reply: the longest that RFC 5321 section 4.5.3.2 asks for, the one after the letter. */
const replyMs = 600_000;

/** What happened on the wire, for a person: one call a line, secrets masked. */
export type Trace = (from: 'client' | 'server', line: string) => void;

/** The connection ended, or spoke no SMTP, before the answer came. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}

/** A command that this server cannot take: nothing of it was sent, and the connection goes on. */
export class CommandUnsent extends Error {
  override readonly name = 'CommandUnsent';
  readonly why: Unsent;
  constructor(why: Unsent) {
    super(`the command was not sent: ${why.why}${why.why === 'extension' ? ` ${why.keyword}` : ''}`);
    this.why = why;
  }
}

/** Why a login could not even be tried. */
export type LoginProblem = 'no-mechanism' | 'password';

type Waiting = {
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (why: ConnectionLost | CommandUnsent) => void;
};

/** The client's engine on a socket: commands in, promises of replies out, in the order of the commands. */
export class SmtpConnection {
  readonly #client: SmtpClient;
  readonly #socket: Socket;
  readonly #trace: Trace;
  readonly #waiting: Waiting[] = [];
  readonly #closed: Promise<void>;
  readonly #ending = Promise.withResolvers<ConnectionLost>();
  #greeting: Waiting | null = null;
  /** What was said for single recipients of a letter that is not wholly answered. */
  readonly #recipients: RecipientOutcome[] = [];
  #lost: ConnectionLost | null = null;
  /** What the server said unasked, as a 421 before it closes. */
  #unasked: ServerReply | null = null;

  /**
   * `socket` is connected, and secured where it is to be; this side reads it from now on. `client` is the engine of a
   * connection that was greeted in the clear and has been secured since (STARTTLS); a new one where left out.
   */
  constructor(socket: Socket, trace: Trace = () => undefined, client: SmtpClient = new SmtpClient()) {
    this.#client = client;
    this.#socket = socket;
    this.#trace = trace;
    socket.setNoDelay(true);
    // A person may think as long as they like; a server that owes a reply may not.
    socket.setTimeout(replyMs, () => {
      if (this.#waiting.length === 0 && this.#greeting === null) return;
      this.#lose('the server did not answer in time');
      socket.destroy();
    });
    socket.on('data', (chunk: Buffer) => this.#act(this.#client.handle({ on: 'bytes', chunk })));
    socket.on('error', (error) => this.#lose(error.message));
    socket.on('end', () => this.#lose('the server closed the connection'));
    this.#closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#lose('the connection is closed');
        resolve();
      });
    });
  }

  get extensions(): Extensions {
    return this.#client.extensions;
  }

  get unasked(): ServerReply | null {
    return this.#unasked;
  }

  get isOpen(): boolean {
    return this.#lost === null;
  }

  /** Resolves when the connection has ended, with how it did; for a caller that waits for something else meanwhile. */
  get lost(): Promise<ConnectionLost> {
    return this.#ending.promise;
  }

  /** The server's greeting. To be called first, once. Rejects with `ConnectionLost`. */
  greeting(): Promise<ServerReply> {
    return new Promise<Outcome>((resolve, reject) => {
      if (this.#lost !== null) return reject(this.#lost);
      this.#greeting = { resolve, reject };
      return undefined;
    }).then(({ reply }) => reply);
  }

  /** Sends a command when its turn comes; the promise is of its reply. Rejects with `ConnectionLost`. */
  send(command: ClientCommand): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      if (this.#lost !== null) return reject(this.#lost);
      // First what may throw: a command that cannot be sent waits for no reply.
      const actions = this.#client.send(command);
      this.#waiting.push({ resolve, reject });
      this.#act(actions);
      return undefined;
    });
  }

  /** Authenticates with the strongest mechanism that both sides have, or with the one that is named. */
  async authenticate(
    user: string,
    password: Secret,
    random: RandomBytes,
    only: Mechanism | null = null,
  ): Promise<Result<Outcome & { readonly mechanism: Mechanism }, LoginProblem>> {
    const binding = this.#channelBinding();
    const announced = this.extensions.get('AUTH') ?? [];
    const mechanism = only ?? chooseMechanism(announced, { channelBinding: binding });
    if (mechanism === null) return refused('no-mechanism');
    return this.authenticateBy(mechanism, { user, password }, random);
  }

  /** Authenticates with this mechanism and what it takes: a password, a token, or the certificate of the handshake. */
  async authenticateBy(
    mechanism: Mechanism,
    credentials: Credentials,
    random: RandomBytes,
  ): Promise<Result<Outcome & { readonly mechanism: Mechanism }, LoginProblem>> {
    const announced = this.extensions.get('AUTH') ?? [];
    const context = { channelBinding: this.#channelBinding(), announced, nonce: random(18) };
    if (mechanism === 'SCRAM-SHA-256-PLUS' && context.channelBinding === null) return refused('no-mechanism');
    const exchange = clientExchange(mechanism, credentials, context);
    if (!exchange.ok) return refused('password');
    const outcome = await this.send({ send: 'AUTH', exchange: exchange.value });
    return { ok: true, value: { ...outcome, mechanism } };
  }

  #channelBinding(): Uint8Array | null {
    return 'getProtocol' in this.#socket ? channelBinding(this.#socket as TLSSocket) : null;
  }

  /** Says QUIT where the connection still stands, and waits until it is gone. */
  async quit(): Promise<ServerReply | null> {
    let reply: ServerReply | null = null;
    try {
      ({ reply } = await this.send({ send: 'QUIT' }));
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
    }
    this.#socket.end();
    await this.#closed;
    return reply;
  }

  /** Waits until the server has closed. */
  async ended(): Promise<void> {
    this.#socket.end();
    await this.#closed;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #act(actions: readonly ClientAction[]): void {
    for (const action of actions) {
      switch (action.do) {
        case 'write':
          for (const line of action.shown.split('\n')) this.#trace('client', line);
          this.#socket.cork();
          for (const chunk of action.chunks) this.#socket.write(chunk);
          this.#socket.uncork();
          break;
        case 'note':
          // From the signature of SCRAM in a challenge a password can be guessed without the server.
          if (action.reply.code === 334) this.#trace('server', '334 ***');
          else this.#show(action.reply);
          break;
        case 'reply':
          // The last recipient's reply is the letter's as well, and was shown already.
          if (this.#recipients.at(-1)?.reply !== action.reply) this.#show(action.reply);
          this.#answer(action);
          break;
        case 'recipient':
          this.#show(action.reply);
          this.#recipients.push({ recipient: action.recipient, reply: action.reply });
          break;
        case 'unsent':
          this.#waiting.shift()?.reject(new CommandUnsent(action.why));
          break;
        case 'secure':
          // A connection is secured before this class gets it; STARTTLS is not sent here.
          this.#lose('STARTTLS on a connection that cannot be secured');
          this.#socket.destroy();
          break;
        case 'broken':
          this.#lose(action.why);
          this.#socket.destroy();
          break;
      }
    }
  }

  #answer({ reply, to, failure }: Extract<ClientAction, { do: 'reply' }>): void {
    const recipients = this.#recipients.splice(0);
    if (to !== null) return this.#waiting.shift()?.resolve({ reply, failure, recipients });
    const greeting = this.#greeting;
    this.#greeting = null;
    if (greeting === null) this.#unasked = reply;
    else greeting.resolve({ reply, failure, recipients });
    return undefined;
  }

  #show(reply: ServerReply): void {
    const last = reply.lines.length - 1;
    for (const [index, line] of reply.lines.entries()) {
      this.#trace('server', `${reply.code}${index === last ? ' ' : '-'}${line}`);
    }
  }

  #lose(why: string): void {
    if (this.#lost !== null) return;
    const said =
      this.#unasked === null
        ? ''
        : `; the server said ${this.#unasked.code} ${this.#unasked.lines.join(' ')}`;
    this.#lost = new ConnectionLost(`${why}${said}`);
    this.#ending.resolve(this.#lost);
    this.#greeting?.reject(this.#lost);
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#lost);
  }
}
