import { z } from 'zod';
import { defaultThrottleLimits, type Slowdown, type ThrottleLimits } from '../accounts/throttle.ts';

const hourMs = 60 * 60 * 1000;

/** `throttle`: how failed logins slow the next ones down. */
export function throttleKeys() {
  const { account, accountNetwork, knownNetwork, network, site } = defaultThrottleLimits;
  const hours = (ms: number) =>
    z
      .int()
      .min(1)
      .max(8760)
      .default(ms / hourMs);
  return z
    .strictObject({
      quiet_hours: hours(defaultThrottleLimits.quietMs).describe(
        'Failures are forgotten when there was none for so long.',
      ),
      known_hours: hours(defaultThrottleLimits.knownMs).describe(
        'A network that an account logged in from is known for so long, and judged by itself.',
      ),
      forgiving_minutes: z
        .int()
        .min(0)
        .max(10_080)
        .default(defaultThrottleLimits.forgivingMs / 60_000)
        .describe("A login makes its network's failures at its account forgotten at most so often."),
      account: slowdown(account).describe(
        'Failures at one account, from networks that it is not known from.',
      ),
      account_network: slowdown(accountNetwork).describe('Failures at one account from one network.'),
      network: slowdown(network).describe('Failures from one IPv4 address or one IPv6 /64, at any account.'),
      site: slowdown(site).describe('Failures from one IPv6 /48, at any account.'),
      known_network: slowdown(knownNetwork).describe(
        'Failures from one network at all accounts that are known from it.',
      ),
    })
    .prefault({})
    .describe(
      'Failed logins, counted in the store for all threads: some are free, then the next waits a second, and each doubles that.',
    );
}

function slowdown({ freeFailures, maxWaitSeconds }: Slowdown) {
  return z
    .strictObject({
      free: z.int().min(1).max(1_000_000).default(freeFailures).describe('So many failures cost nothing.'),
      most_seconds: z.int().min(1).max(86_400).default(maxWaitSeconds).describe('The longest wait.'),
    })
    .prefault({});
}

/** The same as the throttle takes it. */
export function throttleOf(keys: z.output<ReturnType<typeof throttleKeys>>): ThrottleLimits {
  const slow = ({ free, most_seconds: maxWaitSeconds }: (typeof keys)['account']): Slowdown => ({
    freeFailures: free,
    maxWaitSeconds,
  });
  return {
    ...defaultThrottleLimits,
    account: slow(keys.account),
    accountNetwork: slow(keys.account_network),
    network: slow(keys.network),
    site: slow(keys.site),
    knownNetwork: slow(keys.known_network),
    quietMs: keys.quiet_hours * hourMs,
    knownMs: keys.known_hours * hourMs,
    forgivingMs: keys.forgiving_minutes * 60_000,
  };
}
