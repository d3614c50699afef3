import { Secret } from '../sasl/exchange.ts';
import type { RandomBytes } from './random.ts';

/** Which password a new account gets. */
export type PasswordKind = 'classic' | 'strong';

/** A password of the kind, never shown by a log. */
export const generatePassword = (kind: PasswordKind, random: RandomBytes): Secret =>
  kind === 'classic' ? classicPassword(random) : strongPassphrase(random);

/** How many classic passwords there are; the throttle is what protects them. */
export const classicPasswords = 100_000;

/** Five random digits, each combination as likely as any other, and `447`. */
export const classicPassword = (random: RandomBytes): Secret =>
  new Secret(`${String(uniformBelow(classicPasswords, random)).padStart(5, '0')}447`);

/** 32 letters and digits of which no two look alike: no `l`, `o`, `0`, `1`. */
const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';

/** Four groups of four letters: 80 bits. */
export const strongPassphrase = (random: RandomBytes): Secret => letterGroups(4, random);

/** So many groups of four letters, five bits each. */
export const letterGroups = (groups: number, random: RandomBytes): Secret => {
  const letters = Array.from(random(groups * 4), (octet) => alphabet[octet & 31]).join('');
  return new Secret((letters.match(/.{4}/g) ?? []).join('-'));
};

/** Draws three octets again until they fall below a multiple of `bound`, so that no remainder is likelier. */
const uniformBelow = (bound: number, random: RandomBytes): number => {
  const limit = Math.floor(2 ** 24 / bound) * bound;
  for (let draws = 0; draws < 1000; draws += 1) {
    const [high = 0, middle = 0, low = 0] = random(3);
    const value = high * 2 ** 16 + middle * 2 ** 8 + low;
    if (value < limit) return value % bound;
  }
  throw new Error('The source of randomness repeats itself');
};
