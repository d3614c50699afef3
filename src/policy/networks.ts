import ipaddr from 'ipaddr.js';

type Range = readonly [network: ipaddr.IPv4 | ipaddr.IPv6, bits: number];

/** `192.0.2.0/24`, `2001:db8::/32`, or an address alone; null for anything else, also for host bits that are set. */
export function parseNetwork(text: string): Range | null {
  try {
    if (!text.includes('/')) {
      const address = ipaddr.process(text);
      return [address, address.kind() === 'ipv4' ? 32 : 128];
    }
    const [network, bits] = ipaddr.parseCIDR(text);
    const first =
      network.kind() === 'ipv4'
        ? ipaddr.IPv4.networkAddressFromCIDR(text)
        : ipaddr.IPv6.networkAddressFromCIDR(text);
    return first.toString() === network.toString() ? [network, bits] : null;
  } catch {
    // The library's only way to say no.
    return null;
  }
}

/** Addresses and networks that an operator named, for the question whether an address is among them. */
export class Networks {
  readonly #ranges: readonly Range[];

  /** Takes what `parseNetwork` takes; throws for anything else. */
  constructor(texts: readonly string[]) {
    this.#ranges = texts.map((text) => {
      const range = parseNetwork(text);
      if (range === null) throw new Error(`${text} is neither an address nor a network`);
      return range;
    });
  }

  /** An IPv4 address inside IPv6 is that IPv4 address; a text that is no address is in no network. */
  has(address: string): boolean {
    if (this.#ranges.length === 0 || !ipaddr.isValid(address)) return false;
    const parsed = ipaddr.process(address);
    return this.#ranges.some(
      ([network, bits]) => parsed.kind() === network.kind() && parsed.match(network, bits),
    );
  }
}

/** Whether only this machine can be meant: 127.0.0.0/8 and ::1. */
export const isLoopback = (address: string): boolean =>
  ipaddr.isValid(address) && ipaddr.process(address).range() === 'loopback';
