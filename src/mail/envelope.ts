import { parseWrittenAddressList, type AddressListItem } from './address-list.ts';
import { parseDate } from './date.ts';
import type { LetterAllowance } from './letter-bounds.ts';

/**
 * What a letter's header says of it, computed once: ENVELOPE of RFC 9051 section 7.5.2 and the header properties of
 * RFC 8621 section 4.1.2.3. Texts and names are unfolded and still in encoded words; null where there is no such field,
 * an empty text or list where it holds nothing. Of a field that occurs twice the last counts (RFC 8621 section 4.1.3).
 */
export type Envelope = {
  readonly date: string | null;
  readonly subject: string | null;
  readonly from: readonly AddressListItem[] | null;
  readonly sender: readonly AddressListItem[] | null;
  readonly replyTo: readonly AddressListItem[] | null;
  readonly to: readonly AddressListItem[] | null;
  readonly cc: readonly AddressListItem[] | null;
  readonly bcc: readonly AddressListItem[] | null;
  readonly inReplyTo: string | null;
  readonly messageId: string | null;
  readonly references: string | null;
};

/** The fields of a header that an envelope is made of, in lower case. */
export const envelopeFields: ReadonlySet<string> = new Set([
  'date',
  'subject',
  'from',
  'sender',
  'reply-to',
  'to',
  'cc',
  'bcc',
  'in-reply-to',
  'message-id',
  'references',
]);

/** The envelope whose fields `value` gives, unfolded and on one line; its addresses are taken off the allowance. */
export const envelopeOf = (value: (field: string) => string | null, allowance: LetterAllowance): Envelope => {
  const addresses = (field: string): readonly AddressListItem[] | null => {
    const text = value(field);
    if (text === null) return null;
    const items = parseWrittenAddressList(text, allowance.addresses);
    allowance.addresses -= countAddresses(items);
    return items;
  };
  return {
    date: value('date'),
    subject: value('subject'),
    // The reader is shown who wrote, whoever else is named: so it comes before the long lists.
    from: addresses('from'),
    sender: addresses('sender'),
    replyTo: addresses('reply-to'),
    to: addresses('to'),
    cc: addresses('cc'),
    bcc: addresses('bcc'),
    inReplyTo: value('in-reply-to'),
    messageId: value('message-id'),
    references: value('references'),
  };
};

/** A group counts as one, beside its members. */
const countAddresses = (items: readonly AddressListItem[]): number =>
  items.reduce((sum, item) => sum + (item.is === 'group' ? item.members.length + 1 : 1), 0);

/** When the letter says that it was written, in milliseconds since 1970; null where it does not say it readably. */
export const sentAt = ({ date }: Envelope): number | null => (date === null ? null : parseDate(date));
