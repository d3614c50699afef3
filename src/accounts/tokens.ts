import {
  decodeJwt,
  errors,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyOptions,
  type JWTVerifyResult,
} from 'jose';
import { ok, refused, type Result } from '../result.ts';
import type { Secret } from '../sasl/exchange.ts';
import { signatureAlgorithms, type Issuer } from './issuer.ts';
import { IssuerKeys, KeysUnavailable, type KeyTimes } from './issuer-keys.ts';

/** Why a token is not taken. */
export type TokenRefusal =
  /** It is none of ours; `detail` is for the log and tells nothing of what stands in it. */
  | { readonly why: 'invalid'; readonly detail: string }
  /** The issuer's keys cannot be had; `detail` is for the log. */
  | { readonly why: 'unavailable'; readonly waitSeconds: number; readonly detail: string };

export type TokenVerifierParts = {
  /** At least one, each with another `issuer`. */
  readonly issuers: readonly Issuer[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly keyTimes?: KeyTimes;
  /** Told of every refusal; for a log. */
  readonly onRefusal?: (refusal: TokenRefusal) => void;
};

type Known = Issuer & { readonly keys: IssuerKeys };

/** Longer ones are not looked at; a token that names many groups has some kilobytes. */
const maxTokenLength = 16_384;
/** How far the issuer's clock may be off. */
const skewSeconds = 30;
/** Keys that fit a token which names none; each is tried. */
const mostKeys = 8;

/** Verifies access tokens that are signed JSON Web Tokens (RFC 7519, RFC 9068, and RFC 8725 for what to look at). */
export class TokenVerifier {
  readonly #issuers = new Map<unknown, Known>();
  readonly #now: () => number;
  readonly #onRefusal: (refusal: TokenRefusal) => void;

  constructor({ issuers, now, keyTimes, onRefusal }: TokenVerifierParts) {
    for (const issuer of issuers) {
      if (issuer.audience.length === 0) throw new RangeError('An issuer without an audience takes any token');
      if (!issuer.algorithms.every((algorithm) => signatureAlgorithms.includes(algorithm)))
        throw new RangeError('An issuer signs with asymmetric keys');
      const times = keyTimes === undefined ? {} : { times: keyTimes };
      this.#issuers.set(issuer.issuer, {
        ...issuer,
        keys: new IssuerKeys({ fetch: issuer.fetchKeys, now, ...times }),
      });
    }
    this.#now = now;
    this.#onRefusal = onRefusal ?? (() => undefined);
  }

  /** What the token says that the account is: an address, or with `preferred_username` a bare name as well. */
  async verify(token: Secret): Promise<Result<string, TokenRefusal>> {
    const verified = await this.#verify(token.reveal());
    if (!verified.ok) this.#onRefusal(verified.refusal);
    return verified;
  }

  async #verify(token: string): Promise<Result<string, TokenRefusal>> {
    if (token.length > maxTokenLength) return invalid('it is too long');
    try {
      // Which issuer's keys to verify with; nothing else is believed before that is done (RFC 8725 section 3.8).
      const issuer = this.#issuers.get(decodeJwt(token).iss);
      if (issuer === undefined) return invalid('its issuer is unknown');
      const { payload, protectedHeader } = await this.#verified(token, issuer);
      if (!isAccessTokenType(protectedHeader.typ)) return invalid('it is another kind of token');
      return addressIn(payload, issuer);
    } catch (error) {
      if (error instanceof KeysUnavailable) {
        const detail = error.cause instanceof Error ? error.cause.message : error.message;
        return refused({ why: 'unavailable', waitSeconds: error.waitSeconds, detail });
      }
      if (error instanceof errors.JOSEError) return invalid(detailOf(error));
      throw error;
    }
  }

  async #verified(token: string, issuer: Known): Promise<JWTVerifyResult> {
    const options: JWTVerifyOptions = {
      issuer: issuer.issuer,
      audience: [...issuer.audience],
      algorithms: [...issuer.algorithms],
      clockTolerance: skewSeconds,
      currentDate: new Date(this.#now()),
      requiredClaims: ['exp'],
    };
    try {
      return await jwtVerify(token, (header, input) => issuer.keys.keyFor(header, input), options);
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      return await verifiedByOneOf(error, token, options);
    }
  }
}

/** A token without a key's name, where several keys of the issuer fit its algorithm. */
async function verifiedByOneOf(
  keys: errors.JWKSMultipleMatchingKeys,
  token: string,
  options: JWTVerifyOptions,
): Promise<JWTVerifyResult> {
  let tried = 0;
  for await (const key of keys) {
    tried += 1;
    if (tried > mostKeys) break;
    try {
      return await jwtVerify(token, key, options);
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
    }
  }
  throw new errors.JWSSignatureVerificationFailed();
}

/** RFC 9068 section 2.1, and what older issuers write; a type of its own tells of another purpose (RFC 8725 section 3.11). */
const isAccessTokenType = (type: unknown): boolean =>
  type === undefined || (typeof type === 'string' && /^(?:application\/)?(?:at\+jwt|jwt)$/i.test(type));

const addressIn = (payload: JWTPayload, issuer: Issuer): Result<string, TokenRefusal> => {
  // Bound to a key that the client would have to prove (RFC 7800 section 3): whoever only bears it may have stolen it.
  if (payload['cnf'] !== undefined) return invalid('it is bound to a key and no bearer token');
  if (issuer.scope !== null && !scopesIn(payload).includes(issuer.scope))
    return invalid('its scope is another');
  const address = payload[issuer.addressClaim];
  if (typeof address !== 'string' || address === '') return invalid(`it has no ${issuer.addressClaim}`);
  if (issuer.addressClaim !== 'preferred_username' && !address.includes('@'))
    return invalid(`its ${issuer.addressClaim} is no address`);
  if (issuer.addressClaim === 'email' && !isTrue(payload['email_verified']))
    return invalid('its email is not verified');
  return ok(address);
};

/** RFC 9068 section 2.2.3 has one string; others write a list, under one of two names. */
const scopesIn = (payload: JWTPayload): readonly unknown[] =>
  [payload['scope'], payload['scp']].flatMap((value: unknown): readonly unknown[] => {
    if (typeof value === 'string') return value.split(' ');
    return Array.isArray(value) ? value : [];
  });

/** Some issuers write booleans as text. */
const isTrue = (value: unknown): boolean => value === true || value === 'true';

const detailOf = (error: errors.JOSEError): string =>
  error instanceof errors.JWTClaimValidationFailed ? `${error.code} ${error.claim}` : error.code;

const invalid = (detail: string): Result<never, TokenRefusal> => refused({ why: 'invalid', detail });
