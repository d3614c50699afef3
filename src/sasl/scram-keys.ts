import { createHash, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import type { ScramKeys, Secret } from './exchange.ts';

/** Octets of a SHA-256: of every key, proof and signature here. */
export const scramKeyBytes = 32;

/**
 * The keys of a password (RFC 5802 section 3, with SHA-256 by RFC 7677). `password` is prepared by SASLprep already. Takes
 * as long as the iterations say, a quarter of a microsecond each.
 */
export const scramKeys = (password: Secret, salt: Uint8Array, iterations: number): ScramKeys =>
  scramKeysOfSalted(saltedPassword(password, salt, iterations), salt, iterations);

/** SaltedPassword of RFC 5802 section 3: Hi(password, salt, iterations), which is PBKDF2 (RFC 8018) with one block. */
export const saltedPassword = (password: Secret, salt: Uint8Array, iterations: number): Uint8Array =>
  pbkdf2Sync(password.reveal(), salt, iterations, scramKeyBytes, 'sha256');

/** The same keys from SaltedPassword, for those who computed it elsewhere. */
export const scramKeysOfSalted = (salted: Uint8Array, salt: Uint8Array, iterations: number): ScramKeys => ({
  salt,
  iterations,
  storedKey: sha256(hmac(salted, 'Client Key')),
  serverKey: hmac(salted, 'Server Key'),
});

/** ClientProof of RFC 5802 section 3: what a client that knows the password sends. */
export const clientProof = (salted: Uint8Array, authMessage: string): Uint8Array => {
  const clientKey = hmac(salted, 'Client Key');
  return xor(clientKey, hmac(sha256(clientKey), authMessage));
};

/** Whether a ClientProof is right (RFC 5802 section 3), in a time that tells nothing about the keys. */
export const verifyProof = (keys: ScramKeys, authMessage: string, proof: Uint8Array): boolean => {
  if (proof.length !== scramKeyBytes) return false;
  const clientKey = xor(proof, hmac(keys.storedKey, authMessage));
  return timingSafeEqual(sha256(clientKey), keys.storedKey);
};

/** ServerSignature of RFC 5802 section 3: the server's proof that it knows the keys. */
export const serverSignature = (serverKey: Uint8Array, authMessage: string): Uint8Array =>
  hmac(serverKey, authMessage);

const hmac = (key: Uint8Array, message: string): Uint8Array =>
  createHmac('sha256', key).update(message, 'utf8').digest();

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

const xor = (left: Uint8Array, right: Uint8Array): Uint8Array =>
  left.map((octet, index) => octet ^ (right[index] ?? 0));
