import { parseWrittenAddressList, type AddressListItem } from './address-list.ts';
import { parseDate } from './date.ts';
import { fieldValue, headerFields } from './header.ts';
import { oneLine } from './one-line.ts';

/**
 * What a letter's header says of it, computed once: ENVELOPE of RFC 9051 section 7.5.2 and the header properties of
 * RFC 8621 section 4.1.2.3. Texts and names are
 * unfolded and still in encoded words; null where there is no such field, an empty
 * text or list where it holds nothing. Of a field that occurs twice the last counts (RFC 8621 section 4.1.3).
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

/** Reads the envelope from a header, as far as `headerFields` reads one. Never fails. */
export const readEnvelope = (header: Uint8Array): Envelope => {
  const values = new Map<string, string>();
  for (const field of headerFields(header))
    values.set(field.name.toLowerCase(), oneLine(fieldValue(header, field)));
  const text = (name: string): string | null => values.get(name) ?? null;
  const addresses = (name: string): readonly AddressListItem[] | null => {
    const value = values.get(name);
    return value === undefined ? null : parseWrittenAddressList(value);
  };
  return {
    date: text('date'),
    subject: text('subject'),
    from: addresses('from'),
    sender: addresses('sender'),
    replyTo: addresses('reply-to'),
    to: addresses('to'),
    cc: addresses('cc'),
    bcc: addresses('bcc'),
    inReplyTo: text('in-reply-to'),
    messageId: text('message-id'),
    references: text('references'),
  };
};

/** When the letter says that it was written, in milliseconds since 1970; null where it does not say it readably. */
export const sentAt = ({ date }: Envelope): number | null => (date === null ? null : parseDate(date));
