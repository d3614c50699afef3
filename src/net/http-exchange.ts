import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Http2ServerRequest, Http2ServerResponse, type ServerHttp2Session } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { oneLine } from '../mail/one-line.ts';
import type { Endpoints, TlsFacts } from '../mail/transport.ts';
import type { Clock } from './clock.ts';
import type { HttpLimits } from './http-limits.ts';
import type { Journal } from './journal.ts';
import type { Patient } from './patience.ts';

export type Incoming = IncomingMessage | Http2ServerRequest;
export type Outgoing = ServerResponse | Http2ServerResponse;

/** How long a client that is shown out may take to hear why, milliseconds. */
export const lingerMs = 1000;

/** Whether a body follows the request's header, empty or not. */
export function hasBody(incoming: Incoming): boolean {
  if (incoming instanceof Http2ServerRequest) return !incoming.stream.endAfterHeaders;
  if (incoming.headers['transfer-encoding'] !== undefined) return true;
  return (incoming.headers['content-length'] ?? '0') !== '0';
}

/** A secured connection of an HTTPS door, and the requests that are under way on it. */
export class HttpConnection implements Patient {
  /** Names the connection in the log. */
  readonly id: string = randomBytes(6).toString('base64url');
  /** The two ends, as a proxy named them where it spoke for the client. */
  readonly endpoints: Endpoints;
  /** What the socket itself is called among those that are open. */
  readonly key: string;
  readonly tls: TlsFacts;
  /** Null for HTTP/1.1. */
  session: ServerHttp2Session | null = null;
  readonly #socket: TLSSocket;
  readonly #exchanges = new Set<HttpExchange>();
  #progress = 0;
  #stopping = false;

  constructor(socket: TLSSocket, ends: { readonly client: Endpoints; readonly key: string }, tls: TlsFacts) {
    this.#socket = socket;
    this.endpoints = ends.client;
    this.key = ends.key;
    this.tls = tls;
  }

  /** Only a request is progress: octets that never become one keep no connection open. */
  get progress(): number {
    return this.#progress;
  }

  /** A request's body has a time limit of its own (`HttpLimits.requestMs`). */
  readonly letterBytes = 0;

  /** While a request is under way, `HttpExchange.overdue` is what ends it. */
  get busy(): boolean {
    return this.#exchanges.size > 0;
  }

  get underWay(): number {
    return this.#exchanges.size;
  }

  begin(exchange: HttpExchange): void {
    this.#exchanges.add(exchange);
    this.#progress += 1;
  }

  end(exchange: HttpExchange): void {
    this.#exchanges.delete(exchange);
    this.#progress += 1;
    if (this.#stopping && !this.busy && this.session === null) this.#socket.destroySoon();
  }

  timeOut(): void {
    if (this.session === null) return this.destroy();
    this.session.close();
    // A header that never ends keeps even a closed session open.
    setTimeout(() => this.destroy(), lingerMs).unref();
    return undefined;
  }

  /** The server is going down: requests that are under way may end. An HTTP/2 session gets its GOAWAY from Node. */
  stop(): void {
    this.#stopping = true;
    for (const exchange of this.#exchanges) exchange.lastOfConnection();
    if (!this.busy && this.session === null) this.#socket.destroySoon();
  }

  /** Hangs up at once. */
  destroy(): void {
    this.#socket.destroy();
  }

  get stopping(): boolean {
    return this.#stopping;
  }
}

/** One request and its response. */
export class HttpExchange {
  readonly connection: HttpConnection;
  /** Whose request it is, once that is known; for the log. */
  account: string | null = null;
  /** The pattern of the route that it went to; null for none. */
  route: string | null = null;
  /** Octets of the response's body that were handed to the connection. */
  sentBytes = 0;
  /** A response that is not expected to end (an event stream), and may stand still. */
  endless = false;
  readonly #incoming: Incoming;
  readonly #outgoing: Outgoing;
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #hasBody: boolean;
  readonly #atEnd: (() => void)[] = [];
  #answeredAt: number | null = null;
  #ended = false;

  constructor(parts: {
    readonly connection: HttpConnection;
    readonly incoming: Incoming;
    readonly outgoing: Outgoing;
    readonly journal: Journal;
    readonly clock: Clock;
  }) {
    this.connection = parts.connection;
    this.#incoming = parts.incoming;
    this.#outgoing = parts.outgoing;
    this.#journal = parts.journal;
    this.#clock = parts.clock;
    this.#startedAt = parts.clock.monotonic();
    this.#hasBody = hasBody(parts.incoming);
    this.connection.begin(this);
    if (this.connection.stopping) this.lastOfConnection();
    parts.outgoing.once('close', () => this.end());
  }

  /** Runs `release` once, when the response is out or the client gone; at once where that is so already. */
  atEnd(release: () => void): void {
    if (this.#ended) release();
    else this.#atEnd.push(release);
  }

  /** The application has answered; from now on the client is who must be quick. */
  answered(): void {
    this.#answeredAt = this.#clock.monotonic();
  }

  /** HTTP/1.1: the connection closes behind this response, and says so if it still can (RFC 9112 section 9.6). */
  lastOfConnection(): void {
    const outgoing = this.#outgoing;
    if (!(outgoing instanceof Http2ServerResponse)) outgoing.shouldKeepAlive = false;
  }

  /** Whether the client has been too slow in sending its request or in taking the response. */
  overdue(limits: HttpLimits): boolean {
    const now = this.#clock.monotonic();
    if (this.#answeredAt === null) {
      const unfinished = this.#hasBody && !this.#incoming.complete;
      return unfinished && now - this.#startedAt > limits.requestMs;
    }
    const allowedMs = limits.stallMs + (this.sentBytes / limits.slowestBytes) * 1000;
    return !this.endless && now - this.#answeredAt > allowedMs;
  }

  /** Ends the exchange so that the client can see that the response is not whole. */
  breakOff(): void {
    const outgoing = this.#outgoing;
    // Without an error Node ends the stream as if all had been said; with one it sends RST_STREAM with INTERNAL_ERROR.
    if (outgoing instanceof Http2ServerResponse) outgoing.stream.destroy(new Error('broken off'));
    else this.connection.destroy();
  }

  /** The response is out, or the client is gone. One log line. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const release of this.#atEnd.splice(0)) release();
    this.connection.end(this);
    this.#journal.info('http.request', {
      id: this.connection.id,
      peer: this.connection.endpoints.remoteAddress,
      protocol: this.connection.session === null ? 'http/1.1' : 'h2',
      method: oneLine(this.#incoming.method ?? '').slice(0, 20),
      route: this.route,
      status: this.#outgoing.headersSent ? this.#outgoing.statusCode : null,
      bytes: this.sentBytes,
      ms: Math.round(this.#clock.monotonic() - this.#startedAt),
      account: this.account,
      ...(this.#outgoing.writableFinished ? {} : { aborted: true }),
    });
  }
}
