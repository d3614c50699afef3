import type { Tally, TallyEvent } from '../store/port.ts';
import type { Network } from './network.ts';

/** How failures under one kind of key slow the next attempt down. */
export type Slowdown = {
  /** So many failures cost nothing; the next wait is a second, and each failure doubles it. */
  readonly freeFailures: number;
  readonly maxWaitSeconds: number;
};

/** All numbers of the throttle. */
export type ThrottleLimits = {
  readonly accountNetwork: Slowdown;
  readonly network: Slowdown;
  readonly site: Slowdown;
  readonly account: Slowdown;
  /** A network's failures at accounts that are known from it. */
  readonly knownNetwork: Slowdown;
  /** Failures are forgotten when there was none under their key for so long. */
  readonly quietMs: number;
  /** An account is known from a network for so long after its last login there. */
  readonly knownMs: number;
  /** A login renews that at most so often, so that a login is no write. */
  readonly knownRenewalMs: number;
  /** A login makes the account's failures from its network forgotten at most so often. */
  readonly forgivingMs: number;
};

const dayMs = 24 * 60 * 60 * 1000;

export const defaultThrottleLimits: ThrottleLimits = {
  // A person who tries the passwords that they remember; a wait of a quarter of an hour is 96 guesses a day.
  accountNetwork: { freeFailures: 5, maxWaitSeconds: 15 * 60 },
  // Many people behind one address, after everybody's password was changed.
  network: { freeFailures: 20, maxWaitSeconds: 15 * 60 },
  // The same for a whole organisation on IPv6; keeps its 65,536 networks from being 65,536 strangers.
  site: { freeFailures: 100, maxWaitSeconds: 15 * 60 },
  // Guesses from everywhere: an hour is 24 a day, so a hundred thousand take eleven years. The owner is known by network.
  account: { freeFailures: 50, maxWaitSeconds: 60 * 60 },
  // Everybody of a household or an office who mistypes for a day, and nobody who tries the accounts of all neighbours.
  knownNetwork: { freeFailures: 100, maxWaitSeconds: 15 * 60 },
  // Longer than any wait, so that nobody gains by pausing more than a day.
  quietMs: dayMs,
  // A quarter of a year: longer than holidays, shorter than providers keep an address with one customer.
  knownMs: 90 * dayMs,
  knownRenewalMs: dayMs,
  // Each forgiveness is five free guesses for somebody who shares the owner's network while the owner's programs log in.
  forgivingMs: 60 * 60 * 1000,
};

/** The tally keys of one attempt to log in. */
export type AttemptKeys = {
  readonly account: string;
  readonly network: string;
  /** Null where the network belongs to no site. */
  readonly site: string | null;
  readonly accountNetwork: string;
  readonly knownNetwork: string;
  /** Has a tally where the account logged in from this network before. */
  readonly known: string;
  /** Has a tally where a login made the failures of `accountNetwork` forgotten. */
  readonly forgiven: string;
};

/**
 * The keys of an attempt at `account`: the canonical name, of an account that exists or not, since both are throttled
 * alike; null where the user name is no address and so only the network counts.
 */
export const attemptKeys = (account: string | null, { narrow, site }: Network): AttemptKeys => ({
  account: `failed:account:${account ?? ''}`,
  network: `failed:network:${narrow}`,
  site: site === null ? null : `failed:network:${site}`,
  accountNetwork: `failed:account-network:${account ?? ''}:${narrow}`,
  knownNetwork: `failed:known-network:${narrow}`,
  known: `known:${account ?? ''}:${narrow}`,
  forgiven: `forgiven:${account ?? ''}:${narrow}`,
});

/** Everything that a judgement of these keys has to read. */
export const keysToRead = (keys: AttemptKeys): readonly string[] => [
  keys.account,
  keys.network,
  keys.accountNetwork,
  keys.knownNetwork,
  keys.known,
  keys.forgiven,
  ...(keys.site === null ? [] : [keys.site]),
];

/** The clocks of threads and machines differ by less than this. */
const mostSkewMs = 60_000;

/**
 * The tallies as they are to be judged now. Where the last event is further ahead than clocks differ, the clock was set back
 * since, and nobody knows how long ago it was: it counts as long ago, so that nobody waits for that time to come again. The
 * next event counts from now on.
 */
