/**
 * Opens the records of a TLS 1.3 connection with the secrets that its client wrote down, from the captured bytes alone:
 * what Wireshark does with a file that holds both (RFC 8446 sections 5.2, 5.3 and 7.3).
 */
import { createDecipheriv, createHmac, type CipherGCMTypes } from 'node:crypto';
import type { Side } from '../net/capture-segments.ts';
import { NotTls, type TlsRecord } from './proof-handshake.ts';

/** The secrets of one connection, by their labels in an SSLKEYLOGFILE. */
export type KeyLogSecrets = ReadonlyMap<string, Uint8Array>;

/** The secrets in the lines of an SSLKEYLOGFILE that belong to the connection with this client random. */
export function secretsOf(keyLog: string, clientRandom: Uint8Array): KeyLogSecrets {
  const random = Buffer.from(clientRandom).toString('hex');
  const lines = keyLog.split('\n').map((line) => line.split(' '));
  return new Map(
    lines
      .filter(([, of]) => of === random)
      .map(([label, , secret]) => [label ?? '', Buffer.from(secret ?? '', 'hex')]),
  );
}

type Suite = {
  readonly hash: 'sha256' | 'sha384';
  readonly cipher: CipherGCMTypes | 'chacha20-poly1305';
  readonly keyBytes: number;
};

/** RFC 8446 appendix B.4. */
const suites: ReadonlyMap<number, Suite> = new Map<number, Suite>([
  [0x1301, { hash: 'sha256', cipher: 'aes-128-gcm', keyBytes: 16 }],
  [0x1302, { hash: 'sha384', cipher: 'aes-256-gcm', keyBytes: 32 }],
  [0x1303, { hash: 'sha256', cipher: 'chacha20-poly1305', keyBytes: 32 }],
]);

const inner = { handshake: 22, applicationData: 23 } as const;
const messages = { finished: 20, keyUpdate: 24 } as const;

/**
 * What one side said inside TLS. Throws `NotTls` where a secret is missing, a record does not open with it, or the keys
 * are changed on the way, which none of our short connections does.
 */
export function openRecords(
  records: readonly TlsRecord[],
  side: Side,
  cipher: number,
  secrets: KeyLogSecrets,
): Buffer {
  const suite = suites.get(cipher);
  if (suite === undefined) throw new NotTls(`the cipher suite ${cipher} is none of TLS 1.3`);
  const owner = side === 'client' ? 'CLIENT' : 'SERVER';
  let keys = new RecordKeys(suite, secretNamed(secrets, `${owner}_HANDSHAKE_TRAFFIC_SECRET`));
  const said: Uint8Array[] = [];
  let handshake: Uint8Array = new Uint8Array(0);
  for (const record of records.filter(({ type }) => type === inner.applicationData)) {
    const { type, content } = keys.open(record);
    if (type === inner.applicationData) said.push(content);
    if (type !== inner.handshake) continue;
    handshake = Buffer.concat([handshake, content]);
    for (let length = messageLength(handshake); length !== null; length = messageLength(handshake)) {
      if (handshake[0] === messages.keyUpdate) throw new NotTls('the keys are changed on the way');
      if (handshake[0] === messages.finished) {
        keys = new RecordKeys(suite, secretNamed(secrets, `${owner}_TRAFFIC_SECRET_0`));
      }
      handshake = handshake.subarray(length);
    }
  }
  return Buffer.concat(said);
}

function secretNamed(secrets: KeyLogSecrets, label: string): Uint8Array {
  const secret = secrets.get(label);
  if (secret === undefined) throw new NotTls(`the file has no ${label} for the connection`);
  return secret;
}

/** The first handshake message's length with its header; null where it is not whole yet. */
function messageLength(bytes: Uint8Array): number | null {
  if (bytes.length < 4) return null;
  const length = 4 + ((bytes[1] ?? 0) << 16) + ((bytes[2] ?? 0) << 8) + (bytes[3] ?? 0);
  return bytes.length < length ? null : length;
}

/** The keys of one direction, and how many records they have opened. */
class RecordKeys {
  readonly #suite: Suite;
  readonly #key: Uint8Array;
  readonly #iv: Uint8Array;
  #opened = 0n;

  constructor(suite: Suite, secret: Uint8Array) {
    this.#suite = suite;
    this.#key = expandLabel(suite.hash, secret, 'key', suite.keyBytes);
    this.#iv = expandLabel(suite.hash, secret, 'iv', 12);
  }

  open({ type, body }: TlsRecord): { type: number; content: Uint8Array } {
    const nonce = Buffer.from(this.#iv);
    nonce.writeBigUInt64BE(nonce.readBigUInt64BE(4) ^ this.#opened, 4);
    this.#opened += 1n;
    const options = { authTagLength: 16 };
    // The type of Node's function asks for a GCM or for ChaCha20; both are opened alike.
    const decipher = createDecipheriv(this.#suite.cipher as CipherGCMTypes, this.#key, nonce, options);
    decipher.setAAD(Uint8Array.of(type, 3, 3, body.length >> 8, body.length & 255));
    decipher.setAuthTag(body.subarray(-16));
    try {
      const plain = Buffer.concat([decipher.update(body.subarray(0, -16)), decipher.final()]);
      // The content's type is the last octet that is not padding (RFC 8446 section 5.4).
      const at = plain.findLastIndex((octet) => octet !== 0);
      return { type: plain[at] ?? 0, content: plain.subarray(0, Math.max(0, at)) };
    } catch (cause) {
      throw new NotTls('a record does not open with the secrets of its connection', { cause });
    }
  }
}

/** HKDF-Expand-Label with an empty context, for no more octets than the hash has (RFC 8446 section 7.1). */
function expandLabel(hash: Suite['hash'], secret: Uint8Array, label: string, octets: number): Uint8Array {
  const full = Buffer.from(`tls13 ${label}`);
  const info = Buffer.concat([Uint8Array.of(0, octets, full.length), full, Uint8Array.of(0)]);
  return createHmac(hash, secret).update(info).update(Uint8Array.of(1)).digest().subarray(0, octets);
}
