import { ok, refused, type Result } from '../result.ts';
import type { ClientExchange, ClientFailure } from './client.ts';
import { encodeUtf8 } from './field.ts';

/** PLAIN, the client's side (RFC 4616 section 2). */
export class PlainClient implements ClientExchange {
  readonly mechanism = 'PLAIN';
  readonly #message: Uint8Array;

  constructor(user: string, password: string) {
    this.#message = encodeUtf8(`\0${user}\0${password}`);
  }

  start(): Uint8Array {
    return this.#message;
  }

  respond(): Result<Uint8Array, ClientFailure> {
    return refused('unexpected-challenge');
  }

  finish(): Result<'not-offered', ClientFailure> {
    return ok('not-offered');
  }
}

/** LOGIN, the client's side: answers the first challenge with the name and the second with the password, whatever they say. */
export class LoginClient implements ClientExchange {
  readonly mechanism = 'LOGIN';
  readonly #answers: string[];

  constructor(user: string, password: string) {
    this.#answers = [user, password];
  }

  start(): null {
    return null;
  }

  respond(): Result<Uint8Array, ClientFailure> {
    const answer = this.#answers.shift();
    return answer === undefined ? refused('unexpected-challenge') : ok(encodeUtf8(answer));
  }

  finish(): Result<'not-offered', ClientFailure> {
    return ok('not-offered');
  }
}
