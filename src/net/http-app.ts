import { randomBytes } from 'node:crypto';
import { Hono } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { HttpApp, HttpContext, HttpEnv, HttpRoutes } from './http-context.ts';
import { hasBody } from './http-exchange.ts';
import { replyText } from './http-reply.ts';
import type { Journal } from './journal.ts';

/** Fields of one connection, which HTTP/2 forbids and Node throws at (RFC 9113 section 8.2.2). */
const hopByHop = ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'] as const;

/** What every response carries that does not say otherwise: it is data, not a page, and stays with who asked. */
const precautions: readonly (readonly [string, string])[] = [
  ['cache-control', 'no-store'],
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'; sandbox"],
  ['cross-origin-resource-policy', 'same-origin'],
  ['referrer-policy', 'no-referrer'],
  ['x-content-type-options', 'nosniff'],
];

/**
 * The application of a door: its routes, and the answers that no route gives. Paths are routed as they stand on the wire,
 * percent-encoded; a handler decodes its segment once (`pathSegment`).
 */
export function httpApp(routes: readonly HttpRoutes[], journal: Journal): HttpApp {
  const app: HttpApp = new Hono<HttpEnv>({ getPath: (request) => new URL(request.url).pathname });
  app.use(async (c, next) => {
    const { exchange, incoming } = c.env;
    exchange.route = matchedRoutes(c).findLast(({ path }) => path !== '/*')?.path ?? null;
    if (isBodyless(c.req.method) && hasBody(incoming)) {
      // Nothing reads it, so the connection would be stuck behind it.
      exchange.lastOfConnection();
      return replyText(c, 413, `A ${c.req.method} request has no body here.`);
    }
    return next();
  });
  for (const add of routes) add(app);
  app.notFound((c) => replyText(c, 404, 'There is nothing here.'));
  app.onError((error, c) => replyText(c, 500, `The server failed. Fault ${journalFault(journal, error)}.`));
  return app;
}

/** Logs a fault under a new id, and gives the id, which is all that the client is told. */
export function journalFault(journal: Journal, error: unknown): string {
  const fault = randomBytes(6).toString('base64url');
  journal.error('http.fault', { fault, error });
  return fault;
}

/** Answers every method that a path does not have; to be added behind those that it has (RFC 9110 section 15.5.6). */
export function refuseOtherMethods(app: HttpApp, path: string, allow: string): void {
  app.all(path, (c) => replyText(c, 405, `Only ${allow} can be done here.`, { allow }));
}

/** A segment of the path (the first is 1), percent-decoded once; null where its encoding is broken. */
export function pathSegment(c: HttpContext, index: number): string | null {
  const raw = new URL(c.req.url).pathname.split('/')[index] ?? '';
  try {
    return decodeURIComponent(raw);
  } catch {
    // Its only way to say that these are no octets of UTF-8.
    return null;
  }
}

/** The response as it may leave: without fields of one connection, and with the precautions. */
export function finished(response: Response): Response {
  const headers = new Headers(response.headers);
  for (const name of hopByHop) headers.delete(name);
  for (const [name, value] of precautions) if (!headers.has(name)) headers.set(name, value);
  return new Response(response.body, { status: response.status, headers });
}

const isBodyless = (method: string): boolean => method === 'GET' || method === 'HEAD';
