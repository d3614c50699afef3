import { createHash, hash as hashOf } from 'node:crypto';
import { formatAddress, parseAddress, type Address } from '../mail/address.ts';
import type { Header } from '../mail/header.ts';
import { formatReceived, protocolName } from '../mail/received.ts';
import { prefersDelivery } from '../mail/tls-required.ts';
import { formatDeliveredTo, formatReturnPath } from '../mail/trace-fields.ts';
import type { Endpoints } from '../mail/transport.ts';
import type { TransportRecord } from '../passport/record.ts';
import { ok, type Result } from '../result.ts';
import type { Envelope, Recipient, Secured } from '../smtp/session.ts';
import type { AccountId, BlobHash, DeliveryRecipient } from '../store/port.ts';
import type { LocalDestination, LocalRecipients, RecipientRefusal } from './local-recipients.ts';

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

/** Whether a letter with this header has been to so many servers that it must be going in circles. */
export function goesInCircles({ fields }: Header): boolean {
  if (fields.length <= mostReceivedFields) return false;
  let count = 0;
  for (const { name } of fields) if (name === 'received') count += 1;
  return count > mostReceivedFields;
}

/** The SHA-256 of the letter as it came. */
export function contentHash({ chunks }: Content): BlobHash {
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) return hashOf('sha256', only) as BlobHash;
  const sha256 = createHash('sha256');
  for (const chunk of chunks) sha256.update(chunk);
  return sha256.digest('hex') as BlobHash;
}

/** One recipient of an envelope, and the mailboxes that it leads to: at least one. */
export type Route = {
  readonly recipient: Recipient;
  readonly destinations: readonly LocalDestination[];
};

/** Where each recipient of the envelope leads, in its order, or why nowhere. */
export async function pathsOf(
  { recipients }: Envelope,
  local: LocalRecipients,
): Promise<readonly Result<Route, RecipientRefusal>[]> {
  const paths: Result<Route, RecipientRefusal>[] = [];
  for (const recipient of recipients) {
    const found = await local.find(recipient);
    paths.push(found.ok ? ok({ recipient, destinations: found.value }) : found);
  }
  return paths;
}

/** Where every recipient of the envelope leads; null where one of them leads nowhere by now. */
export async function routesOf(envelope: Envelope, local: LocalRecipients): Promise<readonly Route[] | null> {
  const paths = await pathsOf(envelope, local);
  const routes = paths.flatMap((path) => (path.ok ? [path.value] : []));
  return routes.length === paths.length ? routes : null;
}

/** Fields of this server that stand before a letter besides those of its delivery, CRLF included. */
export type OwnFields = {
  /** What this server says of the letter's origin: above the trace of the same hop (RFC 8601 section 5). */
  readonly findings?: string;
  /** What the letter lacked: next to its own fields. */
  readonly added?: string;
  /** As `ComputedLetter` has it. */
  readonly separation?: '' | '\r\n';
};

/**
 * Who gets the letter, each account once, however many forward paths lead to it. Before the letter stand, from the top,
 * `Return-Path:`, `Delivered-To:`, what was found, `Received:`, and what was added; one recipient's fields name no other.
 */
export function deliveryRecipients(
  reception: Reception,
  routes: readonly Route[],
  { findings = '', added = '', separation = '' }: OwnFields,
): readonly DeliveryRecipient[] {
  const below = `${findings}${receivedField(reception)}${added}${separation}`;
  return recipientsOf(routes, reception.envelope.sender, below);
}

/** The same for a letter of `sender`, null for the null reverse path, with these fields below those of its delivery. */
export function recipientsOf(
  routes: readonly Route[],
  sender: Address | null,
  below: string,
): readonly DeliveryRecipient[] {
  const returnPath = formatReturnPath(sender);
  const found = new Map<AccountId, DeliveryRecipient>();
  for (const { recipient, destinations } of routes) {
    for (const destination of destinations) {
      const { id } = destination.account;
      if (found.has(id)) continue;
      const prefix = Buffer.from(`${returnPath}${deliveredTo(destination)}${below}`);
      found.set(id, { account: id, forwardPath: forwardPathOf(recipient), prefix });
    }
  }
  return [...found.values()];
}

/** The forward path of RCPT, without angle brackets. */
export const forwardPathOf = (recipient: Recipient): string =>
  recipient.is === 'postmaster' ? 'Postmaster' : formatAddress(recipient.address);

/** The fields of destinations that are remembered. */
const deliveredToFields = new WeakMap<LocalDestination, string>();

function deliveredTo(destination: LocalDestination): string {
  const known = deliveredToFields.get(destination);
  if (known !== undefined) return known;
  const parsed = parseAddress(destination.deliveredTo);
  const field = parsed.ok ? formatDeliveredTo(parsed.value) : '';
  deliveredToFields.set(destination, field);
  return field;
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
    ...priorityOf(envelope),
    receivedAt,
    tls: secured?.tls ?? null,
  });
}

/** MT-PRIORITY where the client gave one. */
function priorityOf({ requests }: Envelope): { readonly priority?: number } {
  const priority = requests?.priority ?? null;
  return priority === null ? {} : { priority };
}

/** RFC 8689 section 4.1: what the envelope says counts before what the header says. */
function tlsRequiredOf({ requests }: Envelope, header: Header): Pick<TransportRecord, 'tlsRequired'> {
  if (requests?.requireTls === true) return { tlsRequired: 'yes' };
  return prefersDelivery(header) ? { tlsRequired: 'no' } : {};
}

/** How the letter with this header travelled on the hop into this server. */
export function transportRecord(reception: Reception, header: Header): TransportRecord {
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
    ...tlsRequiredOf(envelope, header),
    ...priorityOf(envelope),
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
