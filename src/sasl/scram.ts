import { timingSafeEqual } from 'node:crypto';
import { formatBase64 } from '../bytes/base64.ts';
import { ask, challenge, failed, malformed, type Dialogue, type Mechanics } from './dialogue.ts';
import type { ExchangeContext } from './exchange.ts';
import { decodeUtf8, encodeUtf8 } from './field.ts';
import { prepareUser } from './saslprep.ts';
import { serverSignature, verifyProof } from './scram-keys.ts';
import {
  bindingName,
  formatServerFinal,
  formatServerFirst,
  parseClientFinal,
  parseClientFirst,
  type Gs2Flag,
} from './scram-message.ts';

/** Longest message that is looked at: a name, three nonces and some extensions. */
const maxMessageBytes = 8192;

/** SCRAM-SHA-256, the server's side (RFC 5802, RFC 7677), not bound to the connection. */
export const scramSha256: Mechanics = (initial, context) => scram(initial, context, null);

/** SCRAM-SHA-256-PLUS, the server's side: bound to the TLS connection by `tls-exporter` (RFC 9266). */
export const scramSha256Plus: Mechanics = (initial, context) => scram(initial, context, bindingName);

function* scram(
  initial: Uint8Array | null,
  context: ExchangeContext,
  channelBinding: typeof bindingName | null,
): Dialogue {
  if (context.nonce.length < 18) throw new RangeError('A SCRAM nonce needs 18 octets');
  const opening = decodeUtf8(initial ?? (yield* challenge(new Uint8Array(0))), maxMessageBytes);
  if (opening === null) return malformed('SCRAM: the message is not UTF-8, or too long');
  const first = parseClientFirst(opening);
  if (!first.ok) return failed(first.refusal);
  if (!isAgreed(first.value.gs2, context, channelBinding))
    return failed({ why: 'channel-binding', user: first.value.user });
  const user = prepareUser(first.value.user);
  if (!user.ok) return malformed('SCRAM: the user name is prohibited');
  if (first.value.authzid !== '' && first.value.authzid !== first.value.user) {
    return failed({ why: 'authorization', user: first.value.user });
  }

  const found = yield* ask({ ask: 'scram-keys', user: user.value });
  if (found.verdict === 'refused') return failed(found.why);
  if (found.verdict !== 'scram-keys') throw new Error('A login is no answer to a question for keys');
  const { keys } = found;
  const nonce = first.value.nonce + formatBase64(context.nonce);
  const serverFirst = formatServerFirst({ nonce, salt: keys.salt, iterations: keys.iterations });

  const closing = decodeUtf8(yield* challenge(encodeUtf8(serverFirst)), maxMessageBytes);
  if (closing === null) return malformed('SCRAM: the message is not UTF-8, or too long');
  const final = parseClientFinal(closing);
  if (!final.ok) return failed(final.refusal);
  if (final.value.nonce !== nonce) return malformed('SCRAM: the nonce is not the one of this exchange');
  const bound = channelBinding === null ? new Uint8Array(0) : (context.channelBinding ?? new Uint8Array(0));
  const expected = Buffer.concat([encodeUtf8(first.value.gs2Header), bound]);
  if (!equal(final.value.channelBinding, expected))
    return failed({ why: 'channel-binding', user: user.value });

  const authMessage = `${first.value.bare},${serverFirst},${final.value.withoutProof}`;
  const valid = verifyProof(keys, authMessage, final.value.proof);
  const verdict = yield* ask({ ask: 'proof', user: user.value, valid });
  if (verdict.verdict === 'refused') return failed(verdict.why);
  if (!valid) return failed({ why: 'credentials' });
  if (verdict.verdict !== 'login') throw new Error('SCRAM keys are no answer to a proof');

  const serverFinal = formatServerFinal(serverSignature(keys.serverKey, authMessage));
  const last = yield* challenge(encodeUtf8(serverFinal));
  if (last.length > 0) return malformed('SCRAM: the response to the last challenge is empty');
  return { step: 'done', account: verdict.account, channelBinding };
}

// RFC 5802 section 6: -PLUS comes with `p=` and a type that both know, the other mechanism never does; `y` tells that
// the client missed the announcement of -PLUS, so somebody took it away where there was one.
const isAgreed = (
  gs2: Gs2Flag,
  context: ExchangeContext,
  channelBinding: typeof bindingName | null,
): boolean =>
  channelBinding === null
    ? gs2.flag === 'n' || (gs2.flag === 'y' && !context.plusAnnounced)
    : gs2.flag === 'p' && gs2.bindingName === channelBinding && context.channelBinding !== null;

const equal = (left: Uint8Array, right: Uint8Array): boolean =>
  left.length === right.length && timingSafeEqual(left, right);
