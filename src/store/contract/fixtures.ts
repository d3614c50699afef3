import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type {
  Account,
  AccountId,
  AccountName,
  BlobHash,
  Delivery,
  Keywords,
  Mailbox,
  MailboxId,
  Placement,
  Store,
  Uid,
  Verifiers,
} from '../port.ts';

/** A store that a test opened. `reopen` closes it and opens what it left on disk. */
export type OpenedForTest = {
  readonly store: Store;
  readonly cleanup: () => Promise<void>;
  readonly reopen?: () => Promise<Store>;
};

/** When the tests take place. */
export const T0 = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

/** Bytes that tell their length and seed, so that a mix-up shows. */
export const letterBytes = (sizeBytes: number, seed = 0): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(sizeBytes);
  for (let at = 0; at < sizeBytes; at++) bytes[at] = (at * 31 + seed * 17 + (at >> 8)) & 0xff;
  return bytes;
};

/** The name of these bytes. */
export const hashOf = (bytes: Uint8Array): BlobHash =>
  createHash('sha256').update(bytes).digest('hex') as BlobHash;

/** Verifiers that tell their seed. */
export const testVerifiers = (seed = 1): Verifiers => ({
  argon2id: `$argon2id$v=19$m=64,t=1,p=1$${seed}$abc`,
  scram: {
    salt: Buffer.from([seed, 1]),
    iterations: 4096 + seed,
    storedKey: Buffer.from([seed, 2, 0]),
    serverKey: Buffer.from([seed, 3, 255]),
  },
});

/** A delivery of these bytes, cut into chunks of `chunkBytes`, to the accounts. */
export const deliveryOf = (
  bytes: Uint8Array,
  accounts: readonly AccountId[],
  options: { readonly chunkBytes?: number; readonly subject?: string; readonly receivedAt?: number } = {},
): Delivery => {
  const chunkBytes = options.chunkBytes ?? Math.max(1, bytes.length);
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes)
    chunks.push(new Uint8Array(bytes.subarray(at, at + chunkBytes)));
  const hash = hashOf(bytes);
  const receivedAt = options.receivedAt ?? T0;
  return {
    hash,
    sizeBytes: bytes.length,
    chunks,
    summary: {
      subject: options.subject ?? 'Grüße, \u{1f48c} and a NUL: \0.',
      from: 'nu1@447.edu',
      sentAt: T0 - 1000,
      messageId: 'a.b@447.edu',
    },
    transport: {
      version: 1,
      receivedAt: new Date(receivedAt).toISOString(),
      by: 'mail.447.edu',
      protocol: 'ESMTPSA',
      client: { name: '__proto__', address: '127.0.0.1', port: 40_000 },
      tls: null,
      authentication: { mechanism: 'PLAIN', account: 'nu1@447.edu', channelBinding: null },
      reversePath: 'nu1@447.edu',
      sha256: hash,
      sizeBytes: bytes.length,
    },
    receivedAt,
    recipients: accounts.map((account, index) => ({
      account,
      forwardPath: `nu${account}@447.edu`,
      prefix: Buffer.from(`Received: by mail.447.edu for ${index}\r\n`),
    })),
  };
};

/** Makes the account and gives it; the test ends where it exists. */
export const makeAccount = async (store: Store, name: string): Promise<Account> => {
  const made = await store.createAccount({
    name: name as AccountName,
    verifiers: testVerifiers(),
    createdAt: T0,
  });
  assert.ok(made.ok, `account ${name} exists`);
  return made.value;
};

/** Delivers and gives the placements; the test ends where it is refused. */
export const mustDeliver = async (store: Store, delivery: Delivery): Promise<readonly Placement[]> => {
  const delivered = await store.deliver(delivery);
  assert.ok(delivered.ok, 'delivery refused');
  return delivered.value;
};

/** The cases of one area by their sentences; each takes a fresh store. */
export type Cases = ReadonlyMap<string, (opened: OpenedForTest) => Promise<void>>;

