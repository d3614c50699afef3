import { commentEnd } from './comments.ts';
import { formatField } from './field.ts';

/** What one server found out about who sent a letter (RFC 8601 section 2.2). */
export type AuthenticationResults = {
  /** The name of the server, or of the servers of one administration, that says so (RFC 8601 section 2.5). */
  readonly authservId: string;
  /** None: nothing was checked. */
  readonly results: readonly MethodResult[];
};

/** The result of one method, `dkim=fail reason="…" header.d=example.org`. */
export type MethodResult = {
  /** A registered method in lower case: `spf`, `dkim`, `dmarc`, `arc`. */
  readonly method: string;
  readonly result: string;
  /** Why, for people; null where there is nothing to say. */
  readonly reason: string | null;
  readonly properties: readonly Property[];
};

/** What the result is about: `{ type: 'header', name: 'd', value: 'example.org' }`. */
export type Property = { readonly type: string; readonly name: string; readonly value: string };

const TOKEN = /^[!#$%&'*+.0-9A-Z^_`a-z{|}~-]+$/;
const DOT_ATOM_AT =
  /^(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*)?@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/;
/** No line of the field may be too long, and nothing in it is worth more. */
const longestText = 300;

// authres-header-field = "Authentication-Results:" [CFWS] authserv-id [ CFWS authres-version ]
//                        ( no-result / 1*resinfo ) [CFWS] CRLF
// no-result  = [CFWS] ";" [CFWS] "none"
// resinfo    = [CFWS] ";" methodspec [ CFWS reasonspec ] [ CFWS 1*propspec ]
/**
 * Writes the field, folded, CRLF included (RFC 8601 section 2.2). Whatever a value is made of, it stays inside its quotes:
 * what is not printable ASCII becomes `?`, and a text of more than 300 characters is cut.
 */
export function formatAuthenticationResults({ authservId, results }: AuthenticationResults): string {
  const written = results.map(formatResult);
  return formatField(
    'Authentication-Results',
    [formatValue(authservId), ...(written.length === 0 ? ['none'] : written)].join('; '),
  );
}

function formatResult({ method, result, reason, properties }: MethodResult): string {
  const words = [`${keyword(method)}=${keyword(result)}`];
  if (reason !== null) words.push(`reason=${formatValue(reason)}`);
  for (const { type, name, value } of properties) {
    words.push(`${keyword(type)}.${keyword(name)}=${formatPropertyValue(value)}`);
  }
  return words.join(' ');
}

/** Keyword of RFC 5321 section 4.1.2: what else a word has in it is left out. */
const keyword = (word: string): string => word.replaceAll(/[^A-Za-z0-9-]/g, '').replace(/^-+/, '') || 'x';

// value  = token / quoted-string
// pvalue = [CFWS] ( ( value / [ [ local-part ] "@" ] domain-name ) ) [CFWS]
const formatValue = (value: string): string => {
  const text = value.replaceAll(/[^ -~]/g, '?').slice(0, longestText);
  return TOKEN.test(text) ? text : `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
};

const formatPropertyValue = (value: string): string =>
  value.length <= longestText && DOT_ATOM_AT.test(value) ? value : formatValue(value);

/** Reads text that is in pieces of white space, comments, words and quoted strings (RFC 5322 section 3.2). */
class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Passes over comments and folding white space. */
  skip(): void {
    for (;;) {
      const char = this.#text[this.#at];
      if (char === '(') this.#at = commentEnd(this.#text, this.#at);
      else if (char !== undefined && /[ \t\r\n]/.test(char)) this.#at += 1;
      else return;
    }
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** Whether this character comes next, behind white space and comments; then it is read. */
  take(char: string): boolean {
    this.skip();
    if (this.#text[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }

  /** What the sticky pattern matches next, behind white space and comments; null where it does not. */
  word(pattern: RegExp): string | null {
    this.skip();
    pattern.lastIndex = this.#at;
    const [found = null] = pattern.exec(this.#text) ?? [];
    this.#at += found?.length ?? 0;
    return found;
  }

  /** A token or a quoted string; or, of a property, an address. */
  value(pattern: RegExp = TOKENS): string | null {
    this.skip();
    const start = this.#at;
    const quoted = this.word(QUOTED_STRING);
    if (quoted === null || (pattern === PROPERTY_VALUES && this.#text[this.#at] === '@')) {
      this.#at = start;
      return this.word(pattern);
    }
    return quoted.slice(1, -1).replaceAll(/\\([^])/g, '$1');
  }
}

const KEYWORDS = /[A-Za-z0-9][A-Za-z0-9-]*/y;
const TOKENS = /[!#$%&'*+.0-9A-Z^_`a-z{|}~\u{80}-\u{10ffff}-]+/uy;
const DIGITS = /[0-9]+/y;
const QUOTED_STRING = /"(?:[^"\\]|\\[^])*"/y;
const PROPERTY_VALUES =
  /(?:"(?:[^"\\]|\\[^])*"@[A-Za-z0-9.-]+|[!#$%&'*+./0-9=?@A-Z^_`a-z{|}~\u{80}-\u{10ffff}-]+)/uy;

/**
 * Reads the value of an Authentication-Results field, unfolded (RFC 8601 section 2.2); null where it breaks the grammar.
 * Comments are passed over; methods and results come in lower case.
 */
export function parseAuthenticationResults(text: string): AuthenticationResults | null {
  const scanner = new Scanner(text);
  const authservId = scanner.value();
  if (authservId === null) return null;
  const version = scanner.word(DIGITS);
  // RFC 8601 section 2.2: a version that is not known is not to be read.
  if (version !== null && Number(version) !== 1) return null;
  const results: MethodResult[] = [];
  while (scanner.take(';')) {
    const result = parseResult(scanner);
    if (result === null) return null;
    if (result !== 'none') results.push(result);
  }
  scanner.skip();
  return scanner.atEnd ? { authservId, results } : null;
}

function parseResult(scanner: Scanner): MethodResult | 'none' | null {
  const method = scanner.word(KEYWORDS)?.toLowerCase();
  if (method === undefined) return null;
  if (scanner.take('/') && scanner.word(DIGITS) === null) return null;
  if (!scanner.take('=')) return method === 'none' ? 'none' : null;
  const result = scanner.word(KEYWORDS)?.toLowerCase();
  if (result === undefined) return null;
  let reason: string | null = null;
  const properties: Property[] = [];
  for (let type = scanner.word(KEYWORDS); type !== null; type = scanner.word(KEYWORDS)) {
    if (scanner.take('.')) {
      const name = scanner.word(KEYWORDS);
      const value = scanner.take('=') ? scanner.value(PROPERTY_VALUES) : null;
      if (name === null || value === null) return null;
      properties.push({ type, name, value });
    } else {
      reason = type.toLowerCase() === 'reason' && scanner.take('=') ? scanner.value() : null;
      if (reason === null) return null;
    }
  }
  return { method, result, reason, properties };
}
