import { canonicalAddress, parseAddress, type Address } from '../mail/address.ts';
import { canonicalDomain, domainProblem } from '../mail/domain.ts';
import { ok, refused, type Result } from '../result.ts';
import type { AccountName } from '../store/port.ts';

/** Who gets what, as the operator writes it. Addresses and domains in any spelling. */
export type RecipientRules = {
  /** The domains whose mail is kept here; the first is the one of a postmaster without a domain. */
  readonly domains: readonly string[];
  /** Addresses that stand for others, all of them here. */
  readonly aliases: ReadonlyMap<string, readonly string[]>;
  /** By domain, the address that gets what nobody has. */
  readonly catchAll: ReadonlyMap<string, string>;
  /** What stands between an address and its detail, `+`; null where there are no details. */
  readonly detailSeparator: string | null;
  /**
   * The address that gets the mail for postmaster and abuse where nobody has those names; `first` is the account that was
   * made first, and `nobody` leaves them to those who have the names.
   */
  readonly postmaster: { readonly address: string } | 'first' | 'nobody';
};

/** The rules in canonical spelling. */
export type RecipientTable = {
  readonly domains: readonly string[];
  readonly aliases: ReadonlyMap<AccountName, readonly AccountName[]>;
  readonly catchAll: ReadonlyMap<string, AccountName>;
  readonly detailSeparator: string | null;
  readonly postmaster: AccountName | 'first' | 'nobody';
};

/** What is wrong with the rules, and with which word of them. */
export type RuleProblem =
  | { readonly why: 'not-an-address' | 'not-local' | 'alias-empty' | 'alias-twice'; readonly word: string }
  | { readonly why: 'not-a-domain' | 'separator'; readonly word: string };

/** So many addresses one alias may stand for. */
const mostTargets = 1000;

