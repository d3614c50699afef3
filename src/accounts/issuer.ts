import type { FetchKeys } from './issuer-keys.ts';

/**
 * The signatures that an issuer may use: asymmetric ones only. A secret that both sides know (HS256) would let this
 * server issue tokens, and `none` is no signature (RFC 8725 section 3.1).
 */
export const signatureAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;

export type SignatureAlgorithm = (typeof signatureAlgorithms)[number];

/** The claim that is the account's address. */
export const addressClaims = ['email', 'preferred_username', 'sub'] as const;

export type AddressClaim = (typeof addressClaims)[number];

/** Whose tokens are taken, and what must stand in them. */
export type Issuer = {
  /** The `iss` claim, as the issuer writes it. */
  readonly issuer: string;
  /** Names of this server at the issuer: one must stand in the `aud` claim. At least one. */
  readonly audience: readonly string[];
  readonly algorithms: readonly SignatureAlgorithm[];
  /** `email` counts only where `email_verified` says so. */
  readonly addressClaim: AddressClaim;
  /** What the token must allow; null for nothing in particular. */
  readonly scope: string | null;
  readonly fetchKeys: FetchKeys;
};