/** The value of an outcome; the test ends where it was refused. */
export const mustBeOk = async <Value>(
  outcome: Promise<
    { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly refusal: unknown }
  >,
): Promise<Value> => {
  const result = await outcome;
  assert.ok(result.ok, `refused: ${result.ok ? '' : String(result.refusal)}`);
  return result.value;
};

/** Bytes as a `Buffer`, to be compared whatever they came in. */
export const plain = (bytes: Uint8Array | null): Buffer | null =>
  bytes === null ? null : Buffer.from(bytes);

/** Verifiers as a store gives them. */
export const plainVerifiers = ({ scram, argon2id }: Verifiers): Verifiers => ({
  argon2id,
  scram: {
    salt: new Uint8Array(scram.salt),
    iterations: scram.iterations,
    storedKey: new Uint8Array(scram.storedKey),
    serverKey: new Uint8Array(scram.serverKey),
  },
});

/** What a refusal is. */
export const refusal = <Refusal extends string>(why: Refusal) => ({ ok: false, refusal: why }) as const;

/** What a verb without a value answers. */
export const done = { ok: true, value: null } as const;

/** The number of an account that nobody has. */
export const nobody: AccountId = 4711 as AccountId;

/** The mailboxes that every account begins with, by their numbers. */
export const INBOX: MailboxId = 1 as MailboxId;
export const DRAFTS: MailboxId = 2 as MailboxId;
export const SENT: MailboxId = 3 as MailboxId;
export const JUNK: MailboxId = 4 as MailboxId;
export const TRASH: MailboxId = 5 as MailboxId;
export const ARCHIVE: MailboxId = 6 as MailboxId;
/** The number of a mailbox that no test makes. */
export const NOWHERE: MailboxId = 4711 as MailboxId;

/** How a letter that a test puts somewhere differs from the others. */
export type LetterOptions = {
  readonly bytes?: Uint8Array;
  readonly mailboxes?: readonly MailboxId[];
  readonly keywords?: Keywords;
  readonly prefix?: Uint8Array;
} & Partial<Pick<Delivery, 'savedAt' | 'threading' | 'receivedAt' | 'summary' | 'parsed' | 'omitted'>>;

/** A delivery of a letter with these peculiarities to one account; 10 bytes without a prefix where nothing is said. */
export const letterFor = (account: AccountId, options: LetterOptions = {}): Delivery => {
  const { bytes = letterBytes(10), mailboxes, keywords, prefix = new Uint8Array(), ...rest } = options;
  const where = mailboxes === undefined ? {} : { mailboxes };
  const said = keywords === undefined ? {} : { keywords };
  const recipient = { account, forwardPath: '', prefix, ...where, ...said };
  return { ...deliveryOf(bytes, [account]), ...rest, recipients: [recipient] };
};

/** Delivers such a letter and gives its first place. */
export const put = async (
  store: Store,
  account: AccountId,
  options: LetterOptions = {},
): Promise<Placement> => {
  const [first] = await mustDeliver(store, letterFor(account, options));
  assert.ok(first);
  return first;
};

/** Delivers so many letters to INBOX, each of other bytes. */
export const putMany = async (store: Store, account: AccountId, count: number): Promise<readonly Uid[]> => {
  const placed: Uid[] = [];
  for (let n = 0; n < count; n++) placed.push((await put(store, account, { bytes: letterBytes(10, n) })).uid);
  return placed;
};

/** The uids of a mailbox as plain numbers. */
export const uidsIn = async (store: Store, account: AccountId, mailbox: MailboxId): Promise<number[]> => [
  ...(await store.uids(account, mailbox)),
];

/** Uids, as they are asked for. */
export const uids = (...numbers: readonly number[]): readonly Uid[] => numbers as readonly Uid[];

/** The mailbox; the test ends where it is not there. */
export const mustFind = async (store: Store, account: AccountId, mailbox: MailboxId): Promise<Mailbox> => {
  const found = await store.mailbox(account, mailbox);
  assert.ok(found, `no mailbox ${mailbox}`);
  return found;
};
