import { ok, refused, type Result } from '../result.ts';
import { ask, challenge, concluded, failed, type Dialogue } from './dialogue.ts';
import { Secret, type SaslFailure } from './exchange.ts';
import { decodeUtf8, maxFieldBytes } from './field.ts';
import { prepareQuery, prepareUser } from './saslprep.ts';

/** PLAIN, the server's side (RFC 4616): one message with user name and password. */
export function* plain(initial: Uint8Array | null): Dialogue {
  const response = initial ?? (yield* challenge(new Uint8Array(0)));
  const message = parsePlain(response);
  if (!message.ok) return failed(message.refusal);
  return concluded(yield* ask({ ask: 'password', ...message.value }));
}

type PlainMessage = { readonly user: string; readonly password: Secret };

// RFC 4616 section 2:
//   message = [authzid] UTF8NUL authcid UTF8NUL passwd
//   authcid = 1*SAFE  ; MUST accept up to 255 octets
//   SAFE    = any UTF-8 encoded Unicode character except NUL
const parsePlain = (response: Uint8Array): Result<PlainMessage, SaslFailure> => {
  const afterAuthzid = response.indexOf(0);
  const afterAuthcid = response.indexOf(0, afterAuthzid + 1);
  if (afterAuthzid < 0 || afterAuthcid < 0) return malformed('PLAIN needs two NULs');
  if (response.includes(0, afterAuthcid + 1)) return malformed('PLAIN has no more than two NULs');
  const authzid = decodeUtf8(response.subarray(0, afterAuthzid), maxFieldBytes);
  const authcid = decodeUtf8(response.subarray(afterAuthzid + 1, afterAuthcid), maxFieldBytes);
  const passwd = decodeUtf8(response.subarray(afterAuthcid + 1), maxFieldBytes);
  if (authzid === null || authcid === null || passwd === null) {
    return malformed(`PLAIN is UTF-8, each part at most ${maxFieldBytes} octets`);
  }
  if (authcid === '' || passwd === '') return malformed('PLAIN needs a user name and a password');
  if (authzid !== '' && authzid !== authcid) return refused({ why: 'authorization', user: authcid });
  return preparePlain(authcid, passwd);
};

/** Verification fails where preparation does (RFC 4616 section 2): no account has such a name or password. */
export const preparePlain = (user: string, password: string): Result<PlainMessage, SaslFailure> => {
  const preparedUser = prepareUser(user);
  const preparedPassword = prepareQuery(password);
  if (!preparedUser.ok || !preparedPassword.ok) return refused({ why: 'credentials' });
  return ok({ user: preparedUser.value, password: new Secret(preparedPassword.value) });
};

const malformed = (detail: string): Result<never, SaslFailure> => refused({ why: 'malformed', detail });
