import type { ServerOptions as HttpServerOptions } from 'node:http';
import {
  constants,
  createSecureServer,
  Http2ServerRequest,
  Http2ServerResponse,
  type Http2SecureServer,
  type SecureServerOptions,
  type ServerHttp2Session,
} from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { getRequestListener } from '@hono/node-server';
import type { Clock } from './clock.ts';
import { noteClientCertificate } from './client-certificate.ts';
import { connectionKey, endpointsOf, listenAt, type Door, type Place } from './door.ts';
import { Entrance } from './entrance.ts';
import type { Gate } from './gate.ts';
import { finished, httpApp, journalFault } from './http-app.ts';
import type { HttpApp, HttpRoutes } from './http-context.ts';
import { HttpConnection, HttpExchange, lingerMs, type Incoming, type Outgoing } from './http-exchange.ts';
import { defaultHttpLimits, type HttpLimits } from './http-limits.ts';
import type { Journal } from './journal.ts';
import { Patience } from './patience.ts';
import type { CertificateSource } from './tls/contexts.ts';
import { tlsFacts } from './tls/facts.ts';
import { handshakeFailure } from './tls/failure.ts';

export type HttpsDoorParts = {
  /** What the door is called in configuration and log. */
  readonly name: string;
  readonly place: Place;
  /** Its policy must say TLS 1.3, and should offer `httpProtocols`. */
  readonly certificates: CertificateSource;
  /** The resources behind the door, in the order in which they are asked. */
  readonly routes: readonly HttpRoutes[];
  /** Who may connect, with the other doors of this thread. */
  readonly gate: Gate;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly limits?: Partial<HttpLimits>;
};

/** What the door speaks, by ALPN: HTTP/2 (RFC 9113 section 3.2), and HTTP/1.1 for who has no HTTP/2 or no ALPN. */
export const httpProtocols: readonly string[] = ['h2', 'http/1.1'];

/** Opens an HTTPS door. Rejects with Node's error where the place cannot be listened at. */
export async function openHttpsDoor(parts: HttpsDoorParts): Promise<Door> {
  const { certificates, name, place, journal } = parts;
  if (certificates.options.minVersion !== 'TLSv1.3') throw new Error('an HTTPS door speaks TLS 1.3 only');
  const limits: HttpLimits = { ...defaultHttpLimits, ...parts.limits };
  const server = createSecureServer(serverOptions(certificates, limits));
  // Read by Node's HTTP/1.1 side, whatever the types of its HTTP/2 server say.
  Object.assign(server, { maxHeadersCount: limits.headerFields });
  certificates.attach(server);
  const traffic = new Traffic(server, parts, limits);
  const listening = await listenAt(server, place);
  server.on('error', (error) => journal.error('door.error', { door: name, error }));
  return {
    name,
    address: place.address,
    port: listening.port,
    close: (graceMs) => traffic.close(graceMs),
  };
}

/** Node's HTTP/2 server takes the options of its HTTP/1.1 server too, whatever its types say. */
type DoorOptions = SecureServerOptions & HttpServerOptions;

function serverOptions(certificates: CertificateSource, limits: HttpLimits): DoorOptions {
  return {
    ...certificates.options,
    allowHTTP1: true,
    noDelay: true,
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMs,
    requestTimeout: Math.max(limits.requestMs, limits.headersMs),
    keepAliveTimeout: limits.idleMs,
    connectionsCheckingInterval: Math.min(5000, Math.max(10, Math.floor(limits.headersMs / 4))),
    maxHeaderListPairs: limits.headerFields,
    settings: {
      maxConcurrentStreams: limits.streams,
      maxHeaderListSize: limits.headerBytes,
      enablePush: false,
    },
  };
}

/** The connections and requests of one door. */
class Traffic {
  readonly #server: Http2SecureServer;
  readonly #parts: HttpsDoorParts;
  readonly #limits: HttpLimits;
  readonly #app: HttpApp;
  readonly #entrance: Entrance;
  readonly #connections = new Set<HttpConnection>();
  /** By the very socket or HTTP/2 session that carries it: an address and a port name no connection for sure. */
  readonly #carried = new WeakMap<Socket | ServerHttp2Session, HttpConnection>();
  #latest: HttpConnection | null = null;
  readonly #exchanges = new Map<Outgoing, HttpExchange>();
  readonly #patience: Patience;
  readonly #watch: NodeJS.Timeout;
  #closed: Promise<void> | null = null;

