import { ask, challenge, concluded, failed, type Dialogue } from './dialogue.ts';
import { Secret } from './exchange.ts';
import { encodeUtf8 } from './field.ts';
import { prepareUser } from './saslprep.ts';

/** What OAUTHBEARER and XOAUTH2 share: a bearer token among fields that end with `%x01`. */

/** The longest message that is looked at; tokens that name many groups have some kilobytes. */
export const maxMessageBytes = 16_384;

/** What ends each field. */
export const fieldEnd = '\x01';

// RFC 6750 section 2.1:
//   b64token    = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
//   credentials = "Bearer" 1*SP b64token
const credentials = /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

/** The token of a field's value `Bearer …` (RFC 6750 section 2.1); null where it is none. */
export const parseBearer = (value: string): Secret | null => {
  const token = credentials.exec(value)?.[1];
  return token === undefined ? null : new Secret(token);
};

/** Whether a token can be written into a message. */
export const isBearerToken = (token: Secret): boolean => parseBearer(`Bearer ${token.reveal()}`) !== null;

/**
 * The end of either dialogue: asks the accounts, and tells the client of a token that is not taken before it fails,
 * because an outcome carries no details (RFC 4422 section 3.6).
 */
export function* askForToken(
  claim: { readonly user: string | null; readonly token: Secret },
  refusal: { readonly status: string; readonly schemes?: string },
): Dialogue {
  const user = claim.user === null ? null : prepareUser(claim.user);
  if (user?.ok === false) return failed({ why: 'credentials' });
  const verdict = yield* ask({ ask: 'token', user: user?.value ?? null, token: claim.token });
  if (verdict.verdict !== 'refused' || verdict.why.why !== 'credentials') return concluded(verdict);
  // `%x01` or nothing acknowledges; whatever else comes makes the token no better.
  yield* challenge(encodeUtf8(JSON.stringify(refusal)));
  return failed(verdict.why);
}
