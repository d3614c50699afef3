import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';

/** Where a server listens for submission over implicit TLS, and what a client needs to go there. */
export type Target = {
  readonly host: string;
  readonly port: number;
  /** PEM: whose certificates are believed. */
  readonly authority: string;
  /** A server that knows no login is used without. */
  readonly login: 'PLAIN' | 'none';
};

/** What went wrong with a connection: `dot 452`, `connect ECONNREFUSED`. */
export class Failure extends Error {
  override readonly name = 'Failure';
}

/** How long a reply may take. */
const patienceMs = 30_000;

const LF = 10;
const HYPHEN = 45;
const ZERO = 48;

/** The context of all connections to a target. Every handshake is a full one: no session is ever resumed. */
export const contextFor = (target: Target, groups: string): SecureContext =>
  createSecureContext({ ca: target.authority, minVersion: 'TLSv1.3', ecdhCurve: groups });

/** A connection over TLS 1.3 whose replies are read one after the other. */
export class Wire {
  readonly #socket: TLSSocket;
  #unread: Buffer = Buffer.alloc(0);
  #ended: string | null = null;
  #wake: (() => void) | null = null;

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#unread = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
      this.#look();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => this.#end(error.code ?? error.message));
    socket.on('close', () => this.#end('closed'));
  }

  /** Resolves after the handshake; rejects with a {@link Failure}. */
  static open(target: Target, secureContext: SecureContext): Promise<Wire> {
    return new Promise((resolve, reject) => {
      const socket = connect({
        host: target.host,
        port: target.port,
        servername: 'localhost',
        secureContext,
      });
      const refused = (error: NodeJS.ErrnoException): void =>
        reject(new Failure(`connect ${error.code ?? error.message}`));
      socket.setNoDelay(true);
      socket.setTimeout(patienceMs, () => socket.destroy(new Error('timeout')));
      socket.once('error', refused).once('secureConnect', () => {
        socket.off('error', refused);
        resolve(new Wire(socket));
      });
    });
  }

  /** The protection that was agreed: `TLSv1.3 TLS_AES_256_GCM_SHA384 X25519`. */
  protection(): string {
    const key = this.#socket.getEphemeralKeyInfo();
    const group = key !== null && 'name' in key ? key.name : 'a group without a name';
    return `${this.#socket.getProtocol()} ${this.#socket.getCipher().name} ${group}`;
  }

  send(bytes: Buffer | string): void {
    this.#socket.write(bytes);
  }

  /** Reads a reply to its last line; rejects with a {@link Failure} where its code is another. */
  async reply(stage: string, code: number): Promise<void> {
    let got = this.#take();
    while (got === null) {
      if (this.#ended !== null) throw new Failure(`${stage} ${this.#ended}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      got = this.#take();
    }
    if (got !== code) throw new Failure(`${stage} ${got}`);
  }

  close(): void {
    this.#socket.destroy();
  }

  /** The code of the next whole reply, which is used up. */
  #take(): number | null {
    const bytes = this.#unread;
    for (let from = 0; ;) {
      const end = bytes.indexOf(LF, from);
      if (end < 0) return null;
      if (bytes[from + 3] !== HYPHEN) {
        this.#unread = bytes.subarray(end + 1);
        return digit(bytes, from) * 100 + digit(bytes, from + 1) * 10 + digit(bytes, from + 2);
      }
      from = end + 1;
    }
  }

  #end(how: string): void {
    this.#ended ??= how;
    this.#look();
  }

  #look(): void {
    this.#wake?.();
    this.#wake = null;
  }
}

const digit = (bytes: Buffer, at: number): number => (bytes[at] ?? ZERO) - ZERO;
