/**
 * TCP as it would have looked on a wire: a relay sees the bytes of a connection and not its packets, so the packets are
 * made here, Ethernet, IPv4 and TCP, with every number and checksum in them right.
 */

/** One end of a connection; `address` is IPv4 in dotted decimals. */
export type Endpoint = { readonly address: string; readonly port: number };

/** Which end of the connection sends. */
export type Side = 'client' | 'server';

/** What Ethernet leaves for a segment: 1500 octets less the two headers. */
export const maximumSegmentBytes = 1460;
const windowBytes = 65_535;
const hops = 64;

const flag = { fin: 1, syn: 2, reset: 4, push: 8, acknowledge: 16 } as const;

/** Locally administered, so that they are nobody's. */
const hardwareAddresses: Readonly<Record<Side, Uint8Array>> = {
  client: Uint8Array.of(2, 0, 0, 0, 0, 1),
  server: Uint8Array.of(2, 0, 0, 0, 0, 2),
};

type Half = {
  readonly endpoint: Endpoint;
  /** The sequence number of the next octet, modulo 2^32. */
  next: number;
  identification: number;
};

/** The packets of one connection, in the order of the calls. Each call gives the Ethernet frames that it causes. */
export class TcpConversation {
  readonly #halves: Readonly<Record<Side, Half>>;

  /** `sequences` are the initial sequence numbers, 32 bits, which a real end draws at random. */
  constructor(ends: Readonly<Record<Side, Endpoint>>, sequences: Readonly<Record<Side, number>>) {
    const half = (side: Side): Half => ({
      endpoint: ends[side],
      next: sequences[side] >>> 0,
      identification: 0,
    });
    this.#halves = { client: half('client'), server: half('server') };
  }

  /** The client asks for the connection. */
  asked(): Uint8Array[] {
    return [this.#segment('client', flag.syn)];
  }

  /** The server gives it. */
  opened(): Uint8Array[] {
    return [this.#segment('server', flag.syn | flag.acknowledge), this.#segment('client', flag.acknowledge)];
  }

  /** `from` says something: segments that the other end acknowledges one by one. */
  sent(from: Side, bytes: Uint8Array): Uint8Array[] {
    const frames: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += maximumSegmentBytes) {
      const payload = bytes.subarray(at, at + maximumSegmentBytes);
      const last = at + payload.length === bytes.length;
      frames.push(this.#segment(from, flag.acknowledge | (last ? flag.push : 0), payload));
      frames.push(this.#segment(otherSide(from), flag.acknowledge));
    }
    return frames;
  }

  /** `from` has nothing more to say. */
  ended(from: Side): Uint8Array[] {
    return [
      this.#segment(from, flag.fin | flag.acknowledge),
      this.#segment(otherSide(from), flag.acknowledge),
    ];
  }

  /** `from` breaks the connection off. */
  reset(from: Side): Uint8Array[] {
    return [this.#segment(from, flag.reset | flag.acknowledge)];
  }

  #segment(from: Side, flags: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
    const sender = this.#halves[from];
    const receiver = this.#halves[otherSide(from)];
    const segment = formatSegment({
      from: sender.endpoint,
      to: receiver.endpoint,
      sequence: sender.next,
      acknowledgement: (flags & flag.acknowledge) === 0 ? 0 : receiver.next,
      flags,
      payload,
    });
    const packet = formatPacket(sender.endpoint, receiver.endpoint, sender.identification, segment);
    // SYN and FIN take a number each, as if they were octets.
    const phantom = (flags & (flag.syn | flag.fin)) === 0 ? 0 : 1;
    sender.next = (sender.next + payload.length + phantom) >>> 0;
    sender.identification = (sender.identification + 1) & 0xffff;
    const etherType = [0x08, 0x00];
    return Buffer.concat([
      hardwareAddresses[otherSide(from)],
      hardwareAddresses[from],
      Uint8Array.from(etherType),
      packet,
    ]);
  }
}

export const otherSide = (side: Side): Side => (side === 'client' ? 'server' : 'client');

type Segment = {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly flags: number;
  readonly payload: Uint8Array;
};

function formatSegment(segment: Segment): Buffer {
  const maximumSegmentSize = [2, 4, maximumSegmentBytes >> 8, maximumSegmentBytes & 255];
  const options = (segment.flags & flag.syn) === 0 ? [] : maximumSegmentSize;
  const header = Buffer.alloc(20);
  header.writeUInt16BE(segment.from.port, 0);
  header.writeUInt16BE(segment.to.port, 2);
  header.writeUInt32BE(segment.sequence, 4);
  header.writeUInt32BE(segment.acknowledgement, 8);
  header.writeUInt8(((header.length + options.length) / 4) << 4, 12);
  header.writeUInt8(segment.flags, 13);
  header.writeUInt16BE(windowBytes, 14);
  const bytes = Buffer.concat([header, Uint8Array.from(options), segment.payload]);
  bytes.writeUInt16BE(segmentChecksum(segment.from.address, segment.to.address, bytes), 16);
  return bytes;
}

function formatPacket(from: Endpoint, to: Endpoint, identification: number, segment: Buffer): Buffer {
  const header = Buffer.alloc(20);
  header.writeUInt8(0x45, 0);
  header.writeUInt16BE(header.length + segment.length, 2);
  header.writeUInt16BE(identification, 4);
  const doNotFragment = 0x4000;
  header.writeUInt16BE(doNotFragment, 6);
  header.writeUInt8(hops, 8);
  header.writeUInt8(tcpProtocol, 9);
  header.set(addressOctets(from.address), 12);
  header.set(addressOctets(to.address), 16);
  header.writeUInt16BE(internetChecksum([header]), 10);
  return Buffer.concat([header, segment]);
}

const tcpProtocol = 6;

/** The checksum of a TCP segment, whose own checksum field is zero, between two IPv4 addresses. */
function segmentChecksum(from: string, to: string, segment: Uint8Array): number {
  const pseudoHeader = Buffer.concat([addressOctets(from), addressOctets(to), Buffer.alloc(4)]);
  pseudoHeader.writeUInt8(tcpProtocol, 9);
  pseudoHeader.writeUInt16BE(segment.length, 10);
  return internetChecksum([pseudoHeader, segment]);
}

/** The ones' complement of the ones' complement sum of 16-bit words. Every part but the last has an even length. */
function internetChecksum(parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const part of parts) {
    for (let at = 0; at < part.length; at += 2) sum += ((part[at] ?? 0) << 8) | (part[at + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x1_0000);
  return ~sum & 0xffff;
}

function addressOctets(address: string): Uint8Array {
  const octets = address.split('.').map(Number);
  const right =
    octets.length === 4 && octets.every((octet) => Number.isInteger(octet) && octet >= 0 && octet <= 255);
  if (!right) throw new Error(`${address} is not an IPv4 address`);
  return Uint8Array.from(octets);
}
