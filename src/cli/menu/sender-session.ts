import { randomBytes } from 'node:crypto';
import type { Address } from '../../mail/address.ts';
import { endpointsOf } from '../../net/door.ts';
import { ConnectionLost, SmtpConnection } from '../../net/smtp-client.ts';
import type { Connected } from '../../net/tls/connect.ts';
import { refused, ok, type Result } from '../../result.ts';
import type { Secret } from '../../sasl/exchange.ts';
import type { ClientCommand } from '../../smtp/client/command.ts';
import type { ServerReply } from '../../smtp/client/reply-reader.ts';
import type { Extensions } from '../../smtp/client/session.ts';
import { masked } from '../masked.ts';
import { parseEnteredAddress } from './entered-address.ts';
import type { Stage } from './stage.ts';
import type { Terminal } from './terminal.ts';

/** How long a server may take to close a connection that is over. */
const closingMs = 5000;

/**
 * One connection of the sender client with the person on this side of it: what goes out and what comes back is printed.
 * Every method that asks or sends rejects with `ConnectionLost` when the server has gone, and with `InputEnded` when the
 * person has.
 */
export class SenderSession {
  readonly terminal: Terminal;
  /** What is added to an address without a domain. */
  readonly domain: string;
  /** How this client names itself: its address as a literal (RFC 5321 section 4.1.3). */
  readonly ownName: string;
  readonly #connection: SmtpConnection;
  stage: Stage = { at: 'connected' };

  private constructor(connected: Connected, terminal: Terminal, domain: string) {
    this.terminal = terminal;
    this.domain = domain;
    const own = endpointsOf(connected.socket)?.localAddress ?? '127.0.0.1';
    this.ownName = own.includes(':') ? `[IPv6:${own}]` : `[${own}]`;
    this.#connection = new SmtpConnection(connected.socket, (from, line) =>
      terminal.print(from === 'client' ? `> ${line}` : masked(line)),
    );
  }

  /** Waits for the server's greeting; the refusal is a sentence. */
  static async open(
    connected: Connected,
    terminal: Terminal,
    domain: string,
  ): Promise<Result<SenderSession, string>> {
    const session = new SenderSession(connected, terminal, domain);
    try {
      const { code } = await session.#connection.greeting();
      if (code === 220) return ok(session);
      session.#connection.destroy();
      return refused(`the server does not take this connection (it greets with ${code})`);
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      session.#connection.destroy();
      return refused(`the server did not greet: ${error.message}`);
    }
  }

  get extensions(): Extensions {
    return this.#connection.extensions;
  }

  /** Throws `ConnectionLost` where the server has gone while nobody was looking. */
  async mustBeOpen(): Promise<void> {
    if (!this.#connection.isOpen) throw await this.#connection.lost;
  }

  ask(question: string): Promise<string> {
    return this.terminal.ask(question, this.#connection.lost);
  }

  askSecret(question: string): Promise<Secret> {
    return this.terminal.askSecret(question, this.#connection.lost);
  }

  /** Asks for an address unless it was typed already; says so and gives null where it is none. */
  async askAddress(
    question: string,
    typed: string,
    domain: string | null = this.domain,
  ): Promise<Address | null> {
    const text = typed === '' ? await this.ask(question) : typed;
    const address = parseEnteredAddress(text, domain);
    if (address.ok) return address.value;
    this.terminal.print(`That is not an address, so nothing was sent: ${address.refusal.detail}.`);
    return null;
  }

  /** Sends a command and gives the reply, which was printed. After a 421 the server closes (RFC 5321 section 3.8). */
  async send(command: ClientCommand): Promise<ServerReply> {
    const { reply } = await this.#connection.send(command);
    if (reply.code === 421) await this.#closedBy(reply);
    return reply;
  }

  /** AUTH with the strongest mechanism; see `SmtpConnection.authenticate`. */
  async authenticate(user: string, password: Secret): ReturnType<SmtpConnection['authenticate']> {
    const outcome = await this.#connection.authenticate(user, password, randomBytes);
    if (outcome.ok && outcome.value.reply.code === 421) await this.#closedBy(outcome.value.reply);
    return outcome;
  }

  /** QUIT, and waits until the connection is closed. */
  quit(): Promise<unknown> {
    return this.#within(this.#connection.quit());
  }

  /** Waits until the server has closed the connection, as it does by itself after an enrolment. */
  closed(): Promise<unknown> {
    return this.#within(this.#connection.ended());
  }

  /** Breaks the connection off; nothing that was begun is finished. */
  async breakOff(): Promise<void> {
    this.#connection.destroy();
    await this.#connection.ended();
  }

  async #closedBy(reply: ServerReply): Promise<never> {
    await this.closed();
    throw new ConnectionLost(`the server closed the connection with ${reply.code}`);
  }

  async #within(closing: Promise<unknown>): Promise<void> {
    const timer = setTimeout(() => this.#connection.destroy(), closingMs);
    await closing;
    clearTimeout(timer);
  }
}
