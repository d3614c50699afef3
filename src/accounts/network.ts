import ipaddr from 'ipaddr.js';

/** Where an attempt comes from, as far as one person is told from another: texts that serve as keys. */
export type Network = {
  /** The IPv4 address, or the /64 of the IPv6 address: what one customer or one host holds. */
  readonly narrow: string;
  /** The /48 of an IPv6 address, which one customer may hold with its 65,536 networks; null for IPv4. */
  readonly site: string | null;
};

/**
 * The network of a peer's address. An IPv4 address inside IPv6 (mapped, RFC 4291 section 2.5.5.2, or translated,
 * RFC 6052 section 2.1) is that IPv4 address. Texts that are no address share one network.
 */
export const networkOf = (address: string): Network => {
  if (!ipaddr.isValid(address)) return { narrow: 'unknown', site: null };
  const parsed = ipaddr.process(address);
  if (!(parsed instanceof ipaddr.IPv6)) return { narrow: parsed.toString(), site: null };
  const octets = parsed.toByteArray();
  if (parsed.range() === 'rfc6052') return { narrow: octets.slice(12).join('.'), site: null };
  return { narrow: prefix(octets, 64), site: prefix(octets, 48) };
};

const prefix = (octets: readonly number[], bits: number): string => {
  const kept = octets.map((octet, index) => (index < bits / 8 ? octet : 0));
  return `${new ipaddr.IPv6(kept).toRFC5952String()}/${bits}`;
};
