/**
 * Packet captures as Wireshark and its kin read them: pcapng, draft-ietf-opsawg-pcapng. A file is one section: who wrote
 * it, the one interface, the secrets that open what follows, and a block for each packet.
 */

/** A packet as it went by: an Ethernet frame, and when, in nanoseconds since 1970. */
export type CapturedPacket = {
  readonly atNs: bigint;
  readonly frame: Uint8Array;
  /** Said of this packet in Wireshark's list. */
  readonly comment?: string;
};

export type CaptureContents = {
  readonly interfaceName: string;
  /** Said of the whole file. */
  readonly comment?: string;
  /** TLS secrets, lines of an SSLKEYLOGFILE; null where the file has none. */
  readonly keyLog: string | null;
  readonly packets: readonly CapturedPacket[];
};

const blockTypes = { section: 0x0a0d_0d0a, interface: 1, packet: 6, secrets: 10 } as const;
const optionCodes = { end: 0, comment: 1, application: 4, interfaceName: 2, timeResolution: 9 } as const;
/** Read back in the wrong byte order it is another number: so a reader knows which one this is. */
const byteOrderMagic = 0x1a2b_3c4d;
const ethernet = 1;
/** Timestamps count units of 10 to the minus ninth seconds. */
const nanoseconds = 9;
/** `TLSK` */
const tlsKeyLog = 0x544c_534b;

/** The whole file. Throws where a comment is longer than its field can say (65,535 octets). */
export function formatCapture(contents: CaptureContents): Uint8Array<ArrayBuffer> {
  const blocks = [sectionHeader(contents.comment), interfaceDescription(contents.interfaceName)];
  // The secrets stand before the packets that they open: a reader goes through the file once.
  if (contents.keyLog !== null) blocks.push(decryptionSecrets(contents.keyLog));
  for (const packet of contents.packets) blocks.push(enhancedPacket(packet));
  return Buffer.concat(blocks);
}

function sectionHeader(comment: string | undefined): Buffer {
  const options = [option(optionCodes.application, 'letterlock')];
  if (comment !== undefined) options.push(option(optionCodes.comment, comment));
  // The section's length may stay unknown: all ones.
  const unknownLength = Buffer.alloc(8, 0xff);
  return block(blockTypes.section, [
    uint32(byteOrderMagic),
    uint16(1),
    uint16(0),
    unknownLength,
    ...ended(options),
  ]);
}

function interfaceDescription(name: string): Buffer {
  const unlimited = 0;
  const options = [
    option(optionCodes.interfaceName, name),
    option(optionCodes.timeResolution, Buffer.from([nanoseconds])),
  ];
  return block(blockTypes.interface, [uint16(ethernet), uint16(0), uint32(unlimited), ...ended(options)]);
}

function decryptionSecrets(keyLog: string): Buffer {
  const secrets = Buffer.from(keyLog);
  return block(blockTypes.secrets, [uint32(tlsKeyLog), uint32(secrets.length), padded(secrets)]);
}

function enhancedPacket({ atNs, frame, comment }: CapturedPacket): Buffer {
  const time = BigInt.asUintN(64, atNs);
  const parts = [
    uint32(0),
    uint32(Number(time >> 32n)),
    uint32(Number(time & 0xffff_ffffn)),
    uint32(frame.length),
    uint32(frame.length),
    padded(frame),
  ];
  if (comment !== undefined) parts.push(...ended([option(optionCodes.comment, comment)]));
  return block(blockTypes.packet, parts);
}

function block(type: number, body: readonly Uint8Array[]): Buffer {
  const length = uint32(12 + body.reduce((sum, part) => sum + part.length, 0));
  return Buffer.concat([uint32(type), length, ...body, length]);
}

function option(code: number, value: string | Uint8Array): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return Buffer.concat([uint16(code), uint16(bytes.length), padded(bytes)]);
}

const ended = (options: readonly Buffer[]): Buffer[] => [...options, uint16(optionCodes.end), uint16(0)];

/** Everything in the file begins at a multiple of four octets. */
const padded = (bytes: Uint8Array): Buffer => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
