// Snum = 1*3DIGIT            ; representing a decimal integer value in the range 0 through 255
// IPv4-address-literal = Snum 3("."  Snum)
const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;
const IPV6_GROUP = /^[0-9A-Fa-f]{1,4}$/;
const LONGEST_IPV6 = '0000:0000:0000:0000:0000:0000:255.255.255.255'.length;

/**
 * Reads a dotted IPv4 address into its four octets; null where it is none (RFC 5321 section 4.1.3). Leading zeros are
 * refused, since readers disagree on whether they mean octal.
 */
const parseIpv4 = (text: string): readonly number[] | null => {
  const match = IPV4.exec(text);
  if (match === null) return null;
  const octets: number[] = [];
  for (const digits of match.slice(1)) {
    const octet = Number(digits);
    if (octet > 255 || (digits.length > 1 && digits.startsWith('0'))) return null;
    octets.push(octet);
  }
  return octets;
};

// IPv6-addr      = IPv6-full / IPv6-comp / IPv6v4-full / IPv6v4-comp
// IPv6-hex       = 1*4HEXDIG
// IPv6-full      = IPv6-hex 7(":" IPv6-hex)
// IPv6-comp      = [IPv6-hex *5(":" IPv6-hex)] "::" [IPv6-hex *5(":" IPv6-hex)]
// IPv6v4-full    = IPv6-hex 5(":" IPv6-hex) ":" IPv4-address-literal
// IPv6v4-comp    = [IPv6-hex *3(":" IPv6-hex)] "::" [IPv6-hex *3(":" IPv6-hex) ":"] IPv4-address-literal
/**
 * Reads an IPv6 address, without brackets, tag or zone, into its eight groups; null where it is none (RFC 5321 section
 * 4.1.3). Lenient: `::` may stand for one group as in RFC 4291 section 2.2 (sockets print such addresses).
 */
const parseIpv6 = (text: string): readonly number[] | null => {
  if (text.length > LONGEST_IPV6) return null;
  const halves = text.split('::');
  const [before, after] = halves;
  if (before === undefined || halves.length > 2) return null;
  const head = parseGroups(before, after === undefined);
  if (after === undefined) return head?.length === 8 ? head : null;
  const tail = parseGroups(after, true);
  if (head === null || tail === null) return null;
  const zeros = 8 - head.length - tail.length;
  return zeros < 1 ? null : [...head, ...Array.from({ length: zeros }, () => 0), ...tail];
};

/** The groups between colons; a dotted IPv4 address at the end of the whole address counts as two. */
const parseGroups = (text: string, atEnd: boolean): number[] | null => {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (IPV6_GROUP.test(part)) {
      groups.push(Number.parseInt(part, 16));
      continue;
    }
    const octets = atEnd && index === parts.length - 1 ? parseIpv4(part) : null;
    if (octets === null) return null;
    const [a = 0, b = 0, c = 0, d = 0] = octets;
    groups.push(a * 256 + b, c * 256 + d);
  }
  return groups;
};

/** Writes eight groups in the one recommended form (RFC 5952 section 4): lower case, the longest run of zeros as `::`. */
const formatIpv6 = (groups: readonly number[]): string => {
  let start = 0;
  let length = 1;
  for (let from = 0; from < groups.length; from++) {
    let to = from;
    while (groups[to] === 0) to++;
    if (to - from > length) [start, length] = [from, to - from];
  }
  const hex = groups.map((group) => group.toString(16));
  if (length < 2) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
};

/** The address inside a literal, as sockets print it: a mapped one as the IPv4 one that it stands for; null for no literal. */
export const addressInLiteral = (text: string): string | null => {
  const literal = canonicalAddressLiteral(text);
  return literal === null ? null : unbracketed(addressLiteralOf(unbracketed(literal)) ?? literal);
};

const unbracketed = (literal: string): string => literal.slice(1, -1).replace(IPV6_TAG, '');

const IPV6_TAG = /^IPv6:/i;

// address-literal  = "[" ( IPv4-address-literal / IPv6-address-literal ) "]"
// IPv6-address-literal = "IPv6:" IPv6-addr
/**
 * Reads an address literal with its brackets and gives its canonical spelling, `[192.0.2.1]` or `[IPv6:2001:db8::1]`;
 * null where it is none (RFC 5321 section 4.1.3). Not yet: General-address-literal, for which no tag is registered.
 */
export const canonicalAddressLiteral = (text: string): string | null => {
  if (!text.startsWith('[') || !text.endsWith(']')) return null;
  const inside = text.slice(1, -1);
  if (parseIpv4(inside) !== null) return text;
  const tag = IPV6_TAG.exec(inside);
  const groups = tag === null ? null : parseIpv6(inside.slice(tag[0].length));
  return groups === null ? null : `[IPv6:${formatIpv6(groups)}]`;
};

/**
 * An address as sockets print it, written as an address literal; null where it is neither IPv4 nor IPv6. A mapped
 * address (`::ffff:192.0.2.1`) becomes the IPv4 one that it stands for; a zone (`%eth0`) is left out.
 */
export const addressLiteralOf = (address: string): string | null => {
  if (parseIpv4(address) !== null) return `[${address}]`;
  const [withoutZone = ''] = address.split('%', 1);
  const groups = parseIpv6(withoutZone);
  if (groups === null) return null;
  const [a, b, c, d, e, f, high = 0, low = 0] = groups;
  const mapped = a === 0 && b === 0 && c === 0 && d === 0 && e === 0 && f === 0xffff;
  if (mapped) return `[${[high >> 8, high & 255, low >> 8, low & 255].join('.')}]`;
  return `[IPv6:${formatIpv6(groups)}]`;
};
