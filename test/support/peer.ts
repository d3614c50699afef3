import assert from 'node:assert/strict';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { DoorName, RunningServer } from './server.ts';

/** A reply as it came: its code, and its lines joined with line feeds, each with its code. */
export type RawReply = { readonly code: number; readonly text: string };

/** One end of a connection that says whatever a test wants it to say. */
export class Peer {
  readonly socket: Socket;
  /** Resolves when the server has ended its side or the connection is gone, with everything that was not read yet. */
  readonly ended: Promise<string>;
  /** Resolves when the connection is gone altogether. */
  readonly closed: Promise<void>;
  #received = '';
  #over = false;
  #look: (() => void) | null = null;

  /** Reads the socket from now on; a socket that is to stay unread is no peer. */
  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.toString('latin1');
      this.#look?.();
    });
    // What ended a connection is not the question; that it ended is.
    socket.on('error', () => undefined);
    const over = new Promise<void>((resolve) => {
      socket.once('end', resolve);
      socket.once('close', () => resolve());
    });
    this.ended = over.then(() => {
      this.#over = true;
      this.#look?.();
      return this.#received;
    });
    this.closed = new Promise((resolve) => {
      socket.once('close', () => resolve());
    });
  }

  /** Whether the server has ended its side. */
  get isOver(): boolean {
    return this.#over;
  }

  /** The next reply. Rejects where the connection ends before it is whole. */
  async reply(): Promise<RawReply> {
    for (;;) {
      const found = /^(?:([0-9]{3})-[^\n]*\n)*([0-9]{3})[^\n-][^\n]*\n/.exec(this.#received);
      if (found !== null) {
        this.#received = this.#received.slice(found[0].length);
        return { code: Number(found[2]), text: found[0].replaceAll('\r', '').trimEnd() };
      }
      assert.ok(!this.#over, `the connection ended; the server had said ${JSON.stringify(this.#received)}`);
      await new Promise<void>((resolve) => {
        this.#look = resolve;
      });
      this.#look = null;
    }
  }

  /** Sends a line and gives its reply. */
  async ask(line: string): Promise<RawReply> {
    this.socket.write(`${line}\r\n`);
    return this.reply();
  }

  /** Sends a line whose reply must have this code. */
  async expect(line: string, code: number): Promise<RawReply> {
    const reply = await this.ask(line);
    assert.equal(reply.code, code, `${line.slice(0, 60)} was answered ${reply.text}`);
    return reply;
  }

  /** Logs in with PLAIN. */
  async login(user: string, password: string): Promise<RawReply> {
    return this.ask(`AUTH PLAIN ${Buffer.from(`\0${user}\0${password}`).toString('base64')}`);
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** A TCP connection to a door, not secured. */
export function tcpTo(server: RunningServer, door: DoorName): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host: '127.0.0.1', port: server.port(door), allowHalfOpen: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
}

/** TLS, verified, on a door that begins with it, or on a connection that was answered 220 to STARTTLS. */
export function tlsTo(server: RunningServer, on: DoorName | Socket): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({
      ...(typeof on === 'string' ? { host: '127.0.0.1', port: server.port(on) } : { socket: on }),
      ca: server.authority,
      servername: 'localhost',
    });
    socket.allowHalfOpen = true;
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      socket.off('error', reject);
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
}

/** A peer that TLS protects and the server has greeted. */
export async function greeted(server: RunningServer): Promise<Peer> {
  const peer = new Peer(await tlsTo(server, 'submissions'));
  assert.equal((await peer.reply()).code, 220);
  return peer;
}

/** The same on the STARTTLS door: greeted in the clear, then secured; nothing is said yet. */
export async function upgraded(server: RunningServer): Promise<Peer> {
  const socket = await tcpTo(server, 'submission');
  const plain = new Peer(socket);
  assert.equal((await plain.reply()).code, 220);
  await plain.expect('EHLO peer.example', 250);
  await plain.expect('STARTTLS', 220);
  socket.removeAllListeners('data');
  return new Peer(await tlsTo(server, socket));
}
