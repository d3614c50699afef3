import { isAscii } from 'node:buffer';
import { parseAddressList, formatMailbox, type AddressListItem, type ListedMailbox } from './address-list.ts';
import { asciiDomain } from './domain.ts';
import { formatEncodedWords, parseEncodedWords } from './encoded-word.ts';
import { formatField } from './field.ts';
import { Header } from './header.ts';
import { oneLine } from './one-line.ts';
import { parseParameters } from './parameters.ts';

const ASCII = /^[ -~]*$/;

/**
 * A header for a program that knows ASCII alone (RFC 6858 section 2): fields with other octets are written anew, the others
 * stay octet by octet. Texts and names go into encoded words, parameters into RFC 2231's form, domains into A-labels. An
 * address that ASCII cannot write becomes one that nobody has, with what it was in its name. Fields of other kinds are left
 * out: what is missing is seen as missing, and not taken for something else.
 */
export function downgradedHeader(bytes: Uint8Array): Uint8Array {
  const header = new Header(bytes, { fields: Infinity, bytes: bytes.length });
  const pieces: Uint8Array[] = [];
  const keep = (from: number, to: number): void => {
    const piece = bytes.subarray(from, to);
    if (isAscii(piece)) pieces.push(piece);
  };
  let at = 0;
  for (const field of header.fields) {
    keep(at, field.start);
    if (isAscii(bytes.subarray(field.start, field.end))) keep(field.start, field.end);
    else {
      const value = rewritten(field.name, header.value(field, bytes.length));
      const name = Buffer.from(bytes.subarray(field.start, field.valueStart - 1)).toString('latin1');
      if (value !== null) pieces.push(Buffer.from(formatField(name.trimEnd(), value)));
    }
    at = field.end;
  }
  keep(at, bytes.length);
  return Buffer.concat(pieces);
}

/** The value in ASCII; null for one that there is no way to write in it. */
function rewritten(name: string, value: string): string | null {
  switch (name) {
    case 'from':
    case 'sender':
    case 'reply-to':
    case 'to':
    case 'cc':
    case 'bcc':
    case 'return-path':
    case 'resent-from':
    case 'resent-sender':
    case 'resent-reply-to':
    case 'resent-to':
    case 'resent-cc':
    case 'resent-bcc':
      return addresses(parseAddressList(value));
    case 'subject':
    case 'comments':
    case 'content-description':
      return formatEncodedWords(oneLine(parseEncodedWords(value)));
    case 'content-type':
    case 'content-disposition':
      return parameters(value);
    default:
      return null;
  }
}

/** RFC 6858 section 2.1. */
const addresses = (items: readonly AddressListItem[]): string =>
  items
    .map((item) =>
      item.is === 'mailbox'
        ? mailbox(item)
        : `${formatEncodedWords(item.name)}: ${item.members.map(mailbox).join(', ')};`,
    )
    .join(', ');

const nobody = { localPart: 'invalid', domain: 'internationalized-address.invalid' };

function mailbox({ name, address }: ListedMailbox): string {
  if (address === null) return formatMailbox({ name: name ?? '?', address: nobody }, 'ascii');
  const { localPart, domain } = address;
  if (ASCII.test(localPart) && ASCII.test(asciiDomain(domain)))
    return formatMailbox({ name, address }, 'ascii');
  const written = `${localPart}@${domain}`;
  return formatMailbox({ name: name === null ? written : `${name} <${written}>`, address: nobody }, 'ascii');
}

/** So many parameters are looked at. */
const mostParameters = 100;

/** RFC 6858 section 2.2, but that what can be said in RFC 2231 section 4's form is said so: the name of a file stays. */
function parameters(value: string): string | null {
  const semicolon = value.indexOf(';');
  const kind = (semicolon === -1 ? value : value.slice(0, semicolon)).trim();
  if (!ASCII.test(kind)) return null;
  const written = parseParameters(value, kind.length, mostParameters).map(({ name, value: text }) =>
    ASCII.test(text)
      ? `; ${name}="${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`
      : `; ${name}*=utf-8''${percentEncoded(text)}`,
  );
  return `${kind}${written.join('')}`;
}

/** What may stand for itself is less than a URI lets: attribute-char of RFC 2231 section 7. */
const percentEncoded = (text: string): string =>
  encodeURIComponent(text.toWellFormed()).replaceAll(
    /['()*!]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
