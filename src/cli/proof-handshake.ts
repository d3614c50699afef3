/**
 * What anybody on the way can read of a TLS connection, read from the captured bytes alone: the records, and in them the
 * two messages of the handshake that are not encrypted (RFC 8446 sections 4.1 and 5.1). OpenSSL is not asked.
 */

/** Throws where a TLS record or message is not what its own lengths say. */
export class NotTls extends Error {
  override readonly name = 'NotTls';
}

/** One record. Its body is ciphertext where `type` is 23. */
export type TlsRecord = { readonly type: number; readonly body: Uint8Array };

const recordNames: ReadonlyMap<number, string> = new Map([
  [20, 'change_cipher_spec'],
  [21, 'alert'],
  [22, 'handshake'],
  [23, 'application_data'],
]);

export const recordName = (type: number): string => recordNames.get(type) ?? `type ${type}`;

export type ClientHello = {
  readonly random: Uint8Array;
  readonly ciphers: readonly number[];
  readonly versions: readonly number[];
  readonly groups: readonly number[];
  readonly keyShares: readonly KeyShare[];
  readonly serverName: string | null;
  readonly applicationProtocols: readonly string[];
};

export type ServerHello = {
  readonly random: Uint8Array;
  readonly cipher: number;
  /** Of the extension supported_versions; null where there is none, as before TLS 1.3. */
  readonly version: number | null;
  readonly keyShare: KeyShare | null;
};

export type KeyShare = { readonly group: number; readonly sizeBytes: number };

/** Splits what one side said into records; every byte must belong to one (RFC 8446 section 5.1). Throws `NotTls`. */
export function readRecords(said: Uint8Array): TlsRecord[] {
  const records: TlsRecord[] = [];
  const cursor = new Cursor(said);
  while (!cursor.atEnd) {
    const type = cursor.number(1);
    if (!recordNames.has(type)) throw new NotTls(`a record has the unknown type ${type}`);
    const version = cursor.number(2);
    if (version !== 0x0301 && version !== 0x0303) throw new NotTls(`a record says version ${hex(version)}`);
    const length = cursor.number(2);
    // RFC 8446 section 5.2 allows ciphertext 256 octets more than plain text.
    if (length === 0 || length > 16_384 + 256) throw new NotTls(`a record is ${length} octets long`);
    records.push({ type, body: cursor.octets(length) });
  }
  return records;
}

/** The message of the handshake that one side sent in the clear: exactly one, of the type given. Throws `NotTls`. */
export function readClearMessage(records: readonly TlsRecord[], type: number): Uint8Array {
  const clear = records.filter((record) => record.type === 22).map(({ body }) => body);
  const cursor = new Cursor(Buffer.concat(clear));
  const found = cursor.number(1);
  if (found !== type) throw new NotTls(`a handshake message has the type ${found} and not ${type}`);
  const message = cursor.octets(cursor.number(3));
  if (!cursor.atEnd) throw new NotTls('more than one handshake message is not encrypted');
  return message;
}

/** RFC 8446 section 4.1.2. Throws `NotTls`. */
export function readClientHello(message: Uint8Array): ClientHello {
  const cursor = new Cursor(message);
  cursor.number(2);
  const random = cursor.octets(32);
  cursor.vector(1);
  const ciphers = cursor.vector(2).numbers(2);
  cursor.vector(1);
  const extensions = readExtensions(cursor);
  return {
    random,
    ciphers,
    versions: extensions.get(extension.supportedVersions)?.vector(1).numbers(2) ?? [],
    groups: extensions.get(extension.supportedGroups)?.vector(2).numbers(2) ?? [],
    keyShares: extensions.get(extension.keyShare)?.vector(2).list(readKeyShare) ?? [],
    serverName: readServerName(extensions.get(extension.serverName)),
    applicationProtocols:
      extensions
        .get(extension.applicationProtocols)
        ?.vector(2)
        .list((protocols) => protocols.vector(1).text()) ?? [],
  };
}

