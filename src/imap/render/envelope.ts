import type { AddressListItem, ListedMailbox } from '../../mail/address-list.ts';
import { asciiDomain } from '../../mail/domain.ts';
import type { Envelope } from '../../mail/envelope.ts';
import { nstring } from './string.ts';

type Addresses = Envelope['from'];

// envelope = "(" env-date SP env-subject SP env-from SP env-sender SP env-reply-to SP env-to SP env-cc SP env-bcc SP
//            env-in-reply-to SP env-message-id ")"                               (RFC 9051 section 9)
/** Sender and Reply-To are the From where there is none or nothing in it (RFC 9051 section 7.5.2). */
export function formatEnvelope(envelope: Envelope): string {
  const from = formatAddresses(envelope.from);
  return `(${nstring(envelope.date)} ${nstring(envelope.subject)} ${from} ${or(envelope.sender, from)} ${or(
    envelope.replyTo,
    from,
  )} ${formatAddresses(envelope.to)} ${formatAddresses(envelope.cc)} ${formatAddresses(envelope.bcc)} ${nstring(
    envelope.inReplyTo,
  )} ${nstring(envelope.messageId)})`;
}

const or = (addresses: Addresses, from: string): string => {
  const own = formatAddresses(addresses);
  return own === 'NIL' ? from : own;
};

// env-from = "(" 1*address ")" / nil
function formatAddresses(addresses: Addresses): string {
  if (addresses === null || addresses.length === 0) return 'NIL';
  let text = '(';
  for (const item of addresses) text += formatItem(item);
  return `${text})`;
}

/** A group begins with its name in the place of a mailbox, and ends with nothing there (RFC 9051 section 7.5.2). */
const formatItem = (item: AddressListItem): string =>
  item.is === 'mailbox'
    ? formatAddress(item)
    : `(NIL NIL ${nstring(item.name)} NIL)${item.members.map(formatAddress).join('')}(NIL NIL NIL NIL)`;

// address = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")"
/** What is no address has an empty mailbox and host: nothing in their place would be a group. */
const formatAddress = ({ name, address }: ListedMailbox): string =>
  address === null
    ? `(${nstring(name)} NIL "" "")`
    : `(${nstring(name)} NIL ${nstring(address.localPart)} ${formatHost(address.domain)})`;

const formatHost = (domain: string): string =>
  // oxlint-disable-next-line no-control-regex -- what is not ASCII is the question
  nstring(/^[\u0000-\u007f]*$/.test(domain) ? domain : asciiDomain(domain));
