import { parseBase64 } from '../bytes/base64.ts';
import { decodeUtf8 } from '../bytes/buffer.ts';
import { Secret } from '../sasl/exchange.ts';

/** What HTTP Basic says who somebody is. */
export type BasicCredentials = { readonly user: string; readonly password: Secret };

// credentials      = "Basic" 1*SP token68
// user-pass        = user-id ":" password
const BASIC = /^basic +([A-Za-z0-9+/]+=*) *$/i;
const CONTROL = /\p{Cc}/u;

/** Reads an `Authorization` field (RFC 7617 section 2, in UTF-8); null where it is no Basic one, or not in its grammar. */
export function parseBasic(authorization: string): BasicCredentials | null {
  const token = BASIC.exec(authorization)?.[1];
  if (token === undefined) return null;
  const bytes = parseBase64(token);
  const text = bytes === null ? null : decodeUtf8(bytes);
  const colon = text?.indexOf(':') ?? -1;
  if (text === null || colon === -1 || CONTROL.test(text)) return null;
  return { user: text.slice(0, colon), password: new Secret(text.slice(colon + 1)) };
}
