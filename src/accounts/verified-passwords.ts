import { createHmac } from 'node:crypto';
import type { Secret } from '../sasl/exchange.ts';
import type { RandomBytes } from './random.ts';

/** One guess of one password, as a key that tells nothing about it outside this process. */
export type GuessKey = string;

/** How long a password that was right need not be verified again. */
const lifetimeMs = 10 * 60 * 1000;
const maxEntries = 10_000;

/**
 * The passwords that were right a moment ago, so that a client with a connection for each letter does not cost an Argon2
 * each time. Kept as HMAC-SHA256 under a key of this process; a changed verifier makes another guess of the same
 * password.
 */
export class VerifiedPasswords {
  readonly #secret: Uint8Array;
  readonly #until = new Map<GuessKey, number>();

  constructor(random: RandomBytes) {
    this.#secret = random(32);
  }

  /** The key of a guess: made at `account`, from `network`, against `phc`. */
  keyOf(account: string, network: string, phc: string, password: Secret): GuessKey {
    const guess = JSON.stringify([account, network, phc, password.reveal()]);
    return createHmac('sha256', this.#secret).update(guess, 'utf8').digest('base64');
  }

  /** Whether this guess was right less than ten minutes ago. */
  has(guess: GuessKey, now: number): boolean {
    const until = this.#until.get(guess);
    if (until === undefined) return false;
    // A clock that was set back must not make an entry live longer.
    if (now < until && until - now <= lifetimeMs) return true;
    this.#until.delete(guess);
    return false;
  }

  /** Remembers that this guess was right; the oldest entry goes where there are too many. */
  add(guess: GuessKey, now: number): void {
    this.#until.delete(guess);
    this.#until.set(guess, now + lifetimeMs);
    if (this.#until.size <= maxEntries) return;
    for (const oldest of this.#until.keys()) {
      this.#until.delete(oldest);
      break;
    }
  }

  /** How many are remembered. */
  get size(): number {
    return this.#until.size;
  }
}
