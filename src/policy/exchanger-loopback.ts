import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import type { TestContext } from 'node:test';
import { sealMessage } from 'mailauth/lib/arc/index.js';
import { dkimSign } from 'mailauth/lib/dkim/sign.js';
import { parseAddress, type Address } from '../mail/address.ts';
import type { SenderAuthentication } from '../mail/sender-authentication.ts';
import { startNameServer, type Quirks, type TestNameServer, type ZoneRecords } from '../net/dns-loopback.ts';
import type { Envelope, Recipient } from '../smtp/session.ts';
import type { Content, Visit } from './reception.ts';
import { SenderAuthenticator } from './sender-authentication.ts';
import { wholeHeader } from './sender-authentication-view.ts';

const rsa = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'der' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const ed25519 = generateKeyPairSync('ed25519');
const weak = generateKeyPairSync('rsa', {
  modulusLength: 512,
  publicKeyEncoding: { type: 'spki', format: 'der' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

const rsaRecord = (key: Buffer): string => `v=DKIM1; k=rsa; p=${key.toString('base64')}`;
const ed25519Record = (): string => {
  const { x } = ed25519.publicKey.export({ format: 'jwk' });
  assert(typeof x === 'string');
  return `v=DKIM1; k=ed25519; p=${Buffer.from(x, 'base64url').toString('base64')}`;
};

/** Where the letters of the tests come from; `192.0.2.7` may send for most of it. */
const world: Readonly<Record<string, ZoneRecords>> = {
  'sender.example': { TXT: ['v=spf1 ip4:192.0.2.7 -all'] },
  '_dmarc.sender.example': { TXT: ['v=DMARC1; p=reject'] },
  'rsa._domainkey.sender.example': { TXT: [rsaRecord(rsa.publicKey)] },
  'ed._domainkey.sender.example': { TXT: [ed25519Record()] },
  'weak._domainkey.sender.example': { TXT: [rsaRecord(weak.publicKey)] },
  'broken._domainkey.sender.example': { TXT: ['v=DKIM1; k=rsa; p=!!'] },
  'slow._domainkey.sender.example': { fails: 'silent' },
  'sub.sender.example': { TXT: ['v=spf1 redirect=sender.example'] },
  'bücher.example': {},
  'xn--bcher-kva.example': { TXT: ['v=spf1 ip4:192.0.2.7 -all'] },
  '_dmarc.xn--bcher-kva.example': { TXT: ['v=DMARC1; p=reject'] },
  'quarantine.example': { TXT: ['v=spf1 -all'] },
  '_dmarc.quarantine.example': { TXT: ['v=DMARC1; p=quarantine'] },
  'testing.example': { TXT: ['v=spf1 -all'] },
  '_dmarc.testing.example': { TXT: ['v=DMARC1; p=reject; t=y'] },
  'lenient.example': { TXT: ['v=spf1 ~all'] },
  '_dmarc.lenient.example': { TXT: ['v=DMARC1; p=none'] },
  'wrong.example': { TXT: ['v=spf1 ip4:nonsense -all'] },
  'twice.example': { TXT: ['v=spf1 -all', 'v=spf1 +all'] },
  'endless.example': { TXT: ['v=spf1 include:endless.example -all'] },
  'unknown.example': { TXT: ['v=spf1 ?all'] },
  'down.example': { fails: 'servfail' },
  '_dmarc.down.example': { TXT: ['v=DMARC1; p=reject'] },
  'dark.example': { TXT: ['v=spf1 -all'] },
  '_dmarc.dark.example': { fails: 'servfail' },
  'list.example': { TXT: ['v=spf1 ip4:192.0.2.7 -all'] },
  'rsa._domainkey.list.example': { TXT: [rsaRecord(rsa.publicKey)] },
  'host.sender.example': { TXT: ['v=spf1 ip4:192.0.2.7 -all'] },
};

/** A letter from `from` to Alice. */
export const letterFrom = (from: string, more = '', body = 'Hello\r\n'): string =>
  `${more}From: ${from}\r\nTo: alice@example.org\r\nSubject: hi\r\nDate: Tue, 01 Sep 2026 10:00:00 +0000\r\n\r\n${body}`;

export type Signing = {
  readonly domain?: string;
  readonly selector?: 'rsa' | 'ed' | 'weak' | 'broken' | 'slow' | 'missing';
  readonly maxBodyLength?: number;
  readonly algorithm?: 'rsa-sha1';
};

/** The letter with a DKIM signature by `sender.example` above it. */
export async function signed(letter: string, signing: Signing = {}): Promise<string> {
  const { domain = 'sender.example', selector = 'rsa', maxBodyLength, algorithm } = signing;
  const pem = ed25519.privateKey.export({ type: 'pkcs8', format: 'pem' });
  const privateKey = selector === 'ed' ? pem : selector === 'weak' ? weak.privateKey : rsa.privateKey;
  const one = {
    signingDomain: domain,
    selector,
    privateKey,
    ...(maxBodyLength === undefined ? {} : { maxBodyLength }),
    ...(algorithm === undefined ? {} : { algorithm }),
  };
  const { signatures, errors } = await dkimSign(letter, { ...one, signatureData: [one] });
  assert.deepEqual(errors, []);
  return `${signatures}${letter}`;
}

/** The letter with an ARC set by `list.example` above it, which says `results` of what it found. */
export async function sealed(letter: string, results: string): Promise<string> {
  const seal = await sealMessage(letter, {
    signingDomain: 'list.example',
    selector: 'rsa',
    privateKey: rsa.privateKey,
    cv: 'none',
    authResults: `list.example; ${results}`,
  });
  assert(seal.length > 0);
  return `${seal.toString()}${letter}`;
}

export function contentOf(letter: string, chunkBytes = 100): Content {
  const bytes = new Uint8Array(Buffer.from(letter));
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) chunks.push(bytes.slice(at, at + chunkBytes));
  return { chunks, sizeBytes: bytes.length };
}

export const visitFrom = (remoteAddress: string): Visit => ({
  endpoints: { remoteAddress, remotePort: 40_000, localAddress: '192.0.2.1', localPort: 25 },
});

function addressOf(text: string): Address {
  const parsed = parseAddress(text);
  assert(parsed.ok, text);
  return parsed.value;
}

export const toAddress = (text: string): Recipient => ({ is: 'address', address: addressOf(text) });

export const envelopeFrom = (sender: string | null, recipients: readonly Recipient[] = []): Envelope => ({
  client: { name: 'host.sender.example', extended: true },
  login: null,
  sender: sender === null ? null : addressOf(sender),
  smtpUtf8: false,
  body: '8BITMIME',
  announcedBytes: null,
  recipients,
});

export type Case = {
  readonly letter: string;
  readonly sender?: string | null;
  readonly client?: string;
  readonly helo?: string;
};

/** A checker of letters whose DNS is a table; letters come at a time when their signatures hold. */
export async function startChecker(
  t: TestContext,
  quirks: Quirks = {},
): Promise<{
  server: TestNameServer;
  authenticator: SenderAuthenticator;
  readonly check: (one: Case) => Promise<SenderAuthentication>;
}> {
  const server = await startNameServer(t, world, quirks);
  const { resolve } = server.resolver({ waitMs: 100, tries: 2 });
  const authenticator = new SenderAuthenticator({ resolve, host: 'mx.example.org', waitMs: 2000 });
  const check = (one: Case): Promise<SenderAuthentication> => {
    const { letter, sender = 'bob@sender.example', client = '192.0.2.7', helo } = one;
    const content = contentOf(letter);
    const header = wholeHeader(Buffer.concat(content.chunks), content.sizeBytes);
    assert(header.ok);
    const envelope = envelopeFrom(sender);
    return authenticator.authenticate({
      envelope: helo === undefined ? envelope : { ...envelope, client: { name: helo, extended: true } },
      visit: visitFrom(client),
      header: header.value,
      content,
      receivedAt: Date.now(),
    });
  };
  return { server, authenticator, check };
}
