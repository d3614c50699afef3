import { randomInt } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { CapturedPacket } from './capture-pcapng.ts';
import { otherSide, TcpConversation, type Endpoint, type Side } from './capture-segments.ts';
import type { Clock } from './clock.ts';
import { endpointsOf, listenAt } from './door.ts';

/** What went by, in order. */
export class Capture {
  readonly #clock: Clock;
  /** Nanoseconds since 1970 when the clock's monotonic reading was nought. */
  readonly #originNs: bigint;
  readonly #mostBytes: number;
  readonly #packets: CapturedPacket[] = [];
  #bytes = 0;
  #lastNs = 0n;

  /** `mostBytes`: what of frames is kept at the most; 64 MiB where left out. */
  constructor(clock: Clock, mostBytes: number = 64 * 1024 * 1024) {
    this.#clock = clock;
    this.#originNs = nanoseconds(clock.now()) - nanoseconds(clock.monotonic());
    this.#mostBytes = mostBytes;
  }

  get packets(): readonly CapturedPacket[] {
    return this.#packets;
  }

  /** Keeps frames as seen now, each later than the one before. False, and nothing kept, where it has enough. */
  add(frames: readonly Uint8Array[]): boolean {
    const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
    if (this.#bytes + bytes > this.#mostBytes) return false;
    this.#bytes += bytes;
    const now = this.#originNs + nanoseconds(this.#clock.monotonic());
    for (const frame of frames) {
      this.#lastNs = now > this.#lastNs ? now : this.#lastNs + 1n;
      this.#packets.push({ atNs: this.#lastNs, frame });
    }
    return true;
  }
}

/** Whole milliseconds apart from the rest: since 1970 it has been more nanoseconds than a number can count. */
const nanoseconds = (milliseconds: number): bigint =>
  BigInt(Math.floor(milliseconds)) * 1_000_000n + BigInt(Math.round((milliseconds % 1) * 1e6));

/**
 * Stands between a client and a server on loopback, hands on every byte and the way each side ends, and has the packets
 * of it captured as if the client had spoken to the server itself.
 */
export class CapturingRelay {
  /** Where clients connect to, on 127.0.0.1. */
  readonly port: number;
  readonly #server: Server;
  readonly #connections: Set<RelayedConnection>;

  private constructor(server: Server, port: number, connections: Set<RelayedConnection>) {
    this.#server = server;
    this.port = port;
    this.#connections = connections;
  }

  /** Opens a relay, on a free port, to a server that listens on an IPv4 address. */
  static async open(to: Endpoint, capture: Capture): Promise<CapturingRelay> {
    const connections = new Set<RelayedConnection>();
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true });
    server.on('connection', (socket) => {
      const connection = new RelayedConnection(socket, to, capture);
      connections.add(connection);
      void connection.over.then(() => connections.delete(connection));
    });
    const { port } = await listenAt(server, { address: '127.0.0.1', port: 0, shared: false });
    return new CapturingRelay(server, port, connections);
  }

  /** Resolves when every connection is over, so that the capture has the end of each. */
  async idle(): Promise<void> {
    await Promise.all([...this.#connections].map(({ over }) => over));
  }

  /** Takes no more connections and breaks off those that still stand. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of this.#connections) connection.breakOff();
    await closed;
    await this.idle();
  }
}

/** One client, one connection to the server in its name. */
class RelayedConnection {
  readonly over: Promise<void>;
  readonly #sockets: Readonly<Record<Side, Socket>>;
  readonly #capture: Capture;
  /** Null where the client was gone before its address could be read: nothing of it is captured. */
  readonly #conversation: TcpConversation | null;
  readonly #ended = new Set<Side>();
  #reset = false;

  constructor(client: Socket, to: Endpoint, capture: Capture) {
    const server = connect({ host: to.address, port: to.port, allowHalfOpen: true, noDelay: true });
    this.#sockets = { client, server };
    this.#capture = capture;
    const ends = endpointsOf(client);
    this.#conversation =
      ends === null
        ? null
        : new TcpConversation(
            { client: { address: ends.remoteAddress, port: ends.remotePort }, server: to },
            { client: randomInt(1, 2 ** 31), server: randomInt(1, 2 ** 31) },
          );
    this.over = Promise.all([this.#watch('client'), this.#watch('server')]).then(() => undefined);
    this.#record((conversation) => conversation.asked());
    server.once('connect', () => {
      this.#record((conversation) => conversation.opened());
      client.resume();
    });
    if (ends === null) this.breakOff();
  }

  breakOff(): void {
    this.#sockets.client.destroy();
    this.#sockets.server.destroy();
  }

  /** Hands on what one side says, until its socket is closed. */
  #watch(from: Side): Promise<void> {
    const socket = this.#sockets[from];
    const other = this.#sockets[otherSide(from)];
    socket.on('data', (chunk: Buffer) => {
      this.#record((conversation) => conversation.sent(from, chunk));
      if (!other.destroyed && !other.write(chunk)) socket.pause();
    });
    other.on('drain', () => socket.resume());
    socket.on('end', () => {
      this.#ended.add(from);
      this.#record((conversation) => conversation.ended(from));
      other.end();
    });
    // How a connection broke is told by the close that follows: it comes before an end.
    socket.on('error', () => undefined);
    return new Promise((resolve) => {
      socket.once('close', (failed) => {
        if (failed || !this.#ended.has(from)) this.#breakFrom(from);
        resolve();
      });
    });
  }

  /** One side broke off: the other is told in the same way, and the capture shows it once. */
  #breakFrom(from: Side): void {
    const other = this.#sockets[otherSide(from)];
    this.#record((conversation) => conversation.reset(from));
    this.#reset = true;
    if (!other.destroyed) other.resetAndDestroy();
  }

  #record(frames: (conversation: TcpConversation) => Uint8Array[]): void {
    if (this.#conversation === null || this.#reset) return;
    if (!this.#capture.add(frames(this.#conversation))) this.breakOff();
  }
}
