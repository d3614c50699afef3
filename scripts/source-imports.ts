import { sourceTokens, type Token } from './source-tokens.ts';

/** One way in which a file reaches another file or a package. */
export type SourceImport = {
  /** As written: `../bytes/line.ts`, `node:net`, `zod`; null where it is not a plain string and so cannot be checked. */
  readonly specifier: string | null;
  readonly line: number;
  /** Whether nothing of the other file runs: `import type`. (`import { type A }` runs it, `import('x').A` looks so.) */
  readonly typeOnly: boolean;
  /** The imported values as the other side names them; `*` for all of it, `default` for its default. */
  readonly names: readonly string[];
};

/**
 * Everything that a source imports: `import`, `export … from`, `import()`, type imports, and `new URL('./x.ts',
 * import.meta.url)`, which is how a worker names its file.
 */
export function sourceImports(source: string): SourceImport[] {
  return importsOf(sourceTokens(source));
}

/** The same from tokens that were read already. */
export function importsOf(all: readonly Token[]): SourceImport[] {
  const tokens = all.filter((token) => token.kind !== 'comment');
  const found: SourceImport[] = [];
  for (const [at, token] of tokens.entries()) {
    if (token.kind !== 'name' || isMember(tokens[at - 1])) continue;
    const read = readers.get(token.text)?.(tokens, at);
    if (read !== undefined && read !== null) found.push(read);
  }
  return found;
}

type Read = (tokens: readonly Token[], at: number) => SourceImport | null;

const readers: ReadonlyMap<string, Read> = new Map([
  ['import', readImport],
  ['export', readExport],
  ['require', readCall],
  ['URL', readUrl],
]);

function readImport(tokens: readonly Token[], at: number): SourceImport | null {
  const next = tokens[at + 1];
  if (next === undefined || isMark(next, '.')) return null;
  if (isMark(next, '(')) return readCall(tokens, at);
  if (next.kind === 'string') return plain(next.text, next.line, ['*']);
  return readClause(tokens, at);
}

function readExport(tokens: readonly Token[], at: number): SourceImport | null {
  const next = tokens[at + 1];
  const type = next?.kind === 'name' && next.text === 'type' ? 1 : 0;
  const opener = tokens[at + 1 + type];
  return isMark(opener, '{') || isMark(opener, '*') ? readClause(tokens, at) : null;
}

/** `import a, { b as c, type D } from 'x'` and `export { … } from 'x'`, from the keyword to the specifier. */
function readClause(tokens: readonly Token[], at: number): SourceImport | null {
  const names: { name: string; type: boolean }[] = [];
  let at1 = at + 1;
  const typeOnly = tokens[at1]?.text === 'type' && !/^(?:from|,)$/.test(tokens[at1 + 1]?.text ?? '');
  if (typeOnly) at1 += 1;
  let inBraces = false;
  for (; at1 < tokens.length; at1 += 1) {
    const token = tokens[at1];
    const before = tokens[at1 - 1];
    if (token === undefined) return null;
    if (!inBraces && token.text === 'from' && tokens[at1 + 1]?.kind === 'string') {
      const { text, line } = tokens[at1 + 1] ?? token;
      const values = typeOnly ? [] : names.filter((one) => !one.type);
      return { specifier: text, line, typeOnly, names: values.map((one) => one.name) };
    }
    if (isMark(token, '{')) inBraces = true;
    else if (isMark(token, '}')) inBraces = false;
    else if (isMark(token, '*')) names.push({ name: '*', type: false });
    else if (token.kind === 'mark' && token.text !== ',') return null;
    else if (token.kind === 'name' && before?.text !== 'as' && startsName(tokens, at1, inBraces)) {
      names.push({ name: inBraces ? token.text : 'default', type: before?.text === 'type' });
    }
  }
  return null;
}

/** Whether the name at `at` is an imported name and not the `type`, `as` or `from` around one. */
function startsName(tokens: readonly Token[], at: number, inBraces: boolean): boolean {
  const text = tokens[at]?.text ?? '';
  const next = tokens[at + 1];
  if (text === 'as') return false;
  if (!inBraces) return text !== 'from';
  return !(text === 'type' && (next?.kind === 'name' || next?.kind === 'string') && next.text !== 'as');
}

function readCall(tokens: readonly Token[], at: number): SourceImport | null {
  if (!isMark(tokens[at + 1], '(')) return null;
  const argument = tokens[at + 2];
  const closer = tokens[at + 3];
  const literal = argument?.kind === 'string' || argument?.kind === 'template';
  const closed = isMark(closer, ')') || isMark(closer, ',');
  const line = tokens[at]?.line ?? 1;
  return plain(literal && closed ? argument.text : null, line, ['*']);
}

/** `new URL('./thread.ts', import.meta.url)`; a URL with any other base names no file of ours. */
function readUrl(tokens: readonly Token[], at: number): SourceImport | null {
  const argument = tokens[at + 2];
  if (!isMark(tokens[at + 1], '(') || argument?.kind !== 'string') return null;
  const rest = tokens.slice(at + 3, at + 9).map((token) => token.text);
  if (!rest.join('').startsWith(',import.meta.url') || !/\.[cm]?[jt]sx?$/.test(argument.text)) return null;
  return plain(argument.text, argument.line, ['*']);
}

const plain = (specifier: string | null, line: number, names: readonly string[]): SourceImport => ({
  specifier,
  line,
  typeOnly: false,
  names,
});

function isMark(token: Token | undefined, text: string): boolean {
  return token?.kind === 'mark' && token.text === text;
}

const isMember = (before: Token | undefined): boolean => isMark(before, '.') || isMark(before, '?.');
