import { timingSafeEqual } from 'node:crypto';
import { formatBase64 } from '../bytes/base64.ts';
import { ok, refused, type Result } from '../result.ts';
import type { ClientContext, ClientExchange, ClientFailure } from './client.ts';
import { Secret } from './exchange.ts';
import { decodeUtf8, encodeUtf8 } from './field.ts';
import { mechanismNamed } from './mechanisms.ts';
import { clientProof, saltedPassword, scramKeysOfSalted, serverSignature } from './scram-keys.ts';
import {
  bindingName,
  formatClientFinalWithoutProof,
  formatClientFirstBare,
  parseServerFinal,
  parseServerFirst,
} from './scram-message.ts';

/** RFC 7677 section 4 asks for at least 4096; more than a million is a quarter of a second of this process and an attack. */
const minIterations = 4096;
const maxIterations = 1_000_000;

const maxMessageBytes = 8192;

type Stage =
  | { readonly at: 'server-first' }
  | { readonly at: 'server-final'; readonly signature: Uint8Array }
  | { readonly at: 'proved' }
  | { readonly at: 'failed' };

/** SCRAM-SHA-256 and -PLUS, the client's side (RFC 5802, RFC 7677, RFC 9266). User name and password are prepared. */
export class ScramClient implements ClientExchange {
  readonly mechanism: 'SCRAM-SHA-256' | 'SCRAM-SHA-256-PLUS';
  readonly #password: Secret;
  readonly #nonce: string;
  readonly #bare: string;
  readonly #gs2Header: string;
  /** The gs2 header with the binding's bytes, as `c=` repeats them. */
  readonly #binding: Uint8Array;
  #stage: Stage = { at: 'server-first' };

  constructor(mechanism: ScramClient['mechanism'], user: string, password: string, context: ClientContext) {
    this.mechanism = mechanism;
    this.#password = new Secret(password);
    this.#nonce = formatBase64(context.nonce);
    this.#bare = formatClientFirstBare(user, this.#nonce);
    this.#gs2Header = `${gs2Flag(mechanism, context)},,`;
    const bound = mechanism === 'SCRAM-SHA-256-PLUS' ? context.channelBinding : null;
    this.#binding = Buffer.concat([encodeUtf8(this.#gs2Header), bound ?? new Uint8Array(0)]);
  }

  start(): Uint8Array {
    return encodeUtf8(this.#gs2Header + this.#bare);
  }

  respond(challenge: Uint8Array): Result<Uint8Array, ClientFailure> {
    const outcome = this.#answer(challenge);
    if (!outcome.ok) this.#stage = { at: 'failed' };
    return outcome;
  }

  finish(): Result<'proved', ClientFailure> {
    return this.#stage.at === 'proved' ? ok('proved') : refused('server-not-proved');
  }

  #answer(challenge: Uint8Array): Result<Uint8Array, ClientFailure> {
    const text = decodeUtf8(challenge, maxMessageBytes);
    if (text === null) return refused('malformed-challenge');
    if (this.#stage.at === 'server-first') return this.#answerFirst(text);
    if (this.#stage.at === 'server-final') return this.#answerFinal(text, this.#stage.signature);
    return refused('unexpected-challenge');
  }

  #answerFinal(text: string, expected: Uint8Array): Result<Uint8Array, ClientFailure> {
    const signature = parseServerFinal(text);
    if (signature === null) return refused('malformed-challenge');
    if (!equal(signature, expected)) return refused('server-not-proved');
    this.#stage = { at: 'proved' };
    return ok(new Uint8Array(0));
  }

  #answerFirst(text: string): Result<Uint8Array, ClientFailure> {
    const first = parseServerFirst(text);
    if (!first.ok) return refused('malformed-challenge');
    const { nonce, salt, iterations } = first.value;
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) return refused('nonce');
    if (iterations < minIterations || iterations > maxIterations) return refused('iterations');
    const salted = saltedPassword(this.#password, salt, iterations);
    const withoutProof = formatClientFinalWithoutProof(this.#binding, nonce);
    const authMessage = `${this.#bare},${text},${withoutProof}`;
    const { serverKey } = scramKeysOfSalted(salted, salt, iterations);
    this.#stage = { at: 'server-final', signature: serverSignature(serverKey, authMessage) };
    return ok(encodeUtf8(`${withoutProof},p=${formatBase64(clientProof(salted, authMessage))}`));
  }
}

// RFC 5802 section 6: `y` where the client could bind and the server did not announce that it can.
const gs2Flag = (mechanism: ScramClient['mechanism'], context: ClientContext): string => {
  if (mechanism === 'SCRAM-SHA-256-PLUS') {
    if (context.channelBinding === null) throw new Error('SCRAM-SHA-256-PLUS needs a channel binding');
    return `p=${bindingName}`;
  }
  const plusAnnounced = context.announced.some((name) => mechanismNamed(name) === 'SCRAM-SHA-256-PLUS');
  return context.channelBinding !== null && !plusAnnounced ? 'y' : 'n';
};

const equal = (left: Uint8Array, right: Uint8Array): boolean =>
  left.length === right.length && timingSafeEqual(left, right);
