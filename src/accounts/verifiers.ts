import { argon2, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { ok, refused, type Result } from '../result.ts';
import { Secret, type ScramKeys } from '../sasl/exchange.ts';
import { prepareStored, type PreparationRefusal } from '../sasl/saslprep.ts';
import { scramKeyBytes, scramKeysOfSalted } from '../sasl/scram-keys.ts';
import type { Verifiers } from '../store/port.ts';
import { formatArgon2Hash, parseArgon2Hash, type Argon2Hash } from './phc.ts';
import type { RandomBytes } from './random.ts';

/**
 * Iterations of new SCRAM keys; RFC 7677 section 4 asks for at least 4096. Each client pays them at each login, and
 * forged keys show the same number.
 */
export const scramIterations = 10_000;

/** Argon2id of new hashes: 19 MiB, 2 passes, 1 lane; about 50 ms of one core. */
const argon2Cost = { memoryKib: 19_456, passes: 2, parallelism: 1 } as const;
const hashBytes = 32;
const saltBytes = 16;

const argon2Async = promisify(argon2);
const pbkdf2Async = promisify(pbkdf2);

/** The password as it is kept: prepared by SASLprep as a stored string. To be asked before `makeVerifiers`. */
export const acceptPassword = (password: Secret): Result<Secret, PreparationRefusal> => {
  const prepared = prepareStored(password.reveal());
  return prepared.ok ? ok(new Secret(prepared.value)) : refused(prepared.refusal);
};

/** What the account keeps of its password. A password that `acceptPassword` refuses is a fault here. */
export const makeVerifiers = async (password: Secret, random: RandomBytes): Promise<Verifiers> => {
  const accepted = acceptPassword(password);
  if (!accepted.ok) throw new Error(`The password cannot be kept: ${accepted.refusal}`);
  const scramSalt = random(saltBytes);
  const parameters = { ...argon2Cost, salt: random(saltBytes) };
  const [salted, hash] = await Promise.all([
    pbkdf2Async(accepted.value.reveal(), scramSalt, scramIterations, scramKeyBytes, 'sha256'),
    argon2id(accepted.value, parameters, hashBytes),
  ]);
  return {
    scram: scramKeysOfSalted(salted, scramSalt, scramIterations),
    argon2id: formatArgon2Hash({ ...parameters, hash }),
  };
};

/**
 * Whether this is the password behind the PHC string; `password` is prepared by SASLprep already. Takes some 50 ms in the
 * thread pool. A string that is no Argon2id hash is a fault: the store is damaged.
 */
export const verifyPassword = async (phc: string, password: Secret): Promise<boolean> => {
  const parsed = parseArgon2Hash(phc);
  if (parsed === null) throw new Error('The stored password hash is not an Argon2id hash');
  return timingSafeEqual(await argon2id(password, parsed, parsed.hash.length), parsed.hash);
};

/**
 * A hash for those who have none: to verify against it takes as long as a real one, and never succeeds, because nobody
 * knows a password for a random hash.
 */
export const dummyPhc = (random: RandomBytes): string =>
  formatArgon2Hash({ ...argon2Cost, salt: random(saltBytes), hash: random(hashBytes) });

/**
 * SCRAM keys for a user that does not exist: the same ones at each attempt, and no proof fits them (RFC 5802 section 9).
 * `secret` lives as long as the accounts do: a salt that changes with a restart gives the forgery away.
 */
export const forgedScramKeys = (user: string, secret: Uint8Array, iterations: number): ScramKeys => {
  const forged = (what: string): Uint8Array =>
    createHmac('sha256', secret).update(`${what}\0${user}`, 'utf8').digest();
  return {
    salt: forged('salt').subarray(0, saltBytes),
    iterations,
    storedKey: forged('stored key'),
    serverKey: forged('server key'),
  };
};

const argon2id = (
  password: Secret,
  { memoryKib, passes, parallelism, salt }: Omit<Argon2Hash, 'hash'>,
  tagLength: number,
): Promise<Uint8Array> =>
  argon2Async('argon2id', {
    message: password.reveal(),
    nonce: salt,
    memory: memoryKib,
    passes,
    parallelism,
    tagLength,
  });
