import { formatAddress, type Address } from './address.ts';
import { commentEnd } from './comments.ts';
import { asciiDomain } from './domain.ts';
import { formatEncodedWords, parseEncodedWords } from './encoded-word.ts';
import { oneLine } from './one-line.ts';

/** Somebody in `From:`, `To:` and their kin (RFC 5322 section 3.4). */
export type Mailbox = {
  /** The display name, decoded; null where there is none. */
  readonly name: string | null;
  readonly address: Address;
};

/**
 * What such a field holds. Names are decoded where `parseAddressList` read them. An address is as it was written and may
 * be none that `parseAddress` takes.
 */
export type AddressListItem =
  | { readonly is: 'mailbox'; readonly name: string | null; readonly address: Address | null }
  | { readonly is: 'group'; readonly name: string; readonly members: readonly ListedMailbox[] };

export type ListedMailbox = Extract<AddressListItem, { is: 'mailbox' }>;

type Token = {
  readonly kind: 'text' | 'quoted' | 'comment' | 'special';
  readonly text: string;
  /** Whether white space or a comment stands before it. */
  readonly spaced: boolean;
};

const BLANK = /[\s\p{Cc}]+/uy;
const ENCODED_WORD = /=\?[^\s?]{1,80}\?[BbQq]\?[^\s?]*\?=/y;
const ATOM = /[^\s\p{Cc}()<>[\]:;@\\,."]+/uy;
const QUOTED_STRING = /"((?:[^"\\]|\\[^])*)(?:"|\\?$)/y;
const DOMAIN_LITERAL = /\[[^[\]\\]*\]/y;

/**
 * The words of a structured field (RFC 5322 sections 3.2.3 to 3.2.5 and 4.1), never failing: what is not closed goes
 * to the end, a character that begins nothing is a special.
 */
function* tokens(text: string): Generator<Token, void, undefined> {
  let spaced = false;
  for (let at = 0; at < text.length;) {
    const start = at;
    const match = (pattern: RegExp): RegExpExecArray | null => {
      pattern.lastIndex = start;
      return pattern.exec(text);
    };
    const blank = match(BLANK);
    if (blank !== null) {
      spaced = true;
      at += blank[0].length;
      continue;
    }
    if (text[at] === '(') {
      at = commentEnd(text, at);
      yield { kind: 'comment', text: unescape(text.slice(start + 1, at).replace(/\)$/, '')), spaced };
      spaced = true;
      continue;
    }
    const quoted = text[at] === '"' ? match(QUOTED_STRING) : null;
    const word = quoted ?? match(ENCODED_WORD) ?? match(ATOM) ?? match(DOMAIN_LITERAL);
    at += word?.[0].length ?? 1;
    if (quoted !== null) yield { kind: 'quoted', text: unescape(quoted[1] ?? ''), spaced };
    else yield { kind: word === null ? 'special' : 'text', text: word?.[0] ?? text.charAt(start), spaced };
    spaced = false;
  }
}

const unescape = (text: string): string => text.replaceAll(/\\([^])/g, '$1');

// address-list = (address *("," address)) / obs-addr-list
// address      = mailbox / group
// mailbox      = name-addr / addr-spec
// name-addr    = [display-name] angle-addr      ; angle-addr = [CFWS] "<" addr-spec ">" [CFWS] / obs-angle-addr
// group        = display-name ":" [group-list] ";" [CFWS]
/**
 * Reads the value of an address field, unfolded and still in encoded words (RFC 5322 sections 3.4 and 4.4). Never fails.
 * Lenient: empty elements, source routes, a name as a comment after the address, dots in names, encoded words inside
 * quotes, addresses without a domain, brackets and groups that are not closed (mail programs of forty years).
 */
export const parseAddressList = (text: string): readonly AddressListItem[] =>
  decodeNames(parseWrittenAddressList(text, Infinity));

/** As `parseAddressList`, but that names stay in their encoded words, and that it ends after `most` mailboxes and groups. */
export const parseWrittenAddressList = (text: string, most: number): readonly AddressListItem[] => {
  const usual = most > 0 ? usualMailbox(text) : null;
  if (usual !== null) return [usual];
  const items: AddressListItem[] = [];
  let room = most;
  let group: { readonly name: string; readonly members: ListedMailbox[] } | null = null;
  let words: Token[] = [];
  let angle: Token[] | null = null;
  const endMailbox = (): void => {
    const mailbox = room > 0 ? readMailbox(words, angle) : null;
    if (mailbox !== null) {
      (group?.members ?? items).push(mailbox);
      room -= 1;
    }
    [words, angle] = [[], null];
  };
  const endGroup = (): void => {
    endMailbox();
    if (group !== null) items.push({ is: 'group', ...group });
    group = null;
  };
  let inAngle = false;
  /** Between the `<@` and the `:` of a source route, where commas separate no mailboxes. */
  let inRoute = false;
  for (const token of tokens(text)) {
    if (room <= 0) break;
    const special = token.kind === 'special' ? token.text : '';
    if (inAngle && angle?.length === 0) inRoute = special === '@';
    if (special === ':') inRoute = false;
    if (special === ',' && !(inAngle && inRoute)) {
      endMailbox();
      inAngle = false;
    } else if (special === ';') {
      endGroup();
      inAngle = false;
    } else if (special === '>') inAngle = false;
    else if (inAngle && special !== '<') angle?.push(token);
    else if (special === '<' && angle === null) [angle, inAngle] = [[], true];
    else if (special === ':' && group === null && angle === null) {
      group = { name: phrase(words) ?? '', members: [] };
      room -= 1;
      words = [];
    } else if (angle === null || token.kind === 'comment') words.push(token);
  }
  endGroup();
  return items;
};

