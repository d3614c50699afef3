import { request, type IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';

/** An answer, whole. */
export type Got = {
  readonly status: number;
  /** Header fields by lower-case name; of repeated ones the values joined by `, `. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
};

/**
 * One GET over a secured connection (`connectTls` with `http/1.1` offered), which is closed afterwards (RFC 9110
 * section 9.3.1, RFC 9112). Rejects with Node's error where the connection breaks.
 */
export async function httpsGet(
  socket: TLSSocket,
  target: {
    readonly host: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
  },
): Promise<Got> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const asked = request({
      createConnection: () => socket,
      method: 'GET',
      path: target.path,
      headers: { ...target.headers, host: target.host, connection: 'close' },
    });
    asked.once('response', resolve).once('error', reject).end();
  });
  const body = await wholeBody(answer);
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return { status: answer.statusCode ?? 0, headers, body };
}

/** More than this is no page of letters; a server that sends without end is not heard out. */
const mostBodyBytes = 268_435_456;

async function wholeBody(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > mostBodyBytes) throw new Error(`the answer is longer than ${mostBodyBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The value of `Authorization` for a name and a password (RFC 7617 section 2), UTF-8. */
export const basicCredentials = (name: string, password: string): string =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
