import { ask, challenge, concluded, failed, malformed, type Dialogue } from './dialogue.ts';
import { decodeUtf8, encodeUtf8, maxFieldBytes } from './field.ts';
import { preparePlain } from './plain.ts';

/**
 * LOGIN, the server's side: user name and password, each asked for. Never standardised
 * (draft-murchison-sasl-login-00); an initial response carries the user name.
 * Lenient: kept because Outlook and many devices that send mail know no other mechanism.
 */
export function* login(initial: Uint8Array | null): Dialogue {
  const user = decodeUtf8(initial ?? (yield* challenge(encodeUtf8('Username:'))), maxFieldBytes);
  if (user === null || user === '' || user.includes('\0'))
    return malformed('LOGIN needs a user name in UTF-8');
  const password = decodeUtf8(yield* challenge(encodeUtf8('Password:')), maxFieldBytes);
  if (password === null || password === '' || password.includes('\0')) {
    return malformed('LOGIN needs a password in UTF-8');
  }
  const prepared = preparePlain(user, password);
  if (!prepared.ok) return failed(prepared.refusal);
  return concluded(yield* ask({ ask: 'password', ...prepared.value }));
}
