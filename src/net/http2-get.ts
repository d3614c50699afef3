import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { buffer } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import type { Got } from './https-get.ts';

/** GETs one after the other over one secured connection (`connectTls` with `h2` offered), by HTTP/2 (RFC 9113). */
export class Http2Reader {
  readonly #session: ClientHttp2Session;
  readonly #socket: TLSSocket;
  #broken: Error | null = null;

  /** `host` is the server's name and port, as a URL has them. */
  constructor(socket: TLSSocket, host: string) {
    this.#socket = socket;
    this.#session = connect(`https://${host}`, { createConnection: () => socket });
    // Whoever waits for an answer hears of it too; without a listener it would end the process.
    this.#session.on('error', (error) => {
      this.#broken ??= error;
    });
  }

  /** One GET. Rejects with Node's error where the connection breaks before the whole answer is there. */
  async get(path: string, headers: Readonly<Record<string, string>>): Promise<Got> {
    if (this.#broken !== null) throw this.#broken;
    const stream = this.#session.request({ ...headers, ':method': 'GET', ':path': path });
    const head = new Promise<IncomingHttpHeaders>((resolve, reject) => {
      stream.once('response', resolve).once('error', reject);
      stream.once('close', () => reject(new Error(`the connection ended before GET ${path} was answered`)));
    });
    const [answer, body] = await Promise.all([head, buffer(stream)]);
    const fields = new Map<string, string>();
    for (const [name, value] of Object.entries(answer)) {
      if (name.startsWith(':') || value === undefined) continue;
      fields.set(name, Array.isArray(value) ? value.join(', ') : value);
    }
    return { status: Number(answer[':status']), headers: fields, body };
  }

  /** Says goodbye (GOAWAY), and waits until the connection is gone. */
  async close(): Promise<void> {
    if (this.#socket.destroyed) return;
    const gone = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
    this.#session.close();
    await gone;
  }
}
