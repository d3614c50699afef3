/**
 * Reads a capture back as somebody would who has nothing but the file: blocks, packets, and what each end of each TCP
 * connection said. It believes nothing: checksums, lengths and sequence numbers must all be right, so that what it gives
 * is what the packets carry. It shares no code with what writes captures.
 */
import type { Endpoint, Side } from './capture-segments.ts';

/** Something one side said in one segment. */
export type Utterance = { readonly from: Side; readonly bytes: Uint8Array; readonly atNs: bigint };

/** One TCP connection, put together again. */
export type Conversation = {
  readonly client: Endpoint;
  readonly server: Endpoint;
  readonly utterances: readonly Utterance[];
  /** `ended` by FIN on both sides, `reset` by one, `open` where the capture stops before. */
  readonly end: 'ended' | 'reset' | 'open';
};

export type ReadCapture = {
  readonly packets: readonly { readonly atNs: bigint; readonly frame: Uint8Array }[];
  /** The TLS secrets that the file holds; null where it holds none. */
  readonly keyLog: string | null;
  /** In the order in which they were asked for. */
  readonly conversations: readonly Conversation[];
};

/** The file is no whole capture, or a packet in it is wrong. */
export class CaptureDamaged extends Error {
  override readonly name = 'CaptureDamaged';
}

/** Everything that one side of a conversation said. */
export const saidBy = (conversation: Conversation, side: Side): Buffer =>
  Buffer.concat(conversation.utterances.filter(({ from }) => from === side).map(({ bytes }) => bytes));

/** Reads a little-endian pcapng file of one Ethernet interface with TCP over IPv4. Throws `CaptureDamaged`. */
export function readCapture(file: Uint8Array): ReadCapture {
  const packets: { atNs: bigint; frame: Uint8Array }[] = [];
  const assembly = new Assembly();
  let keyLog: string | null = null;
  for (const { type, body, index } of blocksOf(file)) {
    must((index === 0) === (type === 0x0a0d0d0a), 'the section header is not the first block');
    if (index === 0) must(body.getUint32(0, true) === 0x1a2b3c4d, 'another byte order');
    if (type === 1) must(body.getUint16(0, true) === 1, 'the interface is not Ethernet');
    if (type === 10) keyLog = (keyLog ?? '') + readSecrets(body);
    if (type !== 6) continue;
    const frame = octets(body, 20, body.getUint32(12, true));
    const atNs = (BigInt(body.getUint32(4, true)) << 32n) | BigInt(body.getUint32(8, true));
    must(atNs >= (packets.at(-1)?.atNs ?? 0n), 'a packet is earlier than the one before it');
    packets.push({ atNs, frame });
    assembly.take(readFrame(frame), atNs);
  }
  return { packets, keyLog, conversations: assembly.conversations() };
}

function must(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new CaptureDamaged(otherwise);
}