/** Checks the rules and brings them into canonical spelling; refused with the first thing wrong. */
export function recipientTable(rules: RecipientRules): Result<RecipientTable, RuleProblem> {
  const separator = rules.detailSeparator;
  if (separator !== null && !/^[!#$%&'*+/=?^_`{|}~-]$/.test(separator)) return wrong('separator', separator);
  const domains: string[] = [];
  for (const domain of rules.domains) {
    if (domainProblem(domain) !== null) return wrong('not-a-domain', domain);
    domains.push(canonicalDomain(domain));
  }
  const aliases = new Map<AccountName, readonly AccountName[]>();
  for (const [from, targets] of rules.aliases) {
    const name = localName(from, domains);
    if (!name.ok) return name;
    if (aliases.has(name.value)) return wrong('alias-twice', from);
    if (targets.length === 0 || targets.length > mostTargets) return wrong('alias-empty', from);
    const read: AccountName[] = [];
    for (const target of targets) {
      const one = localName(target, domains);
      if (!one.ok) return one;
      read.push(one.value);
    }
    aliases.set(name.value, read);
  }
  const catchAll = new Map<string, AccountName>();
  for (const [domain, target] of rules.catchAll) {
    const canonical = domainProblem(domain) === null ? canonicalDomain(domain) : '';
    if (!domains.includes(canonical)) return wrong('not-a-domain', domain);
    const one = localName(target, domains);
    if (!one.ok) return one;
    catchAll.set(canonical, one.value);
  }
  if (typeof rules.postmaster === 'string')
    return ok({ domains, aliases, catchAll, detailSeparator: separator, postmaster: rules.postmaster });
  const postmaster = localName(rules.postmaster.address, domains);
  return postmaster.ok
    ? ok({ domains, aliases, catchAll, detailSeparator: separator, postmaster: postmaster.value })
    : postmaster;
}

const wrong = (why: RuleProblem['why'], word: string): { ok: false; refusal: RuleProblem } =>
  refused({ why, word });

function localName(text: string, domains: readonly string[]): Result<AccountName, RuleProblem> {
  const parsed = parseAddress(text);
  if (!parsed.ok) return wrong('not-an-address', text);
  const name = canonicalAddress(parsed.value) as AccountName;
  return domains.includes(domainOf(name)) ? ok(name) : wrong('not-local', text);
}

/** The domain of a canonical address. */
export const domainOf = (name: AccountName): string => name.slice(name.lastIndexOf('@') + 1);

/** What an expansion wants to know: who has this name, who was here first, what the store's alias of a name stands for. */
export type RecipientQuestion =
  | { readonly ask: 'account'; readonly name: AccountName }
  | { readonly ask: 'first-account' }
  | { readonly ask: 'alias'; readonly name: AccountName };

/** The answer: null where there is none. */
export type RecipientAnswer<Found> =
  | { readonly account: Found | null }
  | { readonly targets: readonly AccountName[] | null };

/** An expansion on its way to a value. */
type Asking<Found, Value> = Generator<RecipientQuestion, Value, RecipientAnswer<Found>>;

/** One mailbox that a forward path leads to. `deliveredTo`: the last address on the way, detail included. */
export type Destination<Found> = { readonly account: Found; readonly deliveredTo: AccountName };

/** Nobody has that name; or an alias of it leads in a circle and to nobody. */
export type ExpansionRefusal = 'no-such-mailbox' | 'alias-loop';

/** The names that a server must take mail for (RFC 5321 section 4.5.1, RFC 2142 section 4). */
const duties: ReadonlySet<string> = new Set(['postmaster', 'abuse']);

/** So many addresses are looked at for one forward path. */
const mostSteps = 10_000;

/**
 * Finds where an address of a local domain leads: to what its alias stands for, that of the rules before that of the
 * store; to the account of that name; without its detail again to alias and account; a postmaster to the one that the rules name; then to the catch-all of the domain. An
 * address in its own alias means the account of that name. Each address is looked at once, so aliases in a circle end.
 * The questions are yielded, and each is answered.
 */
export function* expand<Found>(
  table: RecipientTable,
  name: AccountName,
): Asking<Found, Result<readonly Destination<Found>[], ExpansionRefusal>> {
  const found: Destination<Found>[] = [];
  const seen = new Set<AccountName>();
  const waiting: AccountName[] = [name];
  let circled = false;
  for (let next = waiting.shift(); next !== undefined && seen.size < mostSteps; next = waiting.shift()) {
    if (seen.has(next)) {
      circled = true;
      continue;
    }
    seen.add(next);
    const targets = yield* aliasOf<Found>(table, next);
    if (targets !== null) {
      // The address itself among its targets is the account, not the alias once more.
      if (targets.includes(next)) found.push(...(yield* lookUp<Found>(next, next)));
      waiting.push(...targets.filter((target) => target !== next));
      continue;
    }
    const here = yield* mailboxOf<Found>(table, next);
    found.push(...here.destinations);
    if (here.instead !== null) waiting.push(here.instead);
  }
  if (found.length > 0) return ok(found);
  return refused(circled ? 'alias-loop' : 'no-such-mailbox');
}

/** What an address stands for, with its detail or without; null where it stands for nothing. */
function* aliasOf<Found>(
  table: RecipientTable,
  name: AccountName,
): Asking<Found, readonly AccountName[] | null> {
  const base = withoutDetail(table, name);
  for (const one of base === null ? [name] : [name, base]) {
    const ruled = table.aliases.get(one);
    if (ruled !== undefined) return ruled;
    const answer = yield { ask: 'alias', name: one };
    if ('targets' in answer && answer.targets !== null) return answer.targets;
  }
  return null;
}

type Here<Found> = {
  readonly destinations: readonly Destination<Found>[];
  /** The address that gets it instead. */
  readonly instead: AccountName | null;
};

/** Who has an address that is no alias. */
function* mailboxOf<Found>(table: RecipientTable, name: AccountName): Asking<Found, Here<Found>> {
  const base = withoutDetail(table, name);
  for (const one of base === null ? [name] : [name, base]) {
    const destinations = yield* lookUp<Found>(one, name);
    if (destinations.length > 0) return { destinations, instead: null };
  }
  const role = base ?? name;
  if (duties.has(role.slice(0, role.lastIndexOf('@'))) && table.postmaster !== 'nobody') {
    if (table.postmaster !== 'first') return { destinations: [], instead: table.postmaster };
    const account = yield* askAccount<Found>({ ask: 'first-account' });
    if (account !== null) return { destinations: [{ account, deliveredTo: name }], instead: null };
  }
  return { destinations: [], instead: table.catchAll.get(domainOf(name)) ?? null };
}

function* lookUp<Found>(
  name: AccountName,
  deliveredTo: AccountName,
): Asking<Found, readonly Destination<Found>[]> {
  const account = yield* askAccount<Found>({ ask: 'account', name });
  return account === null ? [] : [{ account, deliveredTo }];
}

function* askAccount<Found>(
  question: Exclude<RecipientQuestion, { ask: 'alias' }>,
): Asking<Found, Found | null> {
  const answer = yield question;
  return 'account' in answer ? answer.account : null;
}

/** `alice@example.org` of `alice+lists@example.org`; null where there is no detail. */
function withoutDetail(table: RecipientTable, name: AccountName): AccountName | null {
  if (table.detailSeparator === null) return null;
  const parsed = parseAddress(name);
  if (!parsed.ok) return null;
  const { localPart, domain }: Address = parsed.value;
  const at = localPart.indexOf(table.detailSeparator);
  if (at <= 0) return null;
  return canonicalAddress({ localPart: localPart.slice(0, at), domain }) as AccountName;
}
