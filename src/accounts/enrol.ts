import { ok, refused, type Result } from '../result.ts';
import type { Secret } from '../sasl/exchange.ts';
import type { Account, AccountName, Store } from '../store/port.ts';
import { Argon2Gate } from './argon2-gate.ts';
import type { Origin } from './authenticator.ts';
import { AttemptsInFlight } from './in-flight.ts';
import { canLogIn } from './login-names.ts';
import { networkOf } from './network.ts';
import { generatePassword, type PasswordKind } from './password.ts';
import type { RandomBytes } from './random.ts';
import { isReservedName } from './reserved-names.ts';
import { asOfNow } from './throttle.ts';
import { makeVerifiers } from './verifiers.ts';

/** How many accounts may be made from one network until it rests for `restMs`. */
export type EnrolmentLimits = {
  readonly perNetwork: number;
  /** From one IPv6 /48, which holds 65,536 networks. */
  readonly perSite: number;
  readonly restMs: number;
};

export const defaultEnrolmentLimits: EnrolmentLimits = {
  // A classroom's worth of people in small groups; a program that fills the store is stopped soon.
  perNetwork: 10,
  perSite: 50,
  restMs: 60 * 60 * 1000,
};

export type EnrollerParts = {
  readonly store: Store;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly random: RandomBytes;
  readonly limits?: EnrolmentLimits;
  /** Shared with whoever else computes Argon2 in this process. */
  readonly gate?: Argon2Gate;
};

export type EnrolmentRequest = {
  readonly name: AccountName;
  readonly kind: PasswordKind;
  readonly from: Origin;
};

/** The new account, and its password for the one time that it is shown. */
export type Enrolled = { readonly account: Account; readonly password: Secret };

/** Makes accounts for whoever asks, slowly enough. */
export class Enroller {
  readonly #parts: EnrollerParts;
  readonly #limits: EnrolmentLimits;
  readonly #gate: Argon2Gate;
  readonly #inFlight = new AttemptsInFlight();

  constructor(parts: EnrollerParts) {
    this.#parts = parts;
    this.#limits = parts.limits ?? defaultEnrolmentLimits;
    this.#gate = parts.gate ?? new Argon2Gate();
  }

  /**
   * Makes the account with a generated password. Of two at once for one name, one gets it. `throttled` also where
   * too many are being made right now.
   */
  async enrol(
    request: EnrolmentRequest,
  ): Promise<Result<Enrolled, 'exists' | 'reserved' | 'unusable' | 'throttled'>> {
    if (!canLogIn(request.name)) return refused('unusable');
    if (isReservedName(request.name)) return refused('reserved');
    if ((await this.#parts.store.account(request.name)) !== null) return refused('exists');
    const counted = this.#countedKeys(request.from);
    const keys = [...counted.keys()];
    if (!(await this.#admit(counted))) return refused('throttled');
    let outcome: 'counted' | 'harmless' = 'harmless';
    try {
      const password = generatePassword(request.kind, this.#parts.random);
      const verifiers = await this.#gate.pass(() => makeVerifiers(password, this.#parts.random));
      if (verifiers === null) return refused('throttled');
      const createdAt = this.#parts.now();
      // Counted first: a fault between the two must not leave an account whose password nobody has seen.
      await this.#parts.store.tally(
        keys.map((key) => ({ key, at: createdAt, quietMs: this.#limits.restMs })),
      );
      outcome = 'counted';
      const created = await this.#parts.store.createAccount({ name: request.name, verifiers, createdAt });
      return created.ok ? ok({ account: created.value, password }) : created;
    } finally {
      this.#inFlight.end(keys, outcome);
    }
  }

  /** How many tally keys have enrolments under way. */
  get keysUnderWay(): number {
    return this.#inFlight.size;
  }

  #countedKeys({ address }: Origin): ReadonlyMap<string, number> {
    const { narrow, site } = networkOf(address);
    const counted = new Map([[`enrolled:network:${narrow}`, this.#limits.perNetwork]]);
    return site === null ? counted : counted.set(`enrolled:network:${site}`, this.#limits.perSite);
  }

  async #admit(counted: ReadonlyMap<string, number>): Promise<boolean> {
    const keys = [...counted.keys()];
    const reading = this.#inFlight.beginReading(keys);
    try {
      const stored = await this.#parts.store.tallies(keys);
      const now = this.#parts.now();
      const recent = asOfNow(stored, now).filter(({ lastAt }) => now - lastAt <= this.#limits.restMs);
      const tallies = this.#inFlight.addTo(recent, reading);
      if (tallies.some(({ key, count }) => count >= (counted.get(key) ?? Infinity))) return false;
      this.#inFlight.begin(keys, now);
      return true;
    } finally {
      this.#inFlight.endReading(reading);
    }
  }
}
