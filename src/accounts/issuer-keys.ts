import {
  createLocalJWKSet,
  errors,
  type CryptoKey,
  type FlattenedJWSInput,
  type JSONWebKeySet,
  type JWTHeaderParameters,
} from 'jose';

/** A JSON Web Key Set (RFC 7517 section 5) as it was read, not yet looked at. */
export type KeySet = JSONWebKeySet;

/** Gets an issuer's keys from where they are published; rejects where they cannot be had. */
export type FetchKeys = () => Promise<KeySet>;

/** How long keys are used, milliseconds. */
export type KeyTimes = {
  /** Younger keys are not asked for again, but for a token that none of them fits. */
  readonly freshMs: number;
  /** Where asking fails, keys are used until they are older than this. */
  readonly staleMs: number;
  /** The issuer is asked at most so often, whatever tokens come. */
  readonly pauseMs: number;
};

const defaultKeyTimes: KeyTimes = {
  // A key that the issuer took back is taken no longer than this while the issuer can be reached.
  freshMs: 10 * 60 * 1000,
  // Mail goes on for a working day while the issuer is down.
  staleMs: 8 * 60 * 60 * 1000,
  pauseMs: 30 * 1000,
};

/** The keys cannot be had now; ask again after so many seconds. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
  readonly waitSeconds: number;
  constructor(waitSeconds: number, options?: ErrorOptions) {
    super("the issuer's keys cannot be had", options);
    this.waitSeconds = waitSeconds;
  }
}

type Known = { readonly find: ReturnType<typeof createLocalJWKSet>; readonly fetchedAt: number };

/** The keys of one issuer: fetched when they are needed, kept, and fetched again when the issuer has changed them. */
export class IssuerKeys {
  readonly #fetch: FetchKeys;
  readonly #now: () => number;
  readonly #times: KeyTimes;
  #known: Known | null = null;
  #askedAt: number | null = null;
  #failure: unknown = null;
  #underWay: Promise<void> | null = null;

  constructor(parts: { readonly fetch: FetchKeys; readonly now: () => number; readonly times?: KeyTimes }) {
    this.#fetch = parts.fetch;
    this.#now = parts.now;
    this.#times = parts.times ?? defaultKeyTimes;
  }

  /**
   * The key that a token's header means. Rejects with `KeysUnavailable` where that cannot be known now, and with an error
   * of `jose` where the issuer has no such key, or several.
   */
  async keyFor(header: JWTHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    const begun = this.#now();
    if (this.#known === null || this.#isPast(this.#known.fetchedAt, this.#times.freshMs))
      await this.#refresh();
    try {
      return await this.#find(this.#keys(), header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await this.#refresh();
      const known = this.#keys();
      // Keys from before this token came may lack the one that it was signed with; whoever comes later finds it.
      if (known.fetchedAt < begun) throw this.#unavailable();
      return await this.#find(known, header, token);
    }
  }

  async #find(known: Known, header: JWTHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    try {
      return await known.find(header, token);
    } catch (error) {
      // A key that is published broken is the issuer's matter, and the next set may have it whole.
      throw error instanceof errors.JOSEError ? error : this.#unavailable(error);
    }
  }

  #keys(): Known {
    const known = this.#known;
    if (known === null || this.#isPast(known.fetchedAt, this.#times.staleMs)) throw this.#unavailable();
    return known;
  }

  #unavailable(cause: unknown = this.#failure): KeysUnavailable {
    const sinceMs = this.#now() - (this.#askedAt ?? -Infinity);
    const waitMs = Math.min(this.#times.pauseMs, Math.max(0, this.#times.pauseMs - sinceMs));
    return new KeysUnavailable(Math.max(1, Math.ceil(waitMs / 1000)), { cause });
  }

  /** Asks the issuer, unless that was done a moment ago; all who need it wait for one answer. */
  async #refresh(): Promise<void> {
    if (this.#underWay !== null) return this.#underWay;
    if (this.#askedAt !== null && !this.#isPast(this.#askedAt, this.#times.pauseMs)) return undefined;
    this.#askedAt = this.#now();
    this.#underWay = this.#ask().finally(() => {
      this.#underWay = null;
    });
    return this.#underWay;
  }

  /** A failure is kept for whoever finds no keys, and said by `fetch` itself. */
  async #ask(): Promise<void> {
    try {
      const find = createLocalJWKSet(await this.#fetch());
      this.#known = { find, fetchedAt: this.#now() };
      this.#failure = null;
    } catch (error) {
      this.#failure = error;
    }
  }

  /** Whether so long a time has passed; after a clock was set back, it has. */
  #isPast(since: number, forMs: number): boolean {
    const sinceMs = this.#now() - since;
    return sinceMs < 0 || sinceMs >= forMs;
  }
}
