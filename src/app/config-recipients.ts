import { ok, refused, type Result } from '../result.ts';
import { recipientTable, type RecipientTable, type RuleProblem } from '../policy/local-recipients-table.ts';
import type { ConfigKeys } from './config-schema.ts';

/** The keys of a configuration that say who gets what. */
export type RecipientKeys = Pick<ConfigKeys, 'domains' | 'aliases' | 'recipients'>;

/** What is wrong with those keys, and at which of them. */
export type RecipientKeyProblem = {
  readonly why: 'wrong-value';
  readonly path: readonly string[];
  readonly detail: string;
};

/** Who gets what by this configuration; refused with the first thing wrong. */
export function recipientsOf(keys: RecipientKeys): Result<RecipientTable, RecipientKeyProblem> {
  const { postmaster, catch_all: catchAll, detail_separator: separator } = keys.recipients;
  const table = recipientTable({
    domains: keys.domains,
    aliases: new Map(Object.entries(keys.aliases)),
    catchAll: new Map(Object.entries(catchAll)),
    detailSeparator: separator === '' ? null : separator,
    postmaster: postmaster === 'first' ? 'first' : { address: postmaster },
  });
  if (table.ok) return ok(table.value);
  return refused({
    why: 'wrong-value',
    path: placeOf(table.refusal, keys),
    detail: details[table.refusal.why],
  });
}

const details: Readonly<Record<RuleProblem['why'], string>> = {
  'not-an-address': 'expected a mail address',
  'not-local': 'expected an address of one of the domains',
  'alias-empty': 'expected 1 to 1,000 addresses',
  'alias-twice': 'is an alias already, in another spelling',
  'not-a-domain': 'expected one of the domains',
  separator: "expected one of !#$%&'*+/=?^_`{|}~- or nothing",
};

/** The key that the word of a problem belongs to. */
function placeOf({ why, word }: RuleProblem, { aliases, recipients }: RecipientKeys): readonly string[] {
  if (why === 'separator') return ['recipients', 'detail_separator'];
  const catchAll = Object.entries(recipients.catch_all).find((pair) => pair.includes(word));
  if (why === 'not-a-domain' && catchAll !== undefined) return ['recipients', 'catch_all', catchAll[0]];
  const alias = Object.entries(aliases).find(([from, to]) => from === word || to.includes(word));
  if (alias !== undefined) return ['aliases', alias[0]];
  if (catchAll !== undefined) return ['recipients', 'catch_all', catchAll[0]];
  return ['recipients', 'postmaster'];
}
