import { ok, refused, type Result } from '../result.ts';
import type { ClientExchange, ClientFailure } from './client.ts';
import { encodeUtf8 } from './field.ts';

/** EXTERNAL, the client's side (RFC 4422 appendix A): the handshake has said it all, at the most a name is added. */
export class ExternalClient implements ClientExchange {
  readonly mechanism = 'EXTERNAL';
  readonly #authzid: Uint8Array;

  /** `user` is whom to act as; null for the account that the certificate speaks for. */
  constructor(user: string | null) {
    this.#authzid = encodeUtf8(user ?? '');
  }

  start(): Uint8Array {
    return this.#authzid;
  }

  respond(): Result<Uint8Array, ClientFailure> {
    return refused('unexpected-challenge');
  }

  finish(): Result<'not-offered', ClientFailure> {
    return ok('not-offered');
  }
}
