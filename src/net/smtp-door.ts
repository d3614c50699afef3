import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from 'node:tls';
import type { Secured } from '../smtp/session.ts';
import { noteClientCertificate } from './client-certificate.ts';
import { formatReply, say } from '../smtp/reply.ts';
import { connectionKey, endpointsOf, listenAt, type Door, type Place } from './door.ts';
import type { Gate } from './gate.ts';
import type { Journal } from './journal.ts';
import { SmtpConversation, type SmtpHouse, type Upgrade } from './smtp-conversation.ts';
import { channelBinding } from './tls/channel-binding.ts';
import type { CertificateSource } from './tls/contexts.ts';
import { tlsFacts } from './tls/facts.ts';
import { handshakeFailure } from './tls/failure.ts';

export type SmtpDoorParts = {
  readonly name: string;
  readonly place: Place;
  /** `implicit`: TLS from the first byte (RFC 8314 section 3.3); `starttls`: the client asks for it (RFC 3207). */
  readonly tls: 'implicit' | 'starttls';
  readonly certificates: CertificateSource;
  readonly house: SmtpHouse;
  /** Who may connect, with the other doors of this thread. */
  readonly gate: Gate;
};

/** Opens a submission door. Rejects with Node's error where the place cannot be listened at. */
export async function openSmtpDoor(parts: SmtpDoorParts): Promise<Door> {
  const { house, place, name } = parts;
  const conversations = new Set<SmtpConversation>();
  const raw = new Set<Socket>();

  const converse = (socket: Socket, secured: Secured | null, upgrade: Upgrade | null): void => {
    const endpoints = endpointsOf(socket);
    if (endpoints === null) {
      socket.destroy();
      return;
    }
    const conversation = new SmtpConversation({
      house,
      socket,
      endpoints,
      upgrade,
      done: () => conversations.delete(conversation),
    });
    conversations.add(conversation);
    conversation.start(secured);
  };

  const tlsServer = createTlsServer({ ...parts.certificates.options, allowHalfOpen: true });
  parts.certificates.attach(tlsServer);
  const handshakes = new Handshakes(tlsServer, parts.certificates, house.journal, name);
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  server.on('connection', (socket: Socket) => {
    socket.on('error', () => socket.destroy());
    const refusal = parts.gate.admit(socket, name);
    if (refusal !== null) {
      // Who speaks TLS from the first byte could not read a reason.
      if (parts.tls === 'starttls' && refusal !== 'banned') socket.write(formatReply(say.tooManyConnections));
      socket.destroySoon();
      return;
    }
    raw.add(socket);
    socket.once('close', () => raw.delete(socket));
    if (parts.tls === 'starttls') {
      converse(socket, null, (plain) => handshakes.upgrade(plain));
      return;
    }
    void handshakes.upgrade(socket).then((upgraded) => {
      if (upgraded !== null) converse(upgraded.socket, upgraded.secured, null);
      return undefined;
    });
  });
  const listening = await listenAt(server, place);
  server.on('error', (error) => house.journal.error('door.error', { door: name, error }));
  return {
    name,
    address: place.address,
    port: listening.port,
    close: (graceMs) => closeDoor(server, conversations, raw, graceMs),
  };
}

/** The server's side of handshakes: what they agreed, and one log line for each that failed. */
class Handshakes {
  readonly #server: TlsServer;
  readonly #certificates: CertificateSource;
  readonly #journal: Journal;
  readonly #door: string;
  /** Handshakes under way, by all four numbers of the connection. */
  readonly #upgrades = new Map<string, (socket: TLSSocket | null) => void>();

  constructor(server: TlsServer, certificates: CertificateSource, journal: Journal, door: string) {
    this.#server = server;
    this.#certificates = certificates;
    this.#journal = journal;
    this.#door = door;
    server.on('secureConnection', (socket) => this.#settle(socket, socket));
    server.on('tlsClientError', (error, socket) => {
      const peer = socket.remoteAddress ?? 'gone';
      journal.warn('tls.failed', { door, peer, why: handshakeFailure(error, socket) });
      this.#settle(socket, null);
      socket.destroy();
    });
  }

  /** The facts of a handshake that is over; null where the peer is gone already. */
  secured(socket: TLSSocket): Secured | null {
    if (socket.destroyed || socket.remoteAddress === undefined) return null;
    const tls = tlsFacts(socket, 'server', this.#certificates.knownFingerprint);
    noteClientCertificate(this.#journal, this.#door, socket, tls);
    return { tls, channelBinding: channelBinding(socket) };
  }

  /** Runs a handshake on a plain socket that nobody reads any more. */
  upgrade(plain: Socket): Promise<{ socket: TLSSocket; secured: Secured } | null> {
    return new Promise((resolve) => {
      const endpoints = endpointsOf(plain);
      if (plain.destroyed || endpoints === null) return resolve(null);
      const key = connectionKey(endpoints);
      const settle = (socket: TLSSocket | null): void => {
        plain.off('close', gone);
        if (this.#upgrades.get(key) === settle) this.#upgrades.delete(key);
        const secured = socket === null ? null : this.secured(socket);
        resolve(socket === null || secured === null ? null : { socket, secured });
      };
      const gone = (): void => settle(null);
      plain.once('close', gone);
      this.#upgrades.set(key, settle);
      this.#server.emit('connection', plain);
      return undefined;
    });
  }

  #settle(socket: Socket, outcome: TLSSocket | null): void {
    const endpoints = endpointsOf(socket);
    if (endpoints !== null) this.#upgrades.get(connectionKey(endpoints))?.(outcome);
  }
}

async function closeDoor(
  server: Server,
  conversations: ReadonlySet<SmtpConversation>,
  raw: ReadonlySet<Socket>,
  graceMs: number,
): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const talking = new Set([...conversations].map(({ key }) => key));
  for (const conversation of conversations) conversation.stop();
  for (const socket of raw) {
    const endpoints = endpointsOf(socket);
    if (endpoints === null || !talking.has(connectionKey(endpoints))) socket.destroy();
  }
  const timer = setTimeout(() => {
    for (const conversation of conversations) conversation.destroy();
    for (const socket of raw) socket.destroy();
  }, graceMs);
  await closed;
  clearTimeout(timer);
}
