import assert from 'node:assert/strict';
import { lettersInInbox } from '../store/contract/inbox.ts';
import { randomBytes } from 'node:crypto';
import { Authenticator } from '../accounts/authenticator.ts';
import { Enroller } from '../accounts/enrol.ts';
import { parseAddress, type Address } from '../mail/address.ts';
import { keptPieces } from '../mail/omitted-ranges.ts';
import type { Envelope, Recipient, Verdict } from '../smtp/session.ts';
import { openMemoryStore } from '../store/memory/store.ts';
import type { AccountName, Letter, Store, Verifiers } from '../store/port.ts';
import { recipientTable, type RecipientRules } from './local-recipients-table.ts';
import { LocalRecipients } from './local-recipients.ts';
import type { Visit } from './reception.ts';
import {
  accountNamed,
  defaultSubmissionRules,
  SubmissionPolicy,
  type SubmissionRules,
} from './submission.ts';

/** The domains of the house that tests submit to. */
const domains = ['example.org', 'bücher.example'];

/** Alice, Bob and Carol have accounts; who else is whom, the rules say. */
const people = ['alice@example.org', 'bob@example.org', 'carol@bücher.example'];

export const visit: Visit = {
  endpoints: { remoteAddress: '192.0.2.7', remotePort: 40_000, localAddress: '192.0.2.1', localPort: 465 },
};

/** Verifiers that no password fits. */
export const noPassword: Verifiers = {
  scram: {
    salt: new Uint8Array(16),
    iterations: 10_000,
    storedKey: new Uint8Array(32),
    serverKey: new Uint8Array(32),
  },
  argon2id:
    '$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
};

/** When everything happens, unless the clock is moved. */
export const beginning = Date.UTC(2026, 10, 22, 17);

export type SubmissionHouse = {
  readonly store: Store;
  readonly policy: SubmissionPolicy;
  /** What it stands on is now. */
  readonly clock: { now: number };
};

/** A house with its people, and rules as a test wants them. */
export async function submissionHouse(
  rules: Partial<SubmissionRules> = {},
  who: Partial<RecipientRules> = {},
): Promise<SubmissionHouse> {
  const store = openMemoryStore();
  for (const name of people)
    await store.createAccount({ name: name as AccountName, verifiers: noPassword, createdAt: 0 });
  const clock = { now: beginning };
  const now = (): number => clock.now;
  const canonical = (user: string): AccountName | null => accountNamed(user, domains);
  const table = recipientTable({
    domains,
    aliases: new Map(),
    catchAll: new Map(),
    detailSeparator: '+',
    postmaster: 'nobody',
    ...who,
  });
  assert(table.ok);
  const policy = new SubmissionPolicy({
    store,
    authenticator: new Authenticator({ store, now, random: randomBytes, secret: randomBytes(32), canonical }),
    enroller: new Enroller({ store, now, random: randomBytes }),
    host: 'mail.example.org',
    domains,
    passwordKind: 'strong',
    now,
    random: randomBytes,
    rules: { ...defaultSubmissionRules, ...rules },
    recipients: new LocalRecipients(table.value, store),
  });
  return { store, policy, clock };
}

/** The address of a text that is one. */
export function address(text: string): Address {
  const parsed = parseAddress(text);
  assert(parsed.ok, text);
  return parsed.value;
}

/** A recipient of RCPT, with what was asked for. */
export const to = (text: string, requests?: Recipient['requests']): Recipient => ({
  is: 'address',
  address: address(text),
  ...(requests === undefined ? {} : { requests }),
});

/** An envelope of Alice's. */
export const envelope = (sender: string | null, ...recipients: Recipient[]): Envelope => ({
  client: { name: 'c.example', extended: true },
  login: { account: 'alice@example.org', mechanism: 'PLAIN', channelBinding: null },
  sender: sender === null ? null : address(sender),
  smtpUtf8: false,
  body: '7BIT',
  announcedBytes: null,
  recipients,
});

/** A letter's bytes as a policy gets them. */
export const content = (text: string): { chunks: Uint8Array<ArrayBuffer>[]; sizeBytes: number } => {
  const bytes = new Uint8Array(Buffer.from(text));
  return { chunks: [bytes], sizeBytes: bytes.length };
};

/** A verdict in one word. */
export const word = (verdict: Verdict): string =>
  verdict.verdict === 'refused' ? verdict.why.why : verdict.verdict;

/** Everything in somebody's mailbox, newest first. */
export async function inbox(store: Store, name: string): Promise<readonly Letter[]> {
  const account = await store.account(name as AccountName);
  assert(account !== null);
  return lettersInInbox(store, account.id);
}

/** The newest letter of somebody's mailbox as it is served. */
export async function served(store: Store, name: string): Promise<string> {
  const account = await store.account(name as AccountName);
  const [letter] = await inbox(store, name);
  assert(account !== null && letter !== undefined, `${name} has no letter`);
  const blob = await store.blob(account.id, letter.id);
  assert(blob !== null);
  return Buffer.concat([letter.prefix, ...keptPieces(blob, letter.omitted)]).toString();
}
