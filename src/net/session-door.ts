import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from 'node:tls';
import type { Endpoints, Secured } from '../mail/transport.ts';
import { noteClientCertificate } from './client-certificate.ts';
import { connectionKey, endpointsOf, listenAt, unixEnds, type Door, type Place } from './door.ts';
import { Entrance, type Arrival, type NotEntered } from './entrance.ts';
import { leave } from './farewell.ts';
import type { Gate } from './gate.ts';
import type { Journal } from './journal.ts';
import { channelBinding } from './tls/channel-binding.ts';
import type { CertificateSource } from './tls/contexts.ts';
import { tlsFacts } from './tls/facts.ts';
import { handshakeFailure } from './tls/failure.ts';
import { listenAtPath, type UnixPlace } from './unix-place.ts';

/** `implicit`: TLS from the first byte (RFC 8314 section 3.3); `starttls`: the client asks for it. */
export type DoorTls =
  | { readonly tls: 'implicit' | 'starttls'; readonly certificates: CertificateSource }
  /** Its sessions must not offer STARTTLS. */
  | { readonly tls: 'none' };

/** Starts TLS on the socket of a conversation; null where the handshake failed (the socket is gone then). */
export type Upgrade = (
  socket: Socket,
) => Promise<{ readonly socket: Socket; readonly secured: Secured } | null>;

/** A connection that is spoken on: an engine on a socket. */
export interface Conversation {
  /** Greets, and serves until one side has had enough. */
  start(secured: Secured | null): void;
  /** The server is going down: what is under way may end, nothing new begins. */
  stop(): void;
  /** Hangs up at once. */
  destroy(): void;
}

/** What a conversation is made of; `done` is called once, when the connection is gone. */
export type ConversationParts = Arrival & { readonly upgrade: Upgrade | null; readonly done: () => void };

export type SessionDoorParts = DoorTls & {
  readonly name: string;
  readonly place: Place | UnixPlace;
  /** Who may connect, with the other doors of this thread. */
  readonly gate: Gate;
  readonly journal: Journal;
  /** What a client that is not let in is told, where it could read it: one line with its CRLF. */
  readonly farewell: (why: NotEntered) => string;
  readonly converse: (parts: ConversationParts) => Conversation;
};

/** Opens a door of a protocol of lines. Rejects with Node's error where the place cannot be listened at. */
export async function openSessionDoor(parts: SessionDoorParts): Promise<Door> {
  const { place, name, gate, journal } = parts;
  /** By the socket that each came with, below any TLS. */
  const conversations = new Map<Socket, Conversation>();
  const converse = (
    arrival: Arrival,
    secured: Secured | null,
    upgrade: Upgrade | null,
    raw: Socket,
  ): void => {
    const done = (): void => void conversations.delete(raw);
    const conversation = parts.converse({ ...arrival, upgrade, done });
    conversations.set(raw, conversation);
    conversation.start(secured);
  };
  const handshakes = parts.tls === 'none' ? null : new Handshakes(parts.certificates, journal, name);
  const enter = (arrival: Arrival): void => {
    const { socket } = arrival;
    if (handshakes === null) return converse(arrival, null, null, socket);
    if (parts.tls === 'starttls')
      return converse(arrival, null, (plain) => handshakes.upgrade(plain, arrival.endpoints), socket);
    void handshakes.upgrade(socket, arrival.endpoints).then((upgraded) => {
      if (upgraded !== null)
        converse({ ...arrival, socket: upgraded.socket }, upgraded.secured, null, socket);
      return undefined;
    });
    return undefined;
  };
  const refuse = (socket: Socket, why: NotEntered): void => {
    // Who speaks TLS from the first byte could not read a reason.
    if (parts.tls !== 'implicit') socket.write(parts.farewell(why));
    if (why === 'no-proxy-header') leave(socket);
    else socket.destroySoon();
  };
  const endsOf = 'path' in place ? (): Endpoints => unixEnds : endpointsOf;
  const entrance = new Entrance({ door: name, endsOf, gate, journal, enter, refuse });
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  server.on('connection', (socket: Socket) => entrance.take(socket));
  const standing = await stand(server, place);
  server.on('error', (error) => journal.error('door.error', { door: name, error }));
  return {
    name,
    address: standing.address,
    port: standing.port,
    close: async (graceMs) => {
      await Promise.all([closeDoor(server, conversations, entrance.sockets, graceMs), standing.leave()]);
    },
  };
}

