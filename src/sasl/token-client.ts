import { ok, refused, type Result } from '../result.ts';
import { fieldEnd, maxMessageBytes } from './bearer.ts';
import type { ClientExchange, ClientFailure } from './client.ts';
import type { TokenMechanism } from './exchange.ts';
import { decodeUtf8, encodeUtf8 } from './field.ts';

/**
 * OAUTHBEARER (RFC 7628) and XOAUTH2, the client's side: one message with the token. The only challenge is the server's
 * error in JSON; it is acknowledged so that the server can say how the exchange ended (RFC 7628 section 3.2.3).
 */
export class TokenClient implements ClientExchange {
  readonly mechanism: TokenMechanism;
  readonly #message: Uint8Array;
  #refused = false;

  /** `message` is the client's first and only one, as the mechanism writes it. */
  constructor(mechanism: TokenMechanism, message: string) {
    this.mechanism = mechanism;
    this.#message = encodeUtf8(message);
  }

  start(): Uint8Array {
    return this.#message;
  }

  respond(challenge: Uint8Array): Result<Uint8Array, ClientFailure> {
    if (this.#refused) return refused('unexpected-challenge');
    this.#refused = true;
    if (!isJsonObject(challenge)) return refused('malformed-challenge');
    return ok(encodeUtf8(this.mechanism === 'OAUTHBEARER' ? fieldEnd : ''));
  }

  finish(): Result<'not-offered', ClientFailure> {
    return this.#refused ? refused('unexpected-challenge') : ok('not-offered');
  }
}

const isJsonObject = (bytes: Uint8Array): boolean => {
  try {
    const value: unknown = JSON.parse(decodeUtf8(bytes, maxMessageBytes) ?? '');
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    // The parser has no other way to say that it is no JSON.
    return false;
  }
};
