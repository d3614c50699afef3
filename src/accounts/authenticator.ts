import { Secret, type SaslQuestion, type SaslVerdict } from '../sasl/exchange.ts';
import { prepareQuery, prepareUser } from '../sasl/saslprep.ts';
import type { Account, AccountName, Service, Store, Tally, Verifiers } from '../store/port.ts';
import { appPasswordDigest, newUse, opens } from './app-passwords.ts';
import { Argon2Gate } from './argon2-gate.ts';
import { accountsOfCertificate } from './certificates.ts';
import { AttemptsInFlight } from './in-flight.ts';
import { networkOf, type Network } from './network.ts';
import type { RandomBytes } from './random.ts';
import {
  asOfNow,
  attemptKeys,
  defaultThrottleLimits,
  failureEvents,
  isKnown,
  judge,
  judgedKeys,
  keysToRead,
  loginChanges,
  type AttemptKeys,
  type Slowdown,
  type ThrottleLimits,
} from './throttle.ts';
import type { TokenVerifier } from './tokens.ts';
import { VerifiedPasswords, type GuessKey } from './verified-passwords.ts';
import { dummyPhc, forgedScramKeys, scramIterations, verifyPassword } from './verifiers.ts';

export type AuthenticatorParts = {
  readonly store: Store;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly random: RandomBytes;
  /** What forged SCRAM keys are made from: at least 32 bytes that stay the same as long as the accounts do. */
  readonly secret: Uint8Array;
  /** The account name that a user name means; null where it cannot be one. */
  readonly canonical: (user: string) => AccountName | null;
  readonly limits?: ThrottleLimits;
  /** Shared with whoever else computes Argon2 in this process. */
  readonly gate?: Argon2Gate;
  /** Who verifies access tokens; absent or null where none are taken. */
  readonly tokens?: TokenVerifier | null;
};

/** Where an attempt comes from: the peer's IP address. */
export type Origin = { readonly address: string };

/** Where an attempt to log in comes from, and what it wants to use. */
export type LoginOrigin = Origin & { readonly service: Service };

/** Whom a user name means. Nobody is treated like somebody, as far as a stranger can see. */
type Subject = {
  readonly name: AccountName | null;
  readonly account: Account | null;
  readonly verifiers: Verifiers | null;
};

/** An attempt that was let in by the throttle, and counts as a failure until it ends. */
type Admission = {
  readonly keys: AttemptKeys;
  readonly judged: ReadonlyMap<string, Slowdown>;
  readonly tallies: readonly Tally[];
};

type Asked<Ask extends SaslQuestion['ask']> = Extract<SaslQuestion, { ask: Ask }>;

type Proof = 'right' | 'wrong' | 'busy';

/**
 * Answers what the SASL exchanges ask, for every protocol of this process. Each attempt is throttled before anything
 * is verified, right passwords included; a failure is in the store before it is answered. Each process throttles
 * what is under way in itself; what is over is shared through the store.
 */
export class Authenticator {
  readonly #parts: AuthenticatorParts;
  readonly #limits: ThrottleLimits;
  readonly #gate: Argon2Gate;
  readonly #inFlight = new AttemptsInFlight();
  readonly #verified: VerifiedPasswords;
  /** Equal guesses from one network at one service and time are one attempt. */
  readonly #checks = new Map<string, Promise<SaslVerdict>>();
  readonly #dummyPhc: string;

  constructor(parts: AuthenticatorParts) {
    if (parts.secret.length < 32) throw new RangeError('The secret of forged keys needs 32 bytes');
    this.#parts = parts;
    this.#limits = parts.limits ?? defaultThrottleLimits;
    this.#gate = parts.gate ?? new Argon2Gate();
    this.#verified = new VerifiedPasswords(parts.random);
    this.#dummyPhc = dummyPhc(parts.random);
  }

