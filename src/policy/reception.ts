import { createHash } from 'node:crypto';
import { formatAddress, parseAddress } from '../mail/address.ts';
import { headerFields } from '../mail/header.ts';
import { formatReceived, protocolName } from '../mail/received.ts';
import { formatDeliveredTo, formatReturnPath } from '../mail/trace-fields.ts';
import type { Endpoints } from '../mail/transport.ts';
import type { TransportRecord } from '../passport/record.ts';
import { ok, type Result } from '../result.ts';
import type { Envelope, Recipient, Secured } from '../smtp/session.ts';
import type { Account, AccountId, BlobHash, DeliveryRecipient } from '../store/port.ts';
import type { Destination } from './local-recipients-table.ts';
import type { LocalRecipients, RecipientRefusal } from './local-recipients.ts';

/** What the session does not know and policy needs. */
export type Visit = { readonly endpoints: Endpoints };

/** A letter's bytes as they came. They are the store's after `deliver`. */
export type Content = { readonly chunks: readonly Uint8Array<ArrayBuffer>[]; readonly sizeBytes: number };

/** A complete letter and how it came in: what every door that takes letters has in the end. */
export type Reception = {
  readonly envelope: Envelope;
  readonly secured: Secured | null;
  readonly visit: Visit;
  /** This server's host name. */
  readonly host: string;
  readonly hash: BlobHash;
  readonly sizeBytes: number;
  /** When the last byte had arrived, milliseconds since 1970. */
  readonly receivedAt: number;
  /** Whether it came by LMTP; absent is no. */
  readonly lmtp?: boolean;
};

/** The id under which the letter is logged, and which its reply and `Received:` field name. */
export const receptionId = (hash: BlobHash): string => hash.slice(0, 16);

/** As much of a header as is looked at. */
export const headBytes = 262_144;

/** The beginning of the letter in one piece; what a summary is made from. */
export function headOf({ chunks, sizeBytes }: Content): Uint8Array {
  const [first] = chunks;
  if (first !== undefined && (chunks.length === 1 || first.length >= headBytes)) return first;
  return Buffer.concat(chunks, Math.min(sizeBytes, headBytes));
}

/** More `Received:` fields than this, and the letter goes in circles (RFC 5321 section 6.3). */
const mostReceivedFields = 100;

/** Whether a letter with this head has been to so many servers that it must be going in circles. */
export function goesInCircles(head: Uint8Array): boolean {
  let count = 0;
  for (const { name } of headerFields(head)) if (name.toLowerCase() === 'received') count += 1;
  return count > mostReceivedFields;
}

/** The SHA-256 of the letter as it came. */
export function contentHash({ chunks }: Content): BlobHash {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex') as BlobHash;
}

/**
 * What comes of each forward path of the envelope, in its order: those who get the letter by it, or why nobody does. Before
 * the letter stand, from the top, `Return-Path:`, `Delivered-To:`, the fields of `findings`, and `Received:`: what was found
 * is above the trace of the same hop (RFC 8601 section 5), and one recipient's fields name no other.
 */
export async function recipientsOfPaths(
  reception: Reception,
  recipients: LocalRecipients,
  findings = '',
): Promise<readonly Result<readonly DeliveryRecipient[], RecipientRefusal>[]> {
  const { envelope } = reception;
  const returnPath = formatReturnPath(envelope.sender);
  const received = receivedField(reception);
  const paths: Result<readonly DeliveryRecipient[], RecipientRefusal>[] = [];
  for (const recipient of envelope.recipients) {
    const destinations = await recipients.find(recipient);
    if (!destinations.ok) paths.push(destinations);
    else
      paths.push(
        ok(
          destinations.value.map((destination) => ({
            account: destination.account.id,
            forwardPath: forwardPath(recipient),
            prefix: Buffer.from(`${returnPath}${deliveredTo(destination)}${findings}${received}`),
          })),
        ),
      );
  }
  return paths;
}

/** Each account once, however many forward paths lead to it; the first of them counts. */
export function eachOnce(recipients: readonly DeliveryRecipient[]): readonly DeliveryRecipient[] {
  const found = new Map<AccountId, DeliveryRecipient>();
  for (const one of recipients) if (!found.has(one.account)) found.set(one.account, one);
  return [...found.values()];
}

/** Who gets the letter, each account once; null where a forward path leads nowhere by now. */
export async function deliveryRecipients(
  reception: Reception,
  recipients: LocalRecipients,
  findings = '',
): Promise<readonly DeliveryRecipient[] | null> {
  const found: DeliveryRecipient[] = [];
  for (const path of await recipientsOfPaths(reception, recipients, findings)) {
    if (!path.ok) return null;
    found.push(...path.value);
  }
  return eachOnce(found);
}

const forwardPath = (recipient: Recipient): string =>
  recipient.is === 'postmaster' ? 'Postmaster' : formatAddress(recipient.address);

function deliveredTo(destination: Destination<Account>): string {
  const parsed = parseAddress(destination.deliveredTo);
  return parsed.ok ? formatDeliveredTo(parsed.value) : '';
}

function receivedField(reception: Reception): string {
  const { envelope, secured, visit, host, hash, receivedAt } = reception;
  const only = envelope.recipients.length === 1 ? envelope.recipients[0] : undefined;
  return formatReceived({
    clientName: envelope.client.name,
    clientAddress: visit.endpoints.remoteAddress,
    by: host,
    protocol: protocolOf(reception),
    id: receptionId(hash),
    ...(only?.is === 'address' ? { recipient: only.address } : {}),
    receivedAt,
    tls: secured?.tls ?? null,
  });
}

/** How the letter travelled on the hop into this server. */
export function transportRecord(reception: Reception): TransportRecord {
  const { envelope, secured, visit, host, hash, sizeBytes, receivedAt } = reception;
  return {
    version: 1,
    receivedAt: new Date(receivedAt).toISOString(),
    by: host,
    protocol: protocolOf(reception),
    client: {
      name: envelope.client.name,
      address: visit.endpoints.remoteAddress,
      port: visit.endpoints.remotePort,
    },
    tls: secured?.tls ?? null,
    authentication: envelope.login,
    reversePath: envelope.sender === null ? '' : formatAddress(envelope.sender),
    sha256: hash,
    sizeBytes,
  };
}

function protocolOf({ envelope, secured, lmtp = false }: Reception): string {
  return protocolName({
    esmtp: envelope.client.extended,
    lmtp,
    tls: secured !== null,
    authenticated: envelope.login !== null,
    smtpUtf8: envelope.smtpUtf8,
  });
}
