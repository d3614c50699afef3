import { networkOf } from '../accounts/network.ts';
import { unixAddress } from '../mail/transport.ts';
import type { Unwanted } from '../smtp/session.ts';
import { isLoopback, Networks } from './networks.ts';

/** How many connections a peer may have, and begin, at one door's thread. Zero of a rate's burst is no limit of it. */
export type AdmissionLimits = {
  /** From everybody together. */
  readonly connections: number;
  /** At once from one IPv4 address or one IPv6 /64. */
  readonly connectionsPerAddress: number;
  /** At once from one IPv4 /24 or one IPv6 /48. */
  readonly connectionsPerNetwork: number;
  /** Begun by one address in a minute, steadily. */
  readonly connectionsPerMinute: number;
};

export const defaultAdmissionLimits: AdmissionLimits = {
  connections: 10_000,
  // A family or an office behind one address, each program with several connections.
  connectionsPerAddress: 100,
  connectionsPerNetwork: 500,
  // One every tenth of a second: more than a mail program ever needs, and no flood.
  connectionsPerMinute: 600,
};

/** A connection that was let in: give it back once, when it ends. */
export type Admitted = { readonly release: () => void };

type Pace = { /** When the address is back at rest, milliseconds. */ until: number };

/** More addresses than this are not remembered for their pace; the ones at rest go first. */
const mostPaces = 50_000;

/**
 * Counts connections by address and network, and knows who is banned. Counting is per thread: with several threads the
 * kernel spreads a peer's connections over them.
 */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #banned: Networks;
  readonly #counts = new Map<string, number>();
  readonly #paces = new Map<string, Pace>();
  #all = 0;

  /** `banned` are addresses and networks in CIDR form that `parseNetwork` takes. */
  constructor(limits: AdmissionLimits, banned: readonly string[] = []) {
    this.#limits = limits;
    this.#banned = new Networks(banned);
  }

  /** Lets a peer in or says why not; `now` is monotonic, milliseconds. */
  admit(address: string, now: number): Admitted | Unwanted {
    const refusal = this.#refusal(address);
    if (refusal !== null) return refusal;
    // Programs of this machine are counted with everybody, and not by their one address.
    if (isLoopback(address) || address === unixAddress) return this.#enter([]);
    const narrow = networkOf(address).narrow;
    const wide = wideNetwork(address);
    if (this.#count(narrow) >= this.#limits.connectionsPerAddress) return 'too-many-from-address';
    if (this.#count(wide) >= this.#limits.connectionsPerNetwork) return 'too-many-from-network';
    if (!this.#keepsPace(narrow, now)) return 'too-fast';
    return this.#enter([narrow, wide]);
  }

  /** The same for a proxy that has yet to say whom it speaks for: what is behind it has no one address. */
  admitProxy(address: string): Admitted | Unwanted {
    return this.#refusal(address) ?? this.#enter([]);
  }

  #refusal(address: string): Unwanted | null {
    if (this.#banned.has(address)) return 'banned';
    return this.#all >= this.#limits.connections ? 'too-many' : null;
  }

  #enter(keys: readonly string[]): Admitted {
    this.#all += 1;
    for (const key of keys) this.#add(key, 1);
    let open = true;
    return {
      release: () => {
        if (!open) return;
        open = false;
        this.#all -= 1;
        for (const key of keys) this.#add(key, -1);
      },
    };
  }

  /** The generic cell rate algorithm: steady at the limit's pace, a minute's worth at once after a rest. */
  #keepsPace(narrow: string, now: number): boolean {
    const { connectionsPerMinute } = this.#limits;
    if (connectionsPerMinute === 0) return true;
    const step = 60_000 / connectionsPerMinute;
    const until = Math.max(this.#paces.get(narrow)?.until ?? 0, now) + step;
    if (until - now > 60_000) return false;
    this.#paces.delete(narrow);
    this.#paces.set(narrow, { until });
    if (this.#paces.size > mostPaces) this.#forgetPaces(now);
    return true;
  }

  /** Those at rest go, and of the others the ones that have been quiet longest. */
  #forgetPaces(now: number): void {
    for (const [key, { until }] of this.#paces) {
      if (until <= now || this.#paces.size > mostPaces) this.#paces.delete(key);
    }
  }

  #count(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  #add(key: string, change: 1 | -1): void {
    const count = this.#count(key) + change;
    if (count === 0) this.#counts.delete(key);
    else this.#counts.set(key, count);
  }
}

/** What a provider usually hands out as one piece: an IPv4 /24, an IPv6 /48. */
function wideNetwork(address: string): string {
  const { narrow, site } = networkOf(address);
  return site ?? `${narrow.slice(0, narrow.lastIndexOf('.'))}.0/24`;
}
