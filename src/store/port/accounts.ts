import type { ScramKeys } from '../../sasl/exchange.ts';
import type { Eventually, Result } from '../../result.ts';
import type { AccountId, AccountName } from './ids.ts';

export type Account = {
  readonly id: AccountId;
  readonly name: AccountName;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
};

/** How much an account may keep (RFC 9208 section 5); null is without a bound. */
export type Quota = { readonly bytes: number | null; readonly letters: number | null };

/** How much an account keeps. A letter counts once, however many mailboxes it is in, with its own bytes. */
export type Usage = { readonly bytes: number; readonly letters: number };

/** What an account's password is checked against. Nothing here can be read back into a password. */
export type Verifiers = {
  readonly scram: ScramKeys;
  /** PHC string: `$argon2id$v=19$m=…,t=…,p=…$salt$hash`. */
  readonly argon2id: string;
};

/** What a person's programs log in to. */
export type Service = 'smtp' | 'imap' | 'pop3' | 'https';

/** Every service, in the order in which a scope is written down. */
export const services: readonly Service[] = ['smtp', 'imap', 'pop3', 'https'];

/** A password that was made for one program: it opens what its scope says, as long as it lasts. */
export type AppPassword = {
  /** What the person calls it; no two of an account are the same. */
  readonly label: string;
  /** SHA-256 of the password as `accounts/app-passwords.ts` derives it, 64 lower-case hex digits. */
  readonly sha256: string;
  /** At least one, none twice, in the order of `services`. */
  readonly scope: readonly Service[];
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** The beginning of the day (UTC) on which it was last used, milliseconds since 1970; null for never. */
  readonly lastUsedOn: number | null;
  /** From then on it opens nothing, milliseconds since 1970; null for never. */
  readonly expiresAt: number | null;
};

/** A client certificate that may log in to an account, whatever names stand in it. */
export type BoundCertificate = {
  /** SHA-256 fingerprint, 64 lower-case hex digits. */
  readonly sha256: string;
  /** The subject's distinguished name on one line, for people. */
  readonly subject: string;
  /** Milliseconds since 1970. */
  readonly boundAt: number;
};

export type NewAccount = {
  readonly name: AccountName;
  readonly verifiers: Verifiers;
  readonly createdAt: number;
};

/** An address that stands for others. The targets are addresses in canonical form, local or not, none twice. */
export type Alias = { readonly name: AccountName; readonly targets: readonly AccountName[] };

/** How often something happened under a key (`failed:account:…`, `known:…`), and when last. Counts never block by themselves. */
export type Tally = {
  readonly key: string;
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly lastAt: number;
};

/**
 * Adds to the count of `key`; a count whose last event is more than `quietMs` before `at` starts again from nothing. One whose
 * last event is more than a minute after `at` is of a clock that was set back since: its last event is at `at` then.
 */
export type TallyEvent = {
  readonly key: string;
  readonly at: number;
  readonly quietMs: number;
  /** How often it happened, at least once; once where it is left out. */
  readonly times?: number;
};

/** The accounts, what opens them, and which addresses lead to them. */
export interface AccountStore {
  account(name: AccountName): Eventually<Account | null>;
  accounts(): Eventually<readonly Account[]>;
  verifiers(account: AccountId): Eventually<Verifiers | null>;
  /** null where there is no such account. */
  quota(account: AccountId): Eventually<{ readonly quota: Quota; readonly usage: Usage } | null>;
  /** Those of the account, oldest first. */
  appPasswords(account: AccountId): Eventually<readonly AppPassword[]>;
  /** The one of the account with this SHA-256; null for none. */
  appPassword(account: AccountId, sha256: string): Eventually<AppPassword | null>;
  /** Those of the account, oldest first. */
  boundCertificates(account: AccountId): Eventually<readonly BoundCertificate[]>;
  /** The accounts that the certificate with this fingerprint is bound to, oldest account first. */
  accountsOfCertificate(sha256: string): Eventually<readonly Account[]>;
  /** The mail domains that were added here, beside those of the configuration; canonical, in order. */
  domains(): Eventually<readonly string[]>;
  /** The aliases that were made here, beside those of the configuration, by name. */
  aliases(): Eventually<readonly Alias[]>;
  /** The alias of that name; null for none. */
  alias(name: AccountName): Eventually<Alias | null>;
  /**
   * Another number after each change of what `account`, `accounts`, `domains`, `aliases` and `alias` give, and of the
   * bounds that `quota` gives: until it changes, what was made of them holds. Who made the change sees it at once, others
   * in the next turn of their event loop.
   */
  directoryVersion(): Eventually<number>;
  /** The tallies of those keys that have one, in no order. */
  tallies(keys: readonly string[]): Eventually<readonly Tally[]>;

  /** Makes the account with its verifiers and the mailboxes that every account begins with (`rules.ts`). */
  createAccount(account: NewAccount): Promise<Result<Account, 'exists'>>;
  /** Removes the account with everything in it; its number and, for what lies in the queue, its letters go on to exist. */
  removeAccount(account: AccountId): Promise<Result<null, 'no-account'>>;
  setVerifiers(account: AccountId, verifiers: Verifiers): Promise<Result<null, 'no-account'>>;
  /** A bound below what is kept removes nothing: it keeps more from coming. */
  setQuota(account: AccountId, quota: Quota): Promise<Result<null, 'no-account'>>;
  /** `exists` where the account has one of that label or SHA-256, `too-many` where it has 100. */
  addAppPassword(
    account: AccountId,
    password: Omit<AppPassword, 'lastUsedOn'>,
  ): Promise<Result<null, 'no-account' | 'exists' | 'too-many'>>;
  removeAppPassword(account: AccountId, label: string): Promise<Result<null, 'no-app-password'>>;
  /** Remembers the day of a use; an earlier day than the last, and a password that is gone, change nothing. */
  noteAppPasswordUse(account: AccountId, sha256: string, usedOn: number): Promise<void>;
  /** `exists` where it is bound to this account already, `too-many` where the account has 100. */
  bindCertificate(
    account: AccountId,
    certificate: BoundCertificate,
  ): Promise<Result<null, 'no-account' | 'exists' | 'too-many'>>;
  unbindCertificate(account: AccountId, sha256: string): Promise<Result<null, 'not-bound'>>;
  addDomain(domain: string): Promise<Result<null, 'exists'>>;
  /** The accounts and aliases of the domain stay. */
  removeDomain(domain: string): Promise<Result<null, 'no-domain'>>;
  /** Makes the alias, or gives it other targets; at least one and at most 100. */
  setAlias(alias: Alias): Promise<void>;
  removeAlias(name: AccountName): Promise<Result<null, 'no-alias'>>;
  /** Counts these events; the store keeps at most 100,000 tallies and forgets the ones that were quiet longest. */
  tally(events: readonly TallyEvent[]): Promise<void>;
  forgetTallies(keys: readonly string[]): Promise<void>;
}
