import type { HttpContext } from './http-context.ts';

/** Fields of a response. */
export type ReplyHeaders = Readonly<Record<string, string>>;

/** One line of text for a person. */
export function replyText(
  c: HttpContext,
  status: number,
  line: string,
  headers: ReplyHeaders = {},
): Response {
  return replyWhole(c, status, 'text/plain; charset=utf-8', `${line}\n`, headers);
}

/** A body that is there as a whole. For HEAD its length is told, and nothing sent (RFC 9110 section 9.3.2). */
export function replyWhole(
  c: HttpContext,
  status: number,
  type: string,
  body: string,
  headers: ReplyHeaders = {},
): Response {
  const bytes = Buffer.from(body);
  const head = c.req.method === 'HEAD';
  if (!head) c.env.exchange.sentBytes = bytes.length;
  const fields = { ...headers, 'content-type': type, 'content-length': String(bytes.length) };
  return new Response(head ? null : bytes, { status, headers: fields });
}

/**
 * A body that is made piece by piece, no faster than the client takes it. `chunks` is not begun for HEAD. Rejects where
 * the first piece cannot be made. Where a later one throws, `fault` is told and the client sees a broken response, as
 * its status is gone already.
 */
export async function replyStream(
  c: HttpContext,
  headers: ReplyHeaders,
  chunks: () => AsyncGenerator<Uint8Array>,
  fault: (error: unknown) => void,
): Promise<Response> {
  if (c.req.method === 'HEAD') return new Response(null, { status: 200, headers });
  const { exchange } = c.env;
  const pieces = chunks();
  const first = await pieces.next();
  async function* counted(): AsyncGenerator<Uint8Array> {
    try {
      for (let piece = first; piece.done !== true; piece = await pieces.next()) {
        exchange.sentBytes += piece.value.length;
        yield piece.value;
      }
    } catch (error) {
      fault(error);
      exchange.breakOff();
    } finally {
      // Where the client is gone before the end.
      await pieces.return(undefined);
    }
  }
  return new Response(ReadableStream.from(counted()), { status: 200, headers });
}