  constructor(server: Http2SecureServer, parts: HttpsDoorParts, limits: HttpLimits) {
    this.#server = server;
    this.#parts = parts;
    this.#limits = limits;
    this.#app = httpApp(parts.routes, parts.journal);
    this.#patience = new Patience(parts.clock, limits.idleMs);
    const lookMs = Math.min(1000, Math.max(10, Math.min(limits.stallMs, limits.requestMs) / 4));
    this.#watch = setInterval(() => this.#look(), lookMs).unref();
    this.#entrance = this.#stand(server.listeners('connection'));
    server.removeAllListeners('connection');
    server.on('connection', (socket: Socket) => this.#entrance.take(socket));
    // Before Node's own listener, which may go on to a request at once.
    server.prependListener('secureConnection', (socket) => this.#secured(socket));
    server.on('session', (session) => {
      // Node makes the session inside the `secureConnection` of its socket, right behind `#secured`.
      const connection = this.#latest;
      if (connection === null || connection.session !== null) return session.destroy();
      connection.session = session;
      this.#carried.set(session, connection);
      return undefined;
    });
    server.on('sessionError', (error) => parts.journal.debug('http.session-error', this.#fields({ error })));
    server.on('clientError', (error, socket) => this.#failed(error, socket as TLSSocket));
    const listener = getRequestListener((request, env) => this.#answer(request, env), {
      overrideGlobalObjects: false,
      errorHandler: (error) => this.#refuse(error),
    });
    server.on('request', (incoming, outgoing) => {
      if (!this.#begin(incoming, outgoing)) return;
      listener(incoming as never, outgoing as never).catch((error: unknown) => {
        journalFault(parts.journal, error);
        this.#exchanges.get(outgoing)?.breakOff();
      });
    });
  }

  /** Ends as `Door.close` says. */
  close(graceMs: number): Promise<void> {
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  async #close(graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const secured = new Set([...this.#connections].map(({ key }) => key));
    for (const connection of this.#connections) connection.stop();
    for (const socket of this.#entrance.sockets) {
      const endpoints = endpointsOf(socket);
      if (endpoints === null || !secured.has(connectionKey(endpoints))) socket.destroy();
    }
    const timer = setTimeout(() => {
      for (const socket of this.#entrance.sockets) socket.destroy();
    }, graceMs);
    await closed;
    clearTimeout(timer);
    clearInterval(this.#watch);
  }

  /** The way in, before Node's own listeners, which begin the handshake at once. */
  #stand(begin: readonly Function[]): Entrance {
    const { gate, journal, name } = this.#parts;
    return new Entrance({
      door: name,
      endsOf: endpointsOf,
      gate,
      journal,
      enter: ({ socket }) => {
        for (const listener of begin) Reflect.apply(listener, this.#server, [socket]);
      },
      // Who speaks TLS from the first byte could not read a reason.
      refuse: (socket) => socket.destroy(),
    });
  }

  #secured(socket: TLSSocket): void {
    const own = endpointsOf(socket);
    const endpoints = this.#entrance.clientOf(socket);
    if (socket.destroyed || own === null || endpoints === null) {
      socket.destroy();
      return;
    }
    const { journal, certificates } = this.#parts;
    const tls = tlsFacts(socket, 'server', certificates.knownFingerprint);
    const connection = new HttpConnection(socket, { client: endpoints, key: connectionKey(own) }, tls);
    this.#connections.add(connection);
    this.#carried.set(socket, connection);
    this.#latest = connection;
    this.#patience.add(connection);
    const { id } = connection;
    const { remoteAddress: peer, remotePort: port } = endpoints;
    const via = own.remoteAddress === peer ? {} : { proxy: own.remoteAddress };
    journal.info('http.connected', this.#fields({ id, peer, port, ...via, tls }));
    noteClientCertificate(journal, this.#parts.name, socket, endpoints, tls);
    socket.once('close', () => {
      this.#patience.remove(connection);
      this.#connections.delete(connection);
      journal.info('http.closed', this.#fields({ id, peer }));
    });
    if (this.#closed !== null) connection.stop();
  }

  /** A handshake that failed, or octets that are no HTTP/1.1 request. */
  #failed(error: Error, socket: TLSSocket): void {
    const { journal } = this.#parts;
    const peer = this.#entrance.clientOf(socket)?.remoteAddress ?? 'gone';
    const connection = this.#carried.get(socket);
    if (connection === undefined) {
      const fields = this.#fields({ peer, why: handshakeFailure(error, socket) });
      // A peer that is gone without an address was shown out by the gate, or went away by itself.
      if (peer === 'gone') journal.debug('tls.failed', fields);
      else journal.warn('tls.failed', fields);
      socket.destroy();
      return;
    }
    const code = 'code' in error && typeof error.code === 'string' ? error.code : error.message;
    if (!socket.writable || connection.busy) {
      journal.debug('http.broken-off', this.#fields({ id: connection.id, peer, why: code }));
      socket.destroy();
      return;
    }
    journal.warn('http.bad-request', this.#fields({ id: connection.id, peer, why: code }));
    // What the client still sends is read and dropped: a reset would take the reply away from it.
    socket.end(`HTTP/1.1 ${statusLines.get(code) ?? '400 Bad Request'}\r\nConnection: close\r\n\r\n`);
    setTimeout(() => socket.destroy(), lingerMs).unref();
  }

  #begin(incoming: Incoming, outgoing: Outgoing): boolean {
    const connection = this.#carried.get(carrierOf(incoming));
    if (connection === undefined) {
      outgoing.destroy();
      return false;
    }
    if (connection.underWay >= this.#limits.streams) {
      // RFC 9113 section 5.1.2: a client may not know the limit yet. HTTP/1.1 has no such word.
      if (outgoing instanceof Http2ServerResponse) outgoing.stream.close(constants.NGHTTP2_REFUSED_STREAM);
      else connection.destroy();
      return false;
    }
    const { journal, clock } = this.#parts;
    const exchange = new HttpExchange({ connection, incoming, outgoing, journal, clock });
    this.#exchanges.set(outgoing, exchange);
    exchange.atEnd(() => this.#exchanges.delete(outgoing));
    return true;
  }

  async #answer(
    request: Request,
    env: { readonly incoming: Incoming; readonly outgoing: Outgoing },
  ): Promise<Response> {
    const { incoming, outgoing } = env;
    const exchange = this.#exchanges.get(outgoing);
    // The client is gone already; nobody hears this.
    if (exchange === undefined) return new Response(null, { status: 503 });
    const response =
      listBytes(incoming) > this.#limits.headerBytes
        ? new Response('The header is too long.\n', { status: 431 })
        : await this.#app.fetch(request, { incoming, outgoing, exchange });
    exchange.answered();
    return finished(response);
  }

  /** A request that does not get as far as the application: its target or `Host` cannot be read. */
  #refuse(error: unknown): Response {
    if (error instanceof Error && error.name === 'RequestError') {
      return finished(new Response('The address of the request cannot be read.\n', { status: 400 }));
    }
    const fault = journalFault(this.#parts.journal, error);
    return finished(new Response(`The server failed. Fault ${fault}.\n`, { status: 500 }));
  }

  #look(): void {
    for (const exchange of this.#exchanges.values()) {
      if (!exchange.overdue(this.#limits)) continue;
      this.#parts.journal.warn(
        'http.too-slow',
        this.#fields({ id: exchange.connection.id, route: exchange.route }),
      );
      exchange.breakOff();
    }
  }

  #fields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
    return { door: this.#parts.name, ...fields };
  }
}

/**
 * The size of a header as RFC 9113 section 6.5.2 counts it. Node announces the limit for HTTP/2, and keeps to another;
 * that of HTTP/1.1 is its parser's.
 */
function listBytes(incoming: Incoming): number {
  if (incoming.httpVersionMajor === 1) return 0;
  const { rawHeaders } = incoming;
  return rawHeaders.reduce((sum, text) => sum + text.length, 16 * rawHeaders.length);
}

/** What Node calls a broken HTTP/1.1 request, where it is more than that. */
const statusLines = new Map([
  ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', '413 Content Too Large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
]);

/** What carries a request: its HTTP/2 session, or the socket itself. */
function carrierOf(incoming: Incoming): Socket | ServerHttp2Session {
  if (!(incoming instanceof Http2ServerRequest)) return incoming.socket;
  return incoming.stream.session as ServerHttp2Session;
}
