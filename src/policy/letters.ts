import type { Authenticator, Origin } from '../accounts/authenticator.ts';
import { accountsOfCertificate } from '../accounts/certificates.ts';
import type { PeerCertificate } from '../mail/transport.ts';
import { ok, refused, type Result } from '../result.ts';
import type { LoginRefusal, Secret } from '../sasl/exchange.ts';
import type { Account, AccountName, Store } from '../store/port.ts';
import { accountNamed } from './submission.ts';

export type LettersPolicyParts = {
  readonly store: Store;
  readonly authenticator: Authenticator;
  /** The domains whose mail is kept here, canonical; the first is the one that a bare user name belongs to. */
  readonly domains: readonly string[];
};

/** Somebody who proved who they are, by the accounts that are theirs: one, or those that a certificate names. */
export type Reader = { readonly accounts: readonly Account[] };

/** Why somebody does not get the mail of an address. `not-yours` covers addresses that nobody has. */
export type MailRefusal = 'not-an-address' | 'not-yours';

/** Says who may read whose letters: each person their own, and nobody learns which other addresses exist. */
export class LettersPolicy {
  readonly #parts: LettersPolicyParts;

  constructor(parts: LettersPolicyParts) {
    this.#parts = parts;
  }

  /** Who logs in with this name and password. Rejects for faults only. */
  async byPassword(user: string, password: Secret, from: Origin): Promise<Result<Reader, LoginRefusal>> {
    const verdict = await this.#parts.authenticator.checkPassword(user, password, {
      ...from,
      service: 'https',
    });
    if (verdict.verdict === 'refused') return refused(verdict.why);
    if (verdict.verdict !== 'login') throw new Error(`a password was answered with ${verdict.verdict}`);
    const account = await this.#parts.store.account(verdict.account as AccountName);
    return account === null ? refused({ why: 'credentials' }) : ok({ accounts: [account] });
  }

  /** Whom a certificate that verifies speaks for: by being bound to accounts, or by its rfc822Names; null for nobody. */
  async byCertificate(certificate: PeerCertificate): Promise<Reader | null> {
    const accounts = await accountsOfCertificate(this.#parts.store, certificate);
    return accounts.length === 0 ? null : { accounts };
  }

  /**
   * The account of an address, if it is the reader's own. Other addresses are not looked up, so one that exists is
   * refused in the same time as one that does not.
   */
  mailOf(reader: Reader, address: string): Result<Account, MailRefusal> {
    const name = accountNamed(address, this.#parts.domains);
    if (name === null) return refused('not-an-address');
    const account = reader.accounts.find((own) => own.name === name);
    return account === undefined ? refused('not-yours') : ok(account);
  }
}
