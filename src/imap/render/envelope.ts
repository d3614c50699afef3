import type { AddressListItem, ListedMailbox } from '../../mail/address-list.ts';
import { asciiDomain } from '../../mail/domain.ts';
import type { Envelope } from '../../mail/envelope.ts';
import { nstring, type TextForm } from './string.ts';

type Addresses = Envelope['from'];

// envelope = "(" env-date SP env-subject SP env-from SP env-sender SP env-reply-to SP env-to SP env-cc SP env-bcc SP
//            env-in-reply-to SP env-message-id ")"                               (RFC 9051 section 9)
/** Sender and Reply-To are the From where there is none or nothing in it (RFC 9051 section 7.5.2). */
export function formatEnvelope(envelope: Envelope, form: TextForm): string {
  const from = formatAddresses(envelope.from, form);
  return `(${nstring(envelope.date, form)} ${nstring(envelope.subject, form)} ${from} ${or(envelope.sender, from, form)} ${or(envelope.replyTo, from, form)} ${formatAddresses(envelope.to, form)} ${formatAddresses(envelope.cc, form)} ${formatAddresses(envelope.bcc, form)} ${nstring(envelope.inReplyTo, form)} ${nstring(envelope.messageId, form)})`;
}

const or = (addresses: Addresses, from: string, form: TextForm): string => {
  const own = formatAddresses(addresses, form);
  return own === 'NIL' ? from : own;
};

// env-from = "(" 1*address ")" / nil
function formatAddresses(addresses: Addresses, form: TextForm): string {
  if (addresses === null || addresses.length === 0) return 'NIL';
  let text = '(';
  for (const item of addresses) text += formatItem(item, form);
  return `${text})`;
}

/** A group begins with its name in the place of a mailbox, and ends with nothing there (RFC 9051 section 7.5.2). */
const formatItem = (item: AddressListItem, form: TextForm): string =>
  item.is === 'mailbox'
    ? formatAddress(item, form)
    : `(NIL NIL ${nstring(item.name, form)} NIL)${item.members.map((member) => formatAddress(member, form)).join('')}(NIL NIL NIL NIL)`;

// address = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")"
/** What is no address has an empty mailbox and host: nothing in their place would be a group. */
const formatAddress = ({ name, address }: ListedMailbox, form: TextForm): string =>
  address === null
    ? `(${nstring(name, form)} NIL "" "")`
    : `(${nstring(name, form)} NIL ${nstring(address.localPart, form)} ${formatHost(address.domain, form)})`;

// oxlint-disable-next-line no-control-regex -- what is not ASCII is the question
const ascii = /^[\u0000-\u007f]*$/;

const formatHost = (domain: string, form: TextForm): string =>
  nstring(form === 'utf-8' || ascii.test(domain) ? domain : asciiDomain(domain), form);
