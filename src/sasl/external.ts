import { ask, challenge, concluded, failed, malformed, type Dialogue } from './dialogue.ts';
import type { ExchangeContext } from './exchange.ts';
import { decodeUtf8, maxFieldBytes } from './field.ts';
import { prepareUser } from './saslprep.ts';

/**
 * EXTERNAL, the server's side (RFC 4422 appendix A): the client proved in the TLS handshake who it is, and says at the
 * most as whom it wants to act. An empty message is for the account that the certificate speaks for.
 */
export function* external(initial: Uint8Array | null, context: ExchangeContext): Dialogue {
  const response = initial ?? (yield* challenge(new Uint8Array(0)));
  // RFC 4422 appendix A.1: extern-resp = *( UTF8-char-no-nul )
  const authzid = decodeUtf8(response, maxFieldBytes);
  if (authzid === null || authzid.includes('\0'))
    return malformed('EXTERNAL needs an authorization identity in UTF-8, or none');
  const user = authzid === '' ? null : prepareUser(authzid);
  const certificate = context.certificate ?? null;
  if (user?.ok === false || certificate === null || !certificate.trusted)
    return failed({ why: 'credentials' });
  return concluded(yield* ask({ ask: 'certificate', user: user?.value ?? null, certificate }));
}
