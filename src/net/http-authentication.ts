import type { LettersPolicy, Reader } from '../policy/letters.ts';
import { parseBasic } from './http-basic.ts';
import type { HttpContext } from './http-context.ts';
import { replyText } from './http-reply.ts';

/**
 * Who asks: by HTTP Basic (RFC 7617) where the request has an `Authorization` field, else by the connection's client
 * certificate. A response where that is nobody.
 */
export async function authenticate(c: HttpContext, policy: LettersPolicy): Promise<Reader | Response> {
  const { exchange } = c.env;
  const { endpoints, tls } = exchange.connection;
  const authorization = c.req.header('authorization');
  if (authorization === undefined) {
    const reader = tls.peerCertificate === null ? null : await policy.byCertificate(tls.peerCertificate);
    if (reader === null) return unauthenticated(c);
    exchange.account = reader.accounts.map(({ name }) => name).join(' ');
    return reader;
  }
  const credentials = parseBasic(authorization);
  if (credentials === null) return unauthenticated(c);
  const { user, password } = credentials;
  const login = await policy.byPassword(user, password, { address: endpoints.remoteAddress });
  if (login.ok) {
    exchange.account = login.value.accounts[0]?.name ?? null;
    return login.value;
  }
  if (login.refusal.why === 'credentials') {
    return unauthenticated(c, 'The address or the password is wrong.');
  }
  const retryAfter = String(Math.max(1, Math.ceil(login.refusal.waitSeconds)));
  return replyText(c, 429, `Too many failed logins. Try again in ${retryAfter} seconds.`, {
    'retry-after': retryAfter,
  });
}

const sayWho = 'Say who you are: an address and its password, or a client certificate.';

/** RFC 9110 section 15.5.2. Which of the address and the password is wrong is not told. */
function unauthenticated(c: HttpContext, line: string = sayWho): Response {
  return replyText(c, 401, line, {
    'www-authenticate': 'Basic realm="Letterlock", charset="UTF-8"',
  });
}