/** Where a door has come to stand, and what to do there when it closes. */
type Standing = Pick<Door, 'address' | 'port'> & { readonly leave: () => Promise<void> };

async function stand(server: Server, place: Place | UnixPlace): Promise<Standing> {
  if ('path' in place) return { address: place.path, port: 0, leave: await listenAtPath(server, place) };
  const { port } = await listenAt(server, place);
  return { address: place.address, port, leave: () => Promise.resolve() };
}

/** A handshake that is not over. */
type Handshake = {
  readonly client: Endpoints;
  readonly settle: (socket: TLSSocket | null) => void;
};

/** The server's side of handshakes: what they agreed, and one log line for each that failed. */
class Handshakes {
  readonly #server: TlsServer;
  readonly #certificates: CertificateSource;
  readonly #journal: Journal;
  readonly #door: string;
  /** Handshakes under way, by all four numbers of the connection. */
  readonly #upgrades = new Map<string, Handshake>();

  constructor(certificates: CertificateSource, journal: Journal, door: string) {
    const server = createTlsServer({ ...certificates.options, allowHalfOpen: true });
    certificates.attach(server);
    this.#server = server;
    this.#certificates = certificates;
    this.#journal = journal;
    this.#door = door;
    server.on('secureConnection', (socket) => this.#settle(socket, socket));
    server.on('tlsClientError', (error, socket) => {
      const peer = this.#underWay(socket)?.client.remoteAddress ?? 'gone';
      journal.warn('tls.failed', { door, peer, why: handshakeFailure(error, socket) });
      this.#settle(socket, null);
      socket.destroy();
    });
  }

  /** The facts of a handshake that is over; null where the peer is gone already. */
  secured(socket: TLSSocket, client: Endpoints): Secured | null {
    if (socket.destroyed || socket.remoteAddress === undefined) return null;
    const tls = tlsFacts(socket, 'server', this.#certificates.knownFingerprint);
    noteClientCertificate(this.#journal, this.#door, socket, client, tls);
    return { tls, channelBinding: channelBinding(socket) };
  }

  /** Runs a handshake with this client on a plain socket that nobody reads any more; without an outcome the socket is gone. */
  upgrade(plain: Socket, client: Endpoints): Promise<{ socket: TLSSocket; secured: Secured } | null> {
    return new Promise((resolve) => {
      const endpoints = endpointsOf(plain);
      if (plain.destroyed || endpoints === null) {
        plain.destroy();
        return resolve(null);
      }
      const key = connectionKey(endpoints);
      const handshake: Handshake = {
        client,
        settle: (socket) => {
          plain.off('close', gone);
          if (this.#upgrades.get(key) === handshake) this.#upgrades.delete(key);
          const secured = socket === null ? null : this.secured(socket, client);
          if (socket !== null && secured !== null) return resolve({ socket, secured });
          plain.destroy();
          return resolve(null);
        },
      };
      const gone = (): void => handshake.settle(null);
      plain.once('close', gone);
      this.#upgrades.set(key, handshake);
      this.#server.emit('connection', plain);
      return undefined;
    });
  }

  #underWay(socket: Socket): Handshake | null {
    const endpoints = endpointsOf(socket);
    return endpoints === null ? null : (this.#upgrades.get(connectionKey(endpoints)) ?? null);
  }

  /** A socket that has no ends any more is of a peer that is gone; nothing else would end it, and so its handshake. */
  #settle(socket: Socket, outcome: TLSSocket | null): void {
    const handshake = this.#underWay(socket);
    if (handshake === null) socket.destroy();
    else handshake.settle(outcome);
  }
}

async function closeDoor(
  server: Server,
  conversations: ReadonlyMap<Socket, Conversation>,
  sockets: ReadonlySet<Socket>,
  graceMs: number,
): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const conversation of conversations.values()) conversation.stop();
  for (const socket of sockets) if (!conversations.has(socket)) socket.destroy();
  const timer = setTimeout(() => {
    for (const conversation of conversations.values()) conversation.destroy();
    for (const socket of sockets) socket.destroy();
  }, graceMs);
  await closed;
  clearTimeout(timer);
}