export const asOfNow = (tallies: readonly Tally[], now: number): readonly Tally[] =>
  tallies.map((tally) => (tally.lastAt - now > mostSkewMs ? { ...tally, lastAt: -Infinity } : tally));

/** Whether the account logged in from this network lately. */
export const isKnown = (
  keys: AttemptKeys,
  tallies: readonly Tally[],
  limits: ThrottleLimits,
  now: number,
): boolean => tallies.some(({ key, lastAt }) => key === keys.known && now - lastAt <= limits.knownMs);

/** What a login changes in the tallies: `events` are counted, then `forgotten` go. Mostly nothing. */
export const loginChanges = (
  keys: AttemptKeys,
  tallies: readonly Tally[],
  limits: ThrottleLimits,
  now: number,
): { readonly events: readonly TallyEvent[]; readonly forgotten: readonly string[] } => {
  const lastAt = new Map(tallies.map((tally) => [tally.key, tally.lastAt]));
  const isDue = (key: string, everyMs: number): boolean => now - (lastAt.get(key) ?? -Infinity) >= everyMs;
  const events: TallyEvent[] = [];
  if (isDue(keys.known, limits.knownRenewalMs))
    events.push({ key: keys.known, at: now, quietMs: limits.knownMs });
  const forgives = lastAt.has(keys.accountNetwork) && isDue(keys.forgiven, limits.forgivingMs);
  if (forgives) events.push({ key: keys.forgiven, at: now, quietMs: limits.forgivingMs });
  return { events, forgotten: forgives ? [keys.accountNetwork] : [] };
};

/**
 * The keys by which an attempt is judged, and under which its failure counts. From a network that the account is known
 * from, only failures there: so nobody elsewhere locks the owner out, and the owner's forgotten device does not lock
 * out the owner's new one. All such accounts of a network share an allowance, so that one machine in it cannot try
 * each neighbour's in turn. Without an account, there is only the network.
 */
export const judgedKeys = (
  keys: AttemptKeys,
  account: 'known-here' | 'elsewhere' | 'none',
  limits: ThrottleLimits,
): ReadonlyMap<string, Slowdown> => {
  if (account === 'known-here') {
    return new Map([
      [keys.accountNetwork, limits.accountNetwork],
      [keys.knownNetwork, limits.knownNetwork],
    ]);
  }
  const judged = new Map([[keys.network, limits.network]]);
  if (keys.site !== null) judged.set(keys.site, limits.site);
  if (account === 'none') return judged;
  return judged.set(keys.account, limits.account).set(keys.accountNetwork, limits.accountNetwork);
};

export type Judgement =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly waitSeconds: number };

/** Whether an attempt may be made now, judged by the failures under its keys; the longest wait counts. */
export const judge = (
  judged: ReadonlyMap<string, Slowdown>,
  tallies: readonly Tally[],
  limits: ThrottleLimits,
  now: number,
): Judgement => {
  let waitMs = 0;
  for (const tally of tallies) {
    const slowdown = judged.get(tally.key);
    if (slowdown === undefined || now - tally.lastAt > limits.quietMs) continue;
    const delayMs = delaySeconds(slowdown, tally.count) * 1000;
    // A clock that is a little behind makes nobody wait longer than the delay itself.
    waitMs = Math.max(waitMs, Math.min(delayMs, tally.lastAt + delayMs - now));
  }
  return waitMs <= 0 ? { allowed: true } : { allowed: false, waitSeconds: Math.ceil(waitMs / 1000) };
};

/** What a failure adds to the tallies. */
export const failureEvents = (
  judged: ReadonlyMap<string, Slowdown>,
  limits: ThrottleLimits,
  now: number,
): readonly TallyEvent[] => Array.from(judged.keys(), (key) => ({ key, at: now, quietMs: limits.quietMs }));

/** How long the attempt after so many failures waits. */
export const delaySeconds = ({ freeFailures, maxWaitSeconds }: Slowdown, failures: number): number =>
  failures < freeFailures ? 0 : Math.min(maxWaitSeconds, 2 ** (failures - freeFailures));