  /** Whether anybody here can verify an access token: else the mechanisms for them are not to be announced. */
  get takesTokens(): boolean {
    return (this.#parts.tokens ?? null) !== null;
  }

  /** The verdict on a question; `account` in it is the canonical name. Rejects for faults of the store only. */
  async answer(question: SaslQuestion, from: LoginOrigin): Promise<SaslVerdict> {
    if (question.ask === 'certificate') return this.#byCertificate(question);
    if (question.ask === 'token') return this.#byToken(question);
    const subject = await this.#subject(question.user);
    if (question.ask === 'scram-keys') {
      const forged = (): SaslVerdict => ({
        verdict: 'scram-keys',
        keys: forgedScramKeys(subject.name ?? question.user, this.#parts.secret, scramIterations),
      });
      return subject.verifiers === null ? forged() : { verdict: 'scram-keys', keys: subject.verifiers.scram };
    }
    if (question.ask === 'password') return this.#checkOnce(subject, question, from);
    const network = networkOf(from.address);
    return this.#attempt(subject, network, () => Promise.resolve(question.valid ? 'right' : 'wrong'));
  }

  /** The verdict on a name and a password that come outside SASL, as in HTTP Basic; both are prepared here. */
  async checkPassword(name: string, password: Secret, from: LoginOrigin): Promise<SaslVerdict> {
    const user = prepareUser(name);
    const prepared = prepareQuery(password.reveal());
    if (!user.ok || !prepared.ok) return credentials;
    return this.answer({ ask: 'password', user: user.value, password: new Secret(prepared.value) }, from);
  }

  /** How many tally keys have attempts under way: nothing stays when all are answered, but what a fault kept. */
  get keysUnderWay(): number {
    return this.#inFlight.size;
  }

  async #subject(user: string): Promise<Subject> {
    const { store, canonical } = this.#parts;
    const name = canonical(user);
    const account = name === null ? null : await store.account(name);
    const verifiers = account === null ? null : await store.verifiers(account.id);
    return { name, account, verifiers };
  }

  /** There is nothing to guess at a certificate, whose key the handshake has proved: it is not throttled. */
  async #byCertificate({ user, certificate }: Asked<'certificate'>): Promise<SaslVerdict> {
    const accounts = await accountsOfCertificate(this.#parts.store, certificate);
    const name = user === null ? null : this.#parts.canonical(user);
    const meant = user === null ? accounts : accounts.filter((account) => account.name === name);
    const [only] = meant;
    return only !== undefined && meant.length === 1 ? login(only) : credentials;
  }

  /**
   * Nor is there at a signature. A telephone that shows an expired token all day must not lock out those who share its
   * network, so tokens are neither throttled nor counted.
   */
  async #byToken({ user, token }: Asked<'token'>): Promise<SaslVerdict> {
    const { tokens, canonical, store } = this.#parts;
    const verified = (await tokens?.verify(token)) ?? null;
    if (verified === null) return credentials;
    if (!verified.ok) {
      const { refusal } = verified;
      if (refusal.why === 'invalid') return credentials;
      return { verdict: 'refused', why: { why: 'unavailable', waitSeconds: refusal.waitSeconds } };
    }
    const name = canonical(verified.value);
    if (name === null || (user !== null && canonical(user) !== name)) return credentials;
    const account = await store.account(name);
    return account === null ? credentials : login(account);
  }

