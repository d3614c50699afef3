import { canonicalAddress, type Address } from '../mail/address.ts';
import { ok, refused, whenThere, type Eventually, type Result } from '../result.ts';
import type { Recipient } from '../smtp/session.ts';
import type { Account, AccountId, AccountName, Store } from '../store/port.ts';
import {
  domainOf,
  expand,
  type Destination,
  type ExpansionRefusal,
  type RecipientAnswer,
  type RecipientQuestion,
  type RecipientTable,
} from './local-recipients-table.ts';
import { Remembered } from './remembered.ts';

/** A mailbox of this server that a forward path leads to. */
export type LocalDestination = Destination<Account> & {
  /** Whether a quota bounds what the account keeps. */
  readonly isBounded: boolean;
};

/** Why a forward path leads to nobody here. */
export type RecipientRefusal = 'no-relay' | ExpansionRefusal;

/** The same in the words of a session: an alias in a circle is as good as none. */
export const recipientRefusal = (refusal: RecipientRefusal): 'no-relay' | 'no-such-mailbox' =>
  refusal === 'alias-loop' ? 'no-such-mailbox' : refusal;

/** What of the store says who gets what, beside the rules. */
export type Directory = Pick<
  Store,
  'account' | 'accounts' | 'alias' | 'domains' | 'quota' | 'directoryVersion'
>;

type Found = Result<readonly LocalDestination[], RecipientRefusal>;

/**
 * Finds the accounts behind the forward paths of this server's domains. The domains and aliases of the store count beside
 * those of the rules, from the moment they are there; where both have an alias of one name, that of the rules holds.
 */
export class LocalRecipients {
  readonly #table: RecipientTable;
  /** Without those who get what nobody has. */
  readonly #ownTable: RecipientTable;
  readonly #store: Directory;
  readonly #found: Remembered<Found>;
  readonly #owned: Remembered<Found>;
  #first: Account | null = null;

  constructor(table: RecipientTable, store: Directory) {
    this.#table = table;
    this.#ownTable = { ...table, catchAll: new Map(), postmaster: 'nobody' };
    this.#store = store;
    this.#found = new Remembered<Found>(store, ({ ok: isFound }) => isFound);
    this.#owned = new Remembered<Found>(store, ({ ok: isFound }) => isFound);
  }

  /** The canonical address that a forward path means; a postmaster without a domain is the first domain's. */
  nameOf(recipient: Recipient): AccountName {
    // RFC 5321 section 4.5.1
    const name =
      recipient.is === 'postmaster'
        ? `postmaster@${this.#table.domains[0] ?? ''}`
        : canonicalAddress(recipient.address);
    return name as AccountName;
  }

  /** The accounts that get what is sent to this forward path, each once. Rejects for faults only. */
  find(recipient: Recipient): Eventually<Found> {
    const name = this.nameOf(recipient);
    return this.#found.get(name, () => this.#expand(this.#table, name));
  }

  /**
   * Whether an address is the account's own: its name, an alias that leads to it, or one of these with a detail. Who gets
   * what nobody has, by a catch-all or as the postmaster, does not own it. Rejects for faults only.
   */
  owns(account: AccountName, address: Address): Eventually<boolean> {
    const name = canonicalAddress(address) as AccountName;
    if (name === account) return true;
    return whenThere(
      this.#owned.get(name, () => this.#expand(this.#ownTable, name)),
      (found) => found.ok && found.value.some((destination) => destination.account.name === account),
    );
  }

  /** Whether mail of this canonical domain is kept here. Rejects for faults only. */
  async serves(domain: string): Promise<boolean> {
    return this.#table.domains.includes(domain) || (await this.#store.domains()).includes(domain);
  }

  async #expand(table: RecipientTable, name: AccountName): Promise<Found> {
    if (!(await this.serves(domainOf(name)))) return refused('no-relay');
    const expansion = expand<Account>(table, name);
    let step = expansion.next();
    while (step.done !== true) step = expansion.next(await this.#answer(step.value));
    if (!step.value.ok) return step.value;
    const once = new Map<AccountId, LocalDestination>();
    for (const one of step.value.value)
      if (!once.has(one.account.id))
        once.set(one.account.id, { ...one, isBounded: await this.#isBounded(one) });
    return ok([...once.values()]);
  }

  async #isBounded({ account }: Destination<Account>): Promise<boolean> {
    const { bytes, letters } = (await this.#store.quota(account.id))?.quota ?? { bytes: 0, letters: 0 };
    return bytes !== null || letters !== null;
  }

  async #answer(question: RecipientQuestion): Promise<RecipientAnswer<Account>> {
    switch (question.ask) {
      case 'account':
        return { account: await this.#store.account(question.name) };
      case 'first-account':
        return { account: await this.#firstAccount() };
      case 'alias':
        return { targets: (await this.#store.alias(question.name))?.targets ?? null };
    }
  }

  /** None comes before the first one, so it is looked for again only when it is gone. */
  async #firstAccount(): Promise<Account | null> {
    const known = this.#first === null ? null : await this.#store.account(this.#first.name);
    if (known === null || known.id !== this.#first?.id) this.#first = firstOf(await this.#store.accounts());
    return this.#first;
  }
}

function firstOf(accounts: readonly Account[]): Account | null {
  let first: Account | null = null;
  for (const account of accounts) {
    const earlier = first === null || account.createdAt < first.createdAt;
    if (earlier || (account.createdAt === first?.createdAt && account.id < first.id)) first = account;
  }
  return first;
}

/** The table of a server without aliases: an address is an account, or nobody's. */
export const plainTable = (domains: readonly string[]): RecipientTable => ({
  domains,
  aliases: new Map(),
  catchAll: new Map(),
  detailSeparator: null,
  postmaster: 'nobody',
});
