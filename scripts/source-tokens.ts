/**
 * A reader of TypeScript source as a row of tokens: enough to see imports, names and comments without mistaking the
 * inside of a string, a template, a regular expression or a comment for code. It knows no grammar beyond that.
 */

export type TokenKind = 'name' | 'number' | 'string' | 'template' | 'regex' | 'mark' | 'comment';

export type Token = {
  readonly kind: TokenKind;
  /** As it stands in the source; for a `string`, and a `template` without substitutions, the text between the quotes. */
  readonly text: string;
  /** Counted from 1. */
  readonly line: number;
};

/** After these words a slash begins a regular expression; after any other name it divides. */
const wordsBeforeValue: ReadonlySet<string> = new Set(
  (
    'return typeof case in of instanceof new delete void throw do else yield await default ' +
    'extends as satisfies keyof is'
  ).split(' '),
);

const nameStart = /[\p{ID_Start}$_#\\]/u;
const name = /[\p{ID_Start}$_#\\@][\p{ID_Continue}$\\]*/uy;
const number = /(?:0[xXoObB][\da-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?)n?/y;
const marks = /\.\.\.|=>|\?\.(?!\d)|\+\+|--|[^\s]/uy;
const regexBody = /\/(?![*/])(?:\\[^\n]|\[(?:\\[^\n]|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y;

/** The tokens of `source` in order. Never throws: what is cut off ends with the source. */
export function sourceTokens(source: string): Token[] {
  return new Reader(source).read();
}

class Reader {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  #at = 0;
  #line = 1;
  /** The last tokens that are not comments, which tell a division from a regular expression. */
  #previous: Token | null = null;
  #beforePrevious: Token | null = null;
  /** How many braces are open in each template substitution that we are inside of. */
  readonly #substitutions: number[] = [];

  constructor(source: string) {
    this.#source = source;
  }

  read(): Token[] {
    if (this.#source.startsWith('#!')) this.#skipTo(this.#endOfLine());
    while (this.#at < this.#source.length) this.#next();
    return this.#tokens;
  }

  #next(): void {
    const source = this.#source;
    const char = source[this.#at] ?? '';
    const pair = source.slice(this.#at, this.#at + 2);
    if (/\s/.test(char)) this.#skipTo(this.#at + 1);
    else if (pair === '//') this.#take('comment', this.#endOfLine());
    else if (pair === '/*') this.#take('comment', this.#after('*/', this.#at + 2));
    else if (char === "'" || char === '"') this.#quoted(char);
    else if (char === '`') this.#template();
    else if (char === '}' && this.#substitutions.at(-1) === 0) this.#template();
    else if (/\d/.test(char) || (char === '.' && /\d/.test(pair[1] ?? ''))) this.#match('number', number);
    else if (nameStart.test(char) || char >= '\ud800') this.#match('name', name);
    else if (char === '/' && this.#regexMayStart() && this.#matches(regexBody))
      this.#match('regex', regexBody);
    else this.#mark(char);
  }

  #mark(char: string): void {
    const depth = this.#substitutions.at(-1);
    if (depth !== undefined && char === '{') this.#substitutions[this.#substitutions.length - 1] = depth + 1;
    if (depth !== undefined && char === '}') this.#substitutions[this.#substitutions.length - 1] = depth - 1;
    this.#match('mark', marks);
  }

  #quoted(quote: string): void {
    let end = this.#at + 1;
    while (end < this.#source.length && this.#source[end] !== quote && this.#source[end] !== '\n') {
      end += this.#source[end] === '\\' ? 2 : 1;
    }
    this.#push('string', this.#source.slice(this.#at + 1, end));
    this.#skipTo(end + 1);
  }

  /** From a backquote, or the brace that ends a substitution, to the next substitution or the closing backquote. */
  #template(): void {
    const opens = this.#source[this.#at] === '`';
    if (!opens) this.#substitutions.pop();
    let end = this.#at + 1;
    for (; end < this.#source.length && this.#source[end] !== '`'; end += 1) {
      if (this.#source[end] === '\\') end += 1;
      else if (this.#source.startsWith('${', end)) {
        this.#push('mark', this.#source.slice(this.#at, end + 2));
        this.#substitutions.push(0);
        this.#skipTo(end + 2);
        return;
      }
    }
    this.#push('template', this.#source.slice(this.#at + 1, end));
    this.#skipTo(end + 1);
  }

  #regexMayStart(): boolean {
    const before = this.#previous;
    if (before === null) return true;
    if (before.kind === 'name') return wordsBeforeValue.has(before.text);
    if (before.kind !== 'mark') return false;
    if (before.text === ')' || before.text === ']' || before.text === '}') return false;
    // `count! / 2` and `count++ / 2` divide; `!/x/` and `++/x/` have no value before them.
    const postfix = before.text === '!' || before.text === '++' || before.text === '--';
    return !(postfix && this.#endsValue(this.#beforePrevious));
  }

  #endsValue(token: Token | null): boolean {
    if (token === null) return false;
    if (token.kind === 'name') return !wordsBeforeValue.has(token.text);
    return token.kind === 'mark' ? token.text === ')' || token.text === ']' : true;
  }

  #matches(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    return pattern.test(this.#source);
  }

  #match(kind: TokenKind, pattern: RegExp): void {
    this.#take(kind, this.#matches(pattern) ? pattern.lastIndex : this.#at + 1);
  }

  #take(kind: TokenKind, end: number): void {
    this.#push(kind, this.#source.slice(this.#at, end));
    this.#skipTo(end);
  }

  #push(kind: TokenKind, text: string): void {
    const token: Token = { kind, text, line: this.#line };
    this.#tokens.push(token);
    if (kind === 'comment') return;
    this.#beforePrevious = this.#previous;
    this.#previous = token;
  }

  #skipTo(end: number): void {
    for (let at = this.#at; at < end; at += 1) if (this.#source[at] === '\n') this.#line += 1;
    this.#at = end;
  }

  #endOfLine(): number {
    const end = this.#source.indexOf('\n', this.#at);
    return end === -1 ? this.#source.length : end;
  }

  #after(text: string, from: number): number {
    const found = this.#source.indexOf(text, from);
    return found === -1 ? this.#source.length : found + text.length;
  }
}
