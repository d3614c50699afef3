import { ok, refused, type Result } from '../result.ts';
import { askForToken, fieldEnd, maxMessageBytes, parseBearer } from './bearer.ts';
import { challenge, failed, type Dialogue } from './dialogue.ts';
import type { Secret } from './exchange.ts';
import { decodeUtf8 } from './field.ts';

/**
 * OAUTHBEARER, the server's side (RFC 7628): an access token as HTTP would carry it. A token that is not taken is told
 * in JSON, the client acknowledges with `%x01`, and then the exchange fails (RFC 7628 section 3.2.3).
 */
export function* oauthBearer(initial: Uint8Array | null): Dialogue {
  const response = initial ?? (yield* challenge(new Uint8Array(0)));
  const text = decodeUtf8(response, maxMessageBytes);
  const message = text === null ? malformed('it is not UTF-8, or too long') : parseOAuthBearer(text);
  if (!message.ok) return failed(message.refusal);
  return yield* askForToken(message.value, { status: 'invalid_token' });
}

/** A client's message, as far as it matters: host, port and unknown keys are read over. */
export type OAuthBearerMessage = { readonly user: string | null; readonly token: Secret };

/** A sentence about what is wrong with a message. */
export type OAuthBearerRefusal = { readonly why: 'malformed'; readonly detail: string };

// RFC 7628 section 3.1:
//   kvsep       = %x01
//   key         = 1*(ALPHA)
//   value       = *(VCHAR / SP / HTAB / CR / LF )
//   kvpair      = key "=" value kvsep
//   client-resp = (gs2-header kvsep *kvpair kvsep) / kvsep
/** Reads a client's first message. */
export const parseOAuthBearer = (text: string): Result<OAuthBearerMessage, OAuthBearerRefusal> => {
  const [header = '', ...rest] = text.split(fieldEnd);
  const gs2 = parseGs2Header(header);
  if (gs2 === null) return malformed('the gs2 header is not one without channel binding');
  // What is left ends with two kvsep, so its last two pieces are empty.
  if (rest.length < 2 || rest.pop() !== '' || rest.pop() !== '')
    return malformed('it does not end in two ^A');
  const fields = new Map<string, string>();
  for (const pair of rest) {
    const [, key, value] = /^([A-Za-z]+)=([\x21-\x7e \t\r\n]*)$/.exec(pair) ?? [];
    if (key === undefined || value === undefined) return malformed('a field is no key and value');
    if (fields.has(key)) return malformed('a key stands there twice');
    fields.set(key, value);
  }
  if (!/^(?:[1-9][0-9]{0,4})?$/.test(fields.get('port') ?? '')) return malformed('the port is no number');
  const token = parseBearer(fields.get('auth') ?? '');
  return token === null ? malformed('auth is no bearer token') : ok({ user: gs2.user, token });
};

/** Writes a client's first message (RFC 7628 section 3.1); null names no user, host and port are the server's. */
export const formatOAuthBearer = (
  { user, token }: OAuthBearerMessage,
  server: { readonly host: string; readonly port: number } | null,
): string => {
  const authzid = user === null ? '' : `a=${user.replaceAll('=', '=3D').replaceAll(',', '=2C')}`;
  const where = server === null ? [] : [`host=${server.host}`, `port=${server.port}`];
  return [`n,${authzid},`, ...where, `auth=Bearer ${token.reveal()}`, '', ''].join(fieldEnd);
};

// RFC 5801 section 4, with the only flag that RFC 7628 section 3.1 allows:
//   gs2-header  = "n" "," [gs2-authzid] ","
//   gs2-authzid = "a=" saslname
//   saslname    = 1*(UTF8-char-safe / "=2C" / "=3D")
const parseGs2Header = (header: string): { readonly user: string | null } | null => {
  const match = /^n,(?:a=((?:[^=,\0]|=2[Cc]|=3[Dd])+))?,$/.exec(header);
  if (match === null) return null;
  const user = match[1]?.replaceAll(/=../g, (escape) => (escape.toUpperCase() === '=2C' ? ',' : '='));
  return { user: user ?? null };
};

const malformed = (detail: string): Result<never, OAuthBearerRefusal> =>
  refused({ why: 'malformed', detail: `OAUTHBEARER: ${detail}` });
