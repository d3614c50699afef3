import { askForToken, fieldEnd, maxMessageBytes, parseBearer } from './bearer.ts';
import { challenge, malformed, type Dialogue } from './dialogue.ts';
import type { Secret } from './exchange.ts';
import { decodeUtf8 } from './field.ts';

/**
 * XOAUTH2, the server's side: what two large mail services made before OAUTHBEARER was a standard. It carries the same
 * token; the error is told in JSON with an HTTP status, and the client acknowledges with an empty response.
 * Lenient: never standardised; kept because Outlook and Thunderbird know no other mechanism for tokens.
 */
export function* xoauth2(initial: Uint8Array | null): Dialogue {
  const response = initial ?? (yield* challenge(new Uint8Array(0)));
  const text = decodeUtf8(response, maxMessageBytes);
  const message = text === null ? null : parseXoauth2(text);
  if (message === null) return malformed('XOAUTH2 needs a user and a bearer token');
  return yield* askForToken(message, { status: '401', schemes: 'bearer' });
}

/** What a client's only message says. */
export type Xoauth2Message = { readonly user: string; readonly token: Secret };

//   message = "user=" address %x01 "auth=Bearer " token %x01 %x01
/** Reads a client's message; null where it is none. */
export const parseXoauth2 = (text: string): Xoauth2Message | null => {
  const [userField = '', authField = '', ...rest] = text.split(fieldEnd);
  const user = userField.startsWith('user=') ? userField.slice('user='.length) : '';
  const token = authField.startsWith('auth=') ? parseBearer(authField.slice('auth='.length)) : null;
  if (user === '' || user.includes('\0') || token === null) return null;
  return rest.length === 2 && rest.every((piece) => piece === '') ? { user, token } : null;
};

/** Writes a client's message. */
export const formatXoauth2 = ({ user, token }: Xoauth2Message): string =>
  [`user=${user}`, `auth=Bearer ${token.reveal()}`, '', ''].join(fieldEnd);