  #checkOnce(
    subject: Subject,
    { user, password }: Asked<'password'>,
    { address, service }: LoginOrigin,
  ): Promise<SaslVerdict> {
    const network = networkOf(address);
    const phc = subject.verifiers?.argon2id ?? this.#dummyPhc;
    const whom =
      subject.account === null ? `nobody ${subject.name ?? user}` : `account ${subject.account.id}`;
    const guess = this.#verified.keyOf(whom, network.narrow, phc, password);
    // An app password may be right for one service and wrong for another.
    const attempt = `${service} ${guess}`;
    const underWay = this.#checks.get(attempt);
    if (underWay !== undefined) return underWay;
    const prove = async (): Promise<Proof> =>
      (await this.#proveByAppPassword(subject.account, password, service)) ??
      (await this.#proveByPassword(guess, phc, password));
    const check = this.#attempt(subject, network, prove).finally(() => {
      this.#checks.delete(attempt);
    });
    this.#checks.set(attempt, check);
    return check;
  }

  /** What one of the account's app passwords proves; null where it is none of them. Looked up each time: it may be gone. */
  async #proveByAppPassword(
    account: Account | null,
    password: Secret,
    service: Service,
  ): Promise<Proof | null> {
    const sha256 = appPasswordDigest(password);
    if (account === null || sha256 === null) return null;
    const { store, now } = this.#parts;
    const found = await store.appPassword(account.id, sha256);
    if (found === null) return null;
    if (!opens(found, service, now())) return 'wrong';
    const usedOn = newUse(found, now());
    if (usedOn !== null) await store.noteAppPasswordUse(account.id, sha256, usedOn);
    return 'right';
  }

  // The throttle comes before the cache as well: past it, the cache would tell right from wrong as fast as one can ask.
  async #proveByPassword(guess: GuessKey, phc: string, password: Secret): Promise<Proof> {
    if (this.#verified.has(guess, this.#parts.now())) return 'right';
    const right = await this.#gate.pass(() => verifyPassword(phc, password));
    if (right === null) return 'busy';
    if (right) this.#verified.add(guess, this.#parts.now());
    return right ? 'right' : 'wrong';
  }

  async #attempt(subject: Subject, network: Network, prove: () => Promise<Proof>): Promise<SaslVerdict> {
    const admission = await this.#admit(attemptKeys(subject.name, network), subject);
    if ('waitSeconds' in admission) return throttled(admission.waitSeconds);
    const { judged } = admission;
    let proof: Proof;
    try {
      proof = await prove();
    } catch (fault) {
      this.#inFlight.end(judged.keys(), 'harmless');
      throw fault;
    }
    if (proof === 'busy') {
      this.#inFlight.end(judged.keys(), 'harmless');
      return throttled(1);
    }
    if (proof === 'right' && subject.account !== null) {
      this.#inFlight.end(judged.keys(), 'harmless');
      return this.#letIn(subject.account, admission);
    }
    // Where the store cannot count, the attempt stays in flight, which counts it: a full disk opens no door.
    await this.#parts.store.tally(failureEvents(judged, this.#limits, this.#parts.now()));
    this.#inFlight.end(judged.keys(), 'counted');
    return credentials;
  }

  /** Reads, judges and, where the attempt is let in, begins it; judging and beginning are one step. */
  async #admit(keys: AttemptKeys, { name }: Subject): Promise<Admission | { readonly waitSeconds: number }> {
    const read = keysToRead(keys);
    const reading = this.#inFlight.beginReading(read);
    try {
      const stored = await this.#parts.store.tallies(read);
      const now = this.#parts.now();
      const tallies = asOfNow(stored, now);
      const known = isKnown(keys, tallies, this.#limits, now) ? 'known-here' : 'elsewhere';
      const judged = judgedKeys(keys, name === null ? 'none' : known, this.#limits);
      const judgement = judge(judged, this.#inFlight.addTo(tallies, reading), this.#limits, now);
      if (!judgement.allowed) return judgement;
      this.#inFlight.begin(judged.keys(), now);
      return { keys, judged, tallies };
    } finally {
      this.#inFlight.endReading(reading);
    }
  }

  async #letIn(account: Account, { keys, tallies }: Admission): Promise<SaslVerdict> {
    const { store, now } = this.#parts;
    const { events, forgotten } = loginChanges(keys, tallies, this.#limits, now());
    if (events.length > 0) await store.tally(events);
    if (forgotten.length > 0) await store.forgetTallies(forgotten);
    return login(account);
  }
}

const credentials: SaslVerdict = { verdict: 'refused', why: { why: 'credentials' } };

const login = ({ name }: Account): SaslVerdict => ({ verdict: 'login', account: name });

const throttled = (waitSeconds: number): SaslVerdict => ({
  verdict: 'refused',
  why: { why: 'throttled', waitSeconds },
});
