import { addressInLiteral } from '../mail/ip-address.ts';
import type { Endpoints } from '../mail/transport.ts';
import { connectionLimits } from './connection-limits.ts';

/** How far the header has come. */
export type ProxyRead =
  | { readonly got: 'more' }
  | {
      readonly got: 'header';
      /** The ends of the connection that the proxy took; null where it speaks for itself, or does not know. */
      readonly endpoints: Endpoints | null;
      /** What the client itself sent behind the header. */
      readonly rest: Buffer;
    }
  /** The peer is no proxy, or a broken one: nothing that it sends is to be believed. */
  | { readonly got: 'wrong'; readonly why: string };

const { proxyLineOctets, proxyHeaderOctets } = connectionLimits;

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const word = Buffer.from('PROXY ', 'latin1');
const fixedBytes = 16;

/** PP2_TYPE_CRC32C: the checksum of the header, with its own four octets as zeros. */
const checksumType = 0x03;

const more: ProxyRead = { got: 'more' };
const wrong = (why: string): ProxyRead => ({ got: 'wrong', why });

/**
 * Reads what a proxy says at the beginning of a connection, before TLS: the PROXY protocol, versions 1 and 2 (the HAProxy project's
 * specification of 2020). To be used on connections of configured networks only, where it must come, and first. It holds
 * no more than the longest header, and wants nothing more than is missing.
 */
export class ProxyReader {
  #held: Buffer = Buffer.alloc(0);

  /** Takes a chunk; after `header` or `wrong` the reader is of no more use. */
  push(chunk: Uint8Array): ProxyRead {
    this.#held = Buffer.concat([this.#held, chunk]);
    const held = this.#held;
    if (begins(held, signature)) return held.length < fixedBytes ? more : this.#binary(held);
    if (begins(held, word)) return held.length <= word.length ? more : this.#line(held);
    return wrong('no PROXY header');
  }

  /** PROXY SP ( "UNKNOWN" *any / ( "TCP4" / "TCP6" ) SP source SP destination SP port SP port ) CRLF */
  #line(held: Buffer): ProxyRead {
    const end = held.subarray(0, proxyLineOctets).indexOf('\r\n');
    if (end < 0) return held.length < proxyLineOctets ? more : wrong('the PROXY line does not end');
    const text = held.toString('latin1', word.length, end);
    const rest = held.subarray(end + 2);
    if (/^UNKNOWN(?: |$)/.test(text)) return { got: 'header', endpoints: null, rest };
    const match = /^TCP([46]) (\S+) (\S+) ([0-9]{1,5}) ([0-9]{1,5})$/.exec(text);
    if (match === null) return wrong('the PROXY line is malformed');
    const [, family, source = '', destination = '', sourcePort, destinationPort] = match;
    const endpoints = {
      remoteAddress: addressIn(source, family === '6'),
      remotePort: portIn(sourcePort),
      localAddress: addressIn(destination, family === '6'),
      localPort: portIn(destinationPort),
    };
    if (!isWhole(endpoints)) return wrong('the PROXY line has an address or port that is none');
    return { got: 'header', endpoints, rest };
  }

  #binary(held: Buffer): ProxyRead {
    const command = held[12] ?? 0;
    const family = held[13] ?? 0;
    const end = fixedBytes + held.readUInt16BE(14);
    if (command !== local && command !== proxied) return wrong('an unknown version or command of PROXY');
    if (end > proxyHeaderOctets) return wrong('the PROXY header is too long');
    // Of a proxy's own connection (a health check) the whole block counts for nothing.
    const addressBytes = command === local ? end - fixedBytes : families.get(family);
    if (addressBytes === undefined) return wrong('an unknown address family or transport in PROXY');
    if (end < fixedBytes + addressBytes) return wrong('the PROXY header is too short for its addresses');
    if (held.length < end) return more;
    const problem = problemOfAdditions(held.subarray(0, end), fixedBytes + addressBytes);
    if (problem !== null) return wrong(problem);
    const addresses = held.subarray(fixedBytes, fixedBytes + addressBytes);
    const endpoints = command === local ? null : endpointsIn(family, addresses);
    return { got: 'header', endpoints, rest: held.subarray(end) };
  }
}

/** Whether what came agrees with what is expected, as far as either goes. */
const begins = (held: Buffer, expected: Buffer): boolean => {
  const shared = Math.min(held.length, expected.length);
  return held.subarray(0, shared).equals(expected.subarray(0, shared));
};

/** Version 2 with its command LOCAL, and with PROXY. */
const local = 0x20;
const proxied = 0x21;

const tcp4 = 0x11;
const tcp6 = 0x21;

/** How many octets of addresses each family and transport has; the ones without streams of IP say nothing of use. */
const families: ReadonlyMap<number, number> = new Map([
  [0x00, 0],
  [tcp4, 12],
  [tcp6, 36],
  [0x31, 216],
]);

function endpointsIn(family: number, bytes: Buffer): Endpoints | null {
  if (family === tcp4)
    return {
      remoteAddress: bytes.subarray(0, 4).join('.'),
      remotePort: bytes.readUInt16BE(8),
      localAddress: bytes.subarray(4, 8).join('.'),
      localPort: bytes.readUInt16BE(10),
    };
  if (family !== tcp6) return null;
  const endpoints = {
    remoteAddress: addressIn(groupsIn(bytes, 0), true),
    remotePort: bytes.readUInt16BE(32),
    localAddress: addressIn(groupsIn(bytes, 16), true),
    localPort: bytes.readUInt16BE(34),
  };
  return isWhole(endpoints) ? endpoints : null;
}

const groupsIn = (bytes: Buffer, from: number): string =>
  Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(from + 2 * index).toString(16)).join(':');

/**
 * TLVs: a type, a length of two octets, a value. What they say is believed of nobody, but they must fit together; a
 * sentence where they do not.
 */
function problemOfAdditions(header: Buffer, from: number): string | null {
  let isChecked = false;
  for (let at = from; at < header.length;) {
    const start = at + 3;
    const end = start > header.length ? start : start + header.readUInt16BE(at + 1);
    if (end > header.length) return 'an addition to the PROXY header ends behind it';
    if (header[at] === checksumType) {
      // A second one costs as much as the first.
      if (isChecked || !isSound(header, start, end)) return 'the PROXY header has another checksum';
      isChecked = true;
    }
    at = end;
  }
  return null;
}

function isSound(header: Buffer, start: number, end: number): boolean {
  if (end - start !== 4) return false;
  const zeroed = Buffer.from(header);
  zeroed.fill(0, start, end);
  return crc32c(zeroed) === header.readUInt32BE(start);
}

/** CRC-32C (the polynomial of Castagnoli), bit by bit: headers are short. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** An address as sockets print it; null where it is none of its family. */
const addressIn = (text: string, isIpv6: boolean): string | null =>
  addressInLiteral(isIpv6 ? `[IPv6:${text}]` : `[${text}]`);

function portIn(text: string | undefined): number | null {
  const isPlain = text !== undefined && !/^0./.test(text);
  return isPlain && Number(text) <= 65_535 ? Number(text) : null;
}

/** Whether every part is there. */
function isWhole(parts: { readonly [Part in keyof Endpoints]: Endpoints[Part] | null }): parts is Endpoints {
  return Object.values(parts).every((part) => part !== null);
}