/** RFC 8446 section 4.1.3. Throws `NotTls`, for a HelloRetryRequest too: it is a ServerHello of another meaning. */
export function readServerHello(message: Uint8Array): ServerHello {
  const cursor = new Cursor(message);
  cursor.number(2);
  const random = cursor.octets(32);
  if (Buffer.from(random).toString('hex').startsWith('cf21ad74e59a6111be1d8c021e65b891')) {
    throw new NotTls('the server asked for another key share');
  }
  cursor.vector(1);
  const cipher = cursor.number(2);
  cursor.number(1);
  const extensions = readExtensions(cursor);
  const share = extensions.get(extension.keyShare);
  return {
    random,
    cipher,
    version: extensions.get(extension.supportedVersions)?.number(2) ?? null,
    keyShare: share === undefined ? null : readKeyShare(share),
  };
}

/** RFC 8446 section 4.2. */
const extension = {
  serverName: 0,
  supportedGroups: 10,
  applicationProtocols: 16,
  supportedVersions: 43,
  keyShare: 51,
} as const;

function readExtensions(cursor: Cursor): Map<number, Cursor> {
  const extensions = new Map<number, Cursor>();
  const all = cursor.vector(2);
  while (!all.atEnd) {
    const type = all.number(2);
    if (extensions.has(type)) throw new NotTls(`the extension ${type} comes twice`);
    extensions.set(type, all.vector(2));
  }
  if (!cursor.atEnd) throw new NotTls('something follows the extensions');
  return extensions;
}

const readKeyShare = (cursor: Cursor): KeyShare => ({
  group: cursor.number(2),
  sizeBytes: cursor.vector(2).length,
});

function readServerName(cursor: Cursor | undefined): string | null {
  if (cursor === undefined) return null;
  const list = cursor.vector(2);
  const hostName = 0;
  return list.number(1) === hostName ? list.vector(2).text() : null;
}

/** The names of numbers that TLS 1.3 connections of this program show (RFC 8446 appendix B). */
const names: ReadonlyMap<string, ReadonlyMap<number, string>> = new Map([
  [
    'version',
    new Map([
      [0x0304, 'TLS 1.3'],
      [0x0303, 'TLS 1.2'],
      [0x0302, 'TLS 1.1'],
      [0x0301, 'TLS 1.0'],
    ]),
  ],
  [
    'cipher',
    new Map([
      [0x1301, 'TLS_AES_128_GCM_SHA256'],
      [0x1302, 'TLS_AES_256_GCM_SHA384'],
      [0x1303, 'TLS_CHACHA20_POLY1305_SHA256'],
    ]),
  ],
  [
    'group',
    new Map([
      [0x11ec, 'X25519MLKEM768'],
      [0x001d, 'x25519'],
      [0x0017, 'secp256r1'],
      [0x0018, 'secp384r1'],
    ]),
  ],
]);

/** `0x0304 (TLS 1.3)`; the number alone where it has no name here. */
export function showNumber(kind: 'version' | 'cipher' | 'group', number: number): string {
  const name = names.get(kind)?.get(number);
  return name === undefined ? hex(number) : `${hex(number)} (${name})`;
}

const hex = (number: number): string => `0x${number.toString(16).padStart(4, '0')}`;

/** Reads numbers and vectors off the front; whatever is not there is `NotTls`. */
class Cursor {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** What is left. */
  get length(): number {
    return this.#bytes.length - this.#at;
  }

  octets(count: number): Uint8Array {
    if (count > this.length) throw new NotTls('a length points past its end');
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  number(octets: 1 | 2 | 3): number {
    return this.octets(octets).reduce((number, octet) => number * 256 + octet, 0);
  }

  /** A vector whose length stands before it in so many octets (RFC 8446 section 3.4). */
  vector(lengthOctets: 1 | 2): Cursor {
    return new Cursor(this.octets(this.number(lengthOctets)));
  }

  /** What `read` makes of the whole of it, piece by piece. */
  list<Value>(read: (cursor: Cursor) => Value): Value[] {
    const all: Value[] = [];
    while (!this.atEnd) all.push(read(this));
    return all;
  }

  numbers(octets: 1 | 2): number[] {
    return this.list((cursor) => cursor.number(octets));
  }

  text(): string {
    return Buffer.from(this.octets(this.length)).toString('latin1');
  }
}
