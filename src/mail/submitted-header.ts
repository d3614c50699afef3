import { formatAddress, parseAddress, type Address } from './address.ts';
import { formatMailbox, parseAddressList, type AddressListItem } from './address-list.ts';
import { foreignTrace } from './authentication-results-forged.ts';
import { formatDate } from './date.ts';
import { formatField } from './field.ts';
import type { Header, HeaderField } from './header.ts';
import { omittedFields, type OmittedRange } from './omitted-ranges.ts';

/** What the header of a submitted letter says of itself. */
export type SubmittedHeader = {
  /** Everybody in its From fields, in all of them; null is one without an address, or with none that could be used. */
  readonly from: readonly (Address | null)[];
  /** The same for Sender. */
  readonly sender: readonly (Address | null)[];
  readonly hasDate: boolean;
  readonly hasMessageId: boolean;
};

/** Octets of From and Sender that are taken apart; a hundred of the longest addresses are shorter. */
const mostNamedBytes = 32_768;

/** Reads the fields of a whole header. Never fails. */
export function readSubmittedHeader(header: Header): SubmittedHeader {
  let leftBytes = mostNamedBytes;
  const namedIn = (field: HeaderField): readonly (Address | null)[] => {
    leftBytes -= field.valueEnd - field.valueStart;
    // To its end or not at all: what is behind a limit is shown to somebody all the same.
    if (leftBytes < 0) return [null];
    return parseAddressList(header.value(field, mostNamedBytes)).flatMap(usable);
  };
  const from: (Address | null)[] = [];
  const sender: (Address | null)[] = [];
  let [hasDate, hasMessageId] = [false, false];
  for (const field of header.fields) {
    switch (field.name) {
      case 'from':
        from.push(...namedIn(field));
        break;
      case 'sender':
        sender.push(...namedIn(field));
        break;
      case 'date':
        hasDate = true;
        break;
      case 'message-id':
        hasMessageId = true;
        break;
    }
  }
  return { from, sender, hasDate, hasMessageId };
}

function usable(item: AddressListItem): readonly (Address | null)[] {
  // A group's name is read like a person's, with members or without.
  if (item.is === 'group') return item.members.length === 0 ? [null] : item.members.flatMap(usable);
  const parsed = item.address === null ? null : parseAddress(formatAddress(item.address));
  return [parsed?.ok === true ? parsed.value : null];
}

/** What a submission server puts before a letter that lacks it. */
export type AddedFields = {
  /** Milliseconds since 1970; null where the letter has a date. */
  readonly date: number | null;
  /** Without angle brackets; null where the letter has one. */
  readonly messageId: string | null;
};

/** Writes those fields, CRLF included (RFC 6409 sections 8.2 and 8.3). */
export const formatAddedFields = ({ date, messageId }: AddedFields): string =>
  [
    date === null ? '' : formatField('Date', formatDate(date)),
    messageId === null ? '' : formatField('Message-ID', `<${messageId}>`),
  ].join('');

/** The field that says whose account a letter is from, CRLF included (RFC 6409 section 8.1). */
export const formatSender = (account: Address): string =>
  formatField('Sender', formatMailbox({ name: null, address: account }, 'ascii'));

/**
 * What of a submitted letter its recipients must not see, as ranges of its bytes: Bcc and Resent-Bcc (RFC 5322 sections
 * 3.6.3 and 3.6.6), trace fields that are this server's to write, and its Sender where another one stands in its place.
 */
export function unservedFields(
  header: Header,
  authservId: string,
  sender: 'kept' | 'replaced',
): readonly OmittedRange[] {
  const isForeign = foreignTrace(header, authservId);
  return omittedFields(header, (field) => {
    switch (field.name) {
      case 'bcc':
      case 'resent-bcc':
        return true;
      case 'sender':
        return sender === 'replaced';
      default:
        return isForeign(field);
    }
  });
}
