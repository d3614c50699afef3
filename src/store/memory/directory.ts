import type { AccountStore, TallyEvent } from '../port.ts';
import { ok, refused } from '../../result.ts';
import { inOrder } from '../order.ts';
import { checkAlias, MAX_TALLIES, MOST_SKEW_MS } from '../rules.ts';
import type { World } from './world.ts';

type DirectoryVerbs = Pick<
  AccountStore,
  | 'domains'
  | 'aliases'
  | 'alias'
  | 'directoryVersion'
  | 'addDomain'
  | 'removeDomain'
  | 'setAlias'
  | 'removeAlias'
>;
type TallyVerbs = Pick<AccountStore, 'tallies' | 'tally' | 'forgetTallies'>;

/** Domains and aliases. */
export const directoryVerbs = (world: World): DirectoryVerbs => ({
  domains: () => [...world.kept.domains].sort(inOrder),
  aliases: () => [...world.kept.aliases.values()].sort((one, other) => inOrder(one.name, other.name)),
  alias: (name) => world.kept.aliases.get(name) ?? null,
  directoryVersion: () => world.kept.directoryVersion,
  addDomain: async (domain) => {
    if (world.kept.domains.has(domain)) return refused('exists');
    world.kept.domains.add(domain);
    world.kept.directoryVersion += 1;
    return ok(null);
  },
  removeDomain: async (domain) => {
    world.kept.directoryVersion += 1;
    return world.kept.domains.delete(domain) ? ok(null) : refused('no-domain');
  },
  setAlias: async ({ name, targets }) => {
    checkAlias({ targets });
    world.kept.aliases.set(name, { name, targets: [...targets] });
    world.kept.directoryVersion += 1;
  },
  removeAlias: async (name) => {
    world.kept.directoryVersion += 1;
    return world.kept.aliases.delete(name) ? ok(null) : refused('no-alias');
  },
});

/** What is counted under a key. */
export const tallyVerbs = (world: World): TallyVerbs => ({
  tallies: (keys) => [...new Set(keys)].flatMap((key) => world.kept.tallies.get(key) ?? []),
  tally: async (events) => {
    for (const event of events) count(world, event);
    const quietest = [...world.kept.tallies.values()].sort((one, other) => one.lastAt - other.lastAt);
    for (const { key } of quietest.slice(0, Math.max(0, quietest.length - MAX_TALLIES)))
      world.kept.tallies.delete(key);
  },
  forgetTallies: async (keys) => {
    for (const key of keys) world.kept.tallies.delete(key);
  },
});

const count = (world: World, { key, at, quietMs, times = 1 }: TallyEvent): void => {
  const known = world.kept.tallies.get(key);
  const aheadMs = (known?.lastAt ?? at) - at;
  const goesOn = known !== undefined && -aheadMs <= quietMs && aheadMs <= Math.max(quietMs, MOST_SKEW_MS);
  world.kept.tallies.set(key, {
    key,
    count: goesOn ? known.count + times : times,
    lastAt: aheadMs > MOST_SKEW_MS ? at : at + Math.max(0, aheadMs),
  });
};