const ATEXT = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const DOT_ATOM = `${ATEXT}(?:\\.${ATEXT})*`;
const ADDR_SPEC = `(${DOT_ATOM})@(${DOT_ATOM})`;
const USUAL = new RegExp(`^(?:(?:(?:(${ATEXT}(?: ${ATEXT})*)|"([^"\\\\]*)") )?<${ADDR_SPEC}>|${ADDR_SPEC})$`);

/** One mailbox as nearly every program writes it, read at one stroke; null for anything else. */
const usualMailbox = (text: string): ListedMailbox | null => {
  const match = USUAL.exec(text);
  if (match === null) return null;
  const [, words, quoted, localPart, domain, bareLocalPart = '', bareDomain = ''] = match;
  const name = words ?? (quoted === undefined ? null : oneLine(quoted));
  const address = { localPart: localPart ?? bareLocalPart, domain: domain ?? bareDomain };
  return { is: 'mailbox', name, address };
};

/** The same with its names as a person reads them, on one line. */
export const decodeNames = (items: readonly AddressListItem[]): readonly AddressListItem[] =>
  items.map((item) =>
    item.is === 'mailbox'
      ? decodeName(item)
      : {
          is: 'group',
          name: oneLine(parseEncodedWords(item.name)),
          members: item.members.map(decodeName),
        },
  );

const decodeName = (mailbox: ListedMailbox): ListedMailbox =>
  mailbox.name === null ? mailbox : { ...mailbox, name: oneLine(parseEncodedWords(mailbox.name)) };

const readMailbox = (words: readonly Token[], angle: readonly Token[] | null): ListedMailbox | null => {
  const comment = words.findLast(({ kind }) => kind === 'comment')?.text;
  const aside = comment === undefined ? null : oneLine(comment);
  if (angle !== null) return { is: 'mailbox', name: phrase(words) ?? aside, address: readAddress(angle) };
  const address = readAddress(words);
  const name = address === null ? phrase(words) : aside;
  return address === null && name === null ? null : { is: 'mailbox', name, address };
};

// addr-spec = local-part "@" domain ; obs-route = obs-domain-list ":"
const readAddress = (words: readonly Token[]): Address | null => {
  const spec = words.filter(({ kind }) => kind !== 'comment');
  const isSpecial = (char: string) => (token: Token | undefined) =>
    token?.kind === 'special' && token.text === char;
  const routed = isSpecial('@')(spec[0]) ? spec.slice(spec.findIndex(isSpecial(':')) + 1) : spec;
  const at = routed.findLastIndex(isSpecial('@'));
  if (at === -1) return null;
  const domain = routed
    .slice(at + 1)
    .map(({ text }) => text)
    .join('');
  return domain === '' ? null : { localPart: joinWords(routed.slice(0, at)), domain };
};

/** Words with one space where white space stood between two of them, none around a dot. */
const joinWords = (words: readonly Token[]): string => {
  let joined = '';
  let previous: Token | null = null;
  for (const word of words) {
    const apart = word.spaced && word.kind !== 'special' && previous !== null && previous.kind !== 'special';
    joined += `${apart ? ' ' : ''}${word.text}`;
    previous = word;
  }
  return joined;
};

/** A display name; null for none. */
const phrase = (words: readonly Token[]): string | null => {
  const named = words.filter(({ kind }) => kind !== 'comment');
  if (named.length === 0) return null;
  let joined = '';
  for (const word of named) joined += `${word.spaced && joined !== '' ? ' ' : ''}${word.text}`;
  return oneLine(joined);
};

/** How text that is not ASCII stands in a header: in encoded words (RFC 2047), or as it is (RFC 6532). */
export type HeaderForm = 'ascii' | 'utf-8';

const ATOMS = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const ASCII = /^[ -~]*$/;
/** Octets of a word that a folded line surely holds. */
const LONGEST_WORD = 60;

/** Writes one mailbox for an address field; `parseAddressList` reads it back. Domains are A-labels in `ascii`. */
export const formatMailbox = ({ name, address }: Mailbox, form: HeaderForm): string => {
  const { localPart, domain } = address;
  const spec = oneLine(formatAddress({ localPart, domain: form === 'ascii' ? asciiDomain(domain) : domain }));
  return name === null || name === '' ? spec : `${formatName(oneLine(name), form)} <${spec}>`;
};

const formatName = (name: string, form: HeaderForm): string => {
  const fits =
    name.split(' ').every((word) => Buffer.byteLength(word) <= LONGEST_WORD) && !name.includes('   ');
  const plain = (form === 'utf-8' || ASCII.test(name)) && fits && !name.includes('=?');
  if (!plain) return formatEncodedWords(name);
  return name.length <= LONGEST_WORD && ATOMS.test(name) ? name : `"${name.replaceAll(/["\\]/g, '\\$&')}"`;
};

const PLAIN_NAME = /^[^"(),:;<>@[\\\]]*$/;

/** An address field as a person reads it, on one line: nothing is encoded, names that could mislead are quoted. */
export const readableAddressList = (items: readonly AddressListItem[]): string =>
  items
    .map((item) =>
      item.is === 'mailbox' ? readable(item) : `${item.name}: ${item.members.map(readable).join(', ')};`,
    )
    .join(', ');

const readable = ({ name, address }: ListedMailbox): string => {
  const spec = address === null ? null : oneLine(formatAddress(address));
  if (name === null) return spec ?? '';
  if (spec === null) return name;
  return `${PLAIN_NAME.test(name) ? name : `"${name.replaceAll(/["\\]/g, '\\$&')}"`} <${spec}>`;
};