function octets(view: DataView, at: number, length: number): Uint8Array {
  must(at + length <= view.byteLength, 'a length points past its end');
  return new Uint8Array(view.buffer, view.byteOffset + at, length);
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

type Block = { readonly type: number; readonly body: DataView; readonly index: number };

function* blocksOf(file: Uint8Array): Generator<Block, void, undefined> {
  const view = viewOf(file);
  let index = 0;
  for (let at = 0; at < file.length; index += 1) {
    must(at + 12 <= file.length, 'the file ends within a block');
    const length = view.getUint32(at + 4, true);
    must(length >= 12 && length % 4 === 0 && at + length <= file.length, 'a block has a wrong length');
    must(view.getUint32(at + length - 4, true) === length, 'the two lengths of a block differ');
    const body = new DataView(file.buffer, file.byteOffset + at + 8, length - 12);
    const type = view.getUint32(at, true);
    must(body.byteLength >= (leastBodyBytes.get(type) ?? 0), 'a block is too short for what it is');
    yield { type, body, index };
    at += length;
  }
  must(index > 0, 'the file is empty');
}

const leastBodyBytes: ReadonlyMap<number, number> = new Map([
  [0x0a0d0d0a, 16],
  [1, 8],
  [6, 20],
  [10, 8],
]);

function readSecrets(body: DataView): string {
  must(body.getUint32(0, true) === 0x544c534b, 'the secrets are not those of TLS');
  return Buffer.from(octets(body, 8, body.getUint32(4, true))).toString('latin1');
}

type ReadSegment = {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly sequence: number;
  readonly acknowledgement: number | null;
  readonly opens: boolean;
  readonly ends: boolean;
  readonly resets: boolean;
  readonly payload: Uint8Array;
};

function readFrame(frame: Uint8Array): ReadSegment {
  must(frame.length >= 54, 'a frame is too short');
  const view = viewOf(frame);
  must(view.getUint16(12) === 0x0800, 'a frame holds no IPv4');
  must(view.getUint8(14) === 0x45, 'a packet has a header of another size');
  const packet = octets(view, 14, view.getUint16(16));
  must(packet.length === frame.length - 14, 'a packet and its frame differ in length');
  must(view.getUint8(23) === 6, 'a packet holds no TCP');
  must(sumOf(packet.subarray(0, 20)) === 0xffff, 'the checksum of an IPv4 header is wrong');
  const segment = packet.subarray(20);
  // Source, destination, protocol and length, as they count for TCP's checksum.
  const pseudo = Buffer.from([...packet.subarray(12, 20), 0, 6, segment.length >> 8, segment.length & 255]);
  must(sumOf(Buffer.concat([pseudo, segment])) === 0xffff, 'the checksum of a TCP segment is wrong');
  const headerBytes = (view.getUint8(46) >> 4) * 4;
  must(headerBytes >= 20 && headerBytes <= segment.length, 'a TCP header has a wrong length');
  const flags = view.getUint8(47);
  return {
    from: { address: packet.subarray(12, 16).join('.'), port: view.getUint16(34) },
    to: { address: packet.subarray(16, 20).join('.'), port: view.getUint16(36) },
    sequence: view.getUint32(38),
    acknowledgement: (flags & 16) === 0 ? null : view.getUint32(42),
    opens: (flags & 2) !== 0,
    ends: (flags & 1) !== 0,
    resets: (flags & 4) !== 0,
    payload: segment.subarray(headerBytes),
  };
}

/** The ones' complement sum of 16-bit words: all ones over anything with a right checksum in it. */
function sumOf(bytes: Uint8Array): number {
  let sum = 0;
  for (const [index, octet] of bytes.entries()) {
    sum += index % 2 === 0 ? octet * 256 : octet;
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

/** A connection while it is put together. */
type Thread = {
  readonly ends: Readonly<Record<Side, Endpoint>>;
  /** What each side's next sequence number must be; null until its SYN. */
  readonly next: Record<Side, number | null>;
  readonly ended: Set<Side>;
  readonly utterances: Utterance[];
  reset: boolean;
};

class Assembly {
  readonly #threads: Thread[] = [];
  /** The newest thread between two ends, by who asked for it. */
  readonly #newest = new Map<string, Thread>();

  take(segment: ReadSegment, atNs: bigint): void {
    const { thread, from } = this.#place(segment);
    const other = from === 'client' ? 'server' : 'client';
    must(!thread.reset, 'a packet follows the reset of its connection');
    must(!thread.ended.has(from) || segment.payload.length === 0, 'a side speaks after it has ended');
    if (segment.acknowledgement !== null) {
      must(
        segment.acknowledgement === thread.next[other],
        'a segment acknowledges something else than was said',
      );
    }
    if (segment.opens) {
      must(thread.next[from] === null, 'a side opens the connection twice');
      thread.next[from] = segment.sequence;
    }
    const expected = thread.next[from];
    if (segment.resets) {
      thread.reset = true;
      return;
    }
    must(segment.sequence === expected, 'a sequence number does not follow the one before it');
    const phantom = (segment.opens ? 1 : 0) + (segment.ends ? 1 : 0);
    thread.next[from] = (expected + segment.payload.length + phantom) % 2 ** 32;
    if (segment.ends) thread.ended.add(from);
    if (segment.payload.length > 0) thread.utterances.push({ from, bytes: segment.payload, atNs });
  }

  conversations(): Conversation[] {
    return this.#threads.map(({ ends, utterances, reset, ended }) => ({
      ...ends,
      utterances,
      end: reset ? 'reset' : ended.size === 2 ? 'ended' : 'open',
    }));
  }

  #place(segment: ReadSegment): { thread: Thread; from: Side } {
    const forth = `${nameOf(segment.from)} ${nameOf(segment.to)}`;
    const back = `${nameOf(segment.to)} ${nameOf(segment.from)}`;
    if (segment.opens && segment.acknowledgement === null) {
      const thread: Thread = {
        ends: { client: segment.from, server: segment.to },
        next: { client: null, server: null },
        ended: new Set(),
        utterances: [],
        reset: false,
      };
      this.#threads.push(thread);
      this.#newest.set(forth, thread);
      return { thread, from: 'client' };
    }
    const asked = this.#newest.get(forth);
    const answered = asked ?? this.#newest.get(back);
    must(answered !== undefined, 'a packet belongs to no connection');
    return { thread: answered, from: asked === undefined ? 'server' : 'client' };
  }
}

const nameOf = ({ address, port }: Endpoint): string => `${address}:${port}`;
