import { decodeUtf8 } from '../bytes/buffer.ts';
import type { Gathered, Literal } from './command-reader.ts';

// ATOM-CHAR       = <any CHAR except atom-specials>                              (RFC 9051 section 9)
// atom-specials   = "(" / ")" / "{" / SP / CTL / "%" / "*" / DQUOTE / "\" / "]"
// ASTRING-CHAR    = ATOM-CHAR / "]"
// tag             = 1*<any ASTRING-CHAR except "+">
// list-char       = ATOM-CHAR / "%" / "*" / "]"
const atom = /[!#$&'+,\-./0-9:;<=>?@A-Z[^_`a-z|}~]+/y;
const astring = /[!#$&'+,\-./0-9:;<=>?@A-Z[\]^_`a-z|}~]+/y;
const tag = /[!#$&',\-./0-9:;<=>?@A-Z[\]^_`a-z|}~]+/y;
const listMailbox = /[!#$%&'*+,\-./0-9:;<=>?@A-Z[\]^_`a-z|}~]+/y;
const digits = /[0-9]+/y;
const nil = /NIL(?![!#$&'+,\-./0-9:;<=>?@A-Z[\]^_`a-z|}~])/iy;

// quoted = DQUOTE *QUOTED-CHAR DQUOTE ; QUOTED-CHAR = <any TEXT-CHAR except quoted-specials> / "\" quoted-specials / UTF8-2 …
// oxlint-disable-next-line no-control-regex -- what a quoted string must not have
const quoted = /"((?:[^"\\\u0000\r\n]|\\["\\])*)"/y;

const largestNumber = 4_294_967_295;
const largestModSeq = 9_223_372_036_854_775_807n;

/**
 * Reads a command's text by the words of the grammar. The first thing that does not fit is remembered and everything
 * behind it is passed over, so that a parser reads like its ABNF and looks once, at the end, whether all was well.
 */
export class Scanner {
  readonly #texts: readonly string[];
  readonly #literals: readonly Literal[];
  #part = 0;
  #at = 0;
  #problem: string | null = null;
  #endedEarly = false;

  constructor({ texts, literals }: Gathered) {
    this.#texts = texts;
    this.#literals = literals;
  }

  /** What did not fit; null while everything does. */
  get problem(): string | null {
    return this.#problem;
  }

  get ok(): boolean {
    return this.#problem === null;
  }

  /** Whether what did not fit is that nothing came behind what was read. */
  get endedEarly(): boolean {
    return this.#endedEarly;
  }

  /** Everything was read. */
  get atEnd(): boolean {
    return this.#at >= this.#text.length && this.#part >= this.#literals.length;
  }

  /** Whether a literal stands here. */
  get atLiteral(): boolean {
    return this.#at >= this.#text.length && this.#part < this.#literals.length;
  }

  /** The next character; empty at the end, and before a literal. */
  get next(): string {
    return this.#text.charAt(this.#at);
  }

  get #text(): string {
    return this.#texts[this.#part] ?? '';
  }

  /** Something does not fit: the first one is told, as `expected …`. */
  fail(expected: string): void {
    if (this.#problem === null) this.#endedEarly = this.atEnd;
    this.#problem ??= `expected ${expected}`;
    this.#part = this.#texts.length;
    this.#at = 0;
  }

  /** Takes this text, in any case, if it is next. */
  take(text: string): boolean {
    const end = this.#at + text.length;
    if (this.#text.slice(this.#at, end).toUpperCase() !== text) return false;
    this.#at = end;
    return true;
  }

  expect(text: string): void {
    if (!this.take(text)) this.fail(text === ' ' ? 'a space' : `"${text}"`);
  }

  space(): void {
    this.expect(' ');
  }

  end(): void {
    if (this.ok && !this.atEnd) this.fail('the end of the command');
  }

  /** Whether a sticky pattern matches here; nothing is taken. */
  looksLike(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    return pattern.test(this.#text);
  }

  /** What a sticky pattern matches here; null for nothing. */
  match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match !== null) this.#at = pattern.lastIndex;
    return match;
  }

  #word(pattern: RegExp, expected: string): string {
    const match = this.match(pattern);
    if (match === null) this.fail(expected);
    return match?.[0] ?? '';
  }

  tag(): string {
    return this.#word(tag, 'a tag');
  }

  atom(): string {
    return this.#word(atom, 'an atom');
  }

  /** An atom in upper case, of a kind that is looked up in a table. */
  keyword(expected: string): string {
    return this.#word(atom, expected).toUpperCase();
  }

  // number = 1*DIGIT        ; 0 <= n < 4,294,967,296
  number(): number {
    const value = this.number64();
    if (value > largestNumber) this.fail('a number below 4294967296');
    return value;
  }

  // nz-number = digit-nz *DIGIT
  nzNumber(): number {
    const value = this.number();
    if (value === 0) this.fail('a number above 0');
    return value;
  }

  // number64 = 1*DIGIT      ; 0 <= n <= 9,223,372,036,854,775,807
  /** As a number, which what is counted fits into; above 2^53 it is only large. */
  number64(): number {
    const text = this.#word(digits, 'a number');
    if (text.length > 19) this.fail('a number of at most 19 digits');
    return this.ok ? Number(text) : 0;
  }

  // mod-sequence-valzer = "0" / mod-sequence-value
  // mod-sequence-value  = 1*DIGIT       ; 1 <= n <= 9,223,372,036,854,775,807    (RFC 7162 section 7)
  modSeq(): bigint {
    const text = this.#word(digits, 'a modification sequence');
    const value = this.ok && text.length <= 19 ? BigInt(text) : largestModSeq + 1n;
    if (value > largestModSeq) this.fail('a modification sequence below 9223372036854775808');
    return value;
  }

  // astring = 1*ASTRING-CHAR / string
  astring(): string {
    return this.#isString ? this.string() : this.#word(astring, 'an atom or a string');
  }

  // string = quoted / literal
  string(): string {
    if (this.atLiteral) return this.#literalText();
    const match = this.match(quoted);
    if (match === null) {
      this.fail('a string');
      return '';
    }
    return this.#decoded(Buffer.from((match[1] ?? '').replaceAll(/\\(.)/g, '$1'), 'latin1'));
  }

  // nstring = string / nil
  nstring(): string | null {
    return this.match(nil) === null ? this.string() : null;
  }

  // nstring / literal8
  /** Octets as they are; null for NIL. */
  nstring8(): Buffer | null {
    if (this.match(nil) !== null) return null;
    if (!this.atLiteral) return Buffer.from(this.string());
    const literal = this.#literals[this.#part];
    if (literal?.isBinary === false && literal.octets.includes(0)) this.fail('a literal without NUL');
    this.#nextPart();
    return literal?.octets ?? Buffer.alloc(0);
  }

  // list-mailbox = 1*list-char / string
  listMailbox(): string {
    return this.#isString ? this.string() : this.#word(listMailbox, 'a mailbox pattern');
  }

  get #isString(): boolean {
    return this.atLiteral || this.next === '"';
  }

  #literalText(): string {
    const literal = this.#literals[this.#part];
    if (literal === undefined) return '';
    if (literal.isBinary) this.fail('a literal without "~"');
    else if (literal.octets.includes(0)) this.fail('a literal without NUL');
    this.#nextPart();
    return this.#decoded(literal.octets);
  }

  /** Takes a literal that was handed on as it came; whether there is one. */
  handedOn(): boolean {
    if (!this.atLiteral) return false;
    this.#nextPart();
    return true;
  }

  #nextPart(): void {
    if (!this.ok) return;
    this.#part += 1;
    this.#at = 0;
  }

  #decoded(octets: Buffer): string {
    const text = decodeUtf8(octets);
    if (text === null) this.fail('text in UTF-8');
    return text ?? '';
  }

  /** `"(" item *(SP item) ")"`; of an empty list nothing. */
  list<Item>(item: () => Item): Item[] {
    const items: Item[] = [];
    this.expect('(');
    if (this.take(')')) return items;
    for (;;) {
      items.push(item());
      if (!this.ok || this.take(')')) return items;
      this.space();
      if (!this.ok) return items;
    }
  }
}
