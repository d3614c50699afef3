import { importsOf } from './source-imports.ts';
import type { Token } from './source-tokens.ts';

/** A use of something ambient that no import shows. */
export type GlobalUse = {
  readonly what: 'clock' | 'randomness' | 'timer' | 'environment' | 'process' | 'network' | 'ambient';
  /** As a reader would write it: `Date.now`, `new Date()`, `process.env`. */
  readonly name: string;
  readonly line: number;
};

const timers: ReadonlySet<string> = new Set(
  'setTimeout setInterval setImmediate clearTimeout clearInterval clearImmediate queueMicrotask'.split(' '),
);
const networks: ReadonlySet<string> = new Set(
  'fetch WebSocket EventSource XMLHttpRequest BroadcastChannel'.split(' '),
);
const ambients: ReadonlySet<string> = new Set(
  'globalThis global console Worker MessageChannel SharedArrayBuffer Atomics eval navigator localStorage'.split(
    ' ',
  ),
);

/** What a global gives away when it is handed on as a whole. */
const aliases: ReadonlyMap<string, GlobalUse['what']> = new Map([
  ['Date', 'clock'],
  ['performance', 'clock'],
  ['Math', 'randomness'],
  ['crypto', 'randomness'],
  ['process', 'environment'],
  ['globalThis', 'ambient'],
  ['fetch', 'network'],
]);

/**
 * Every use of the clock, randomness, timers, the environment and their like among `all` tokens of a source. A name that
 * the source declares or imports itself is its own (IMAP has a `fetch`), wherever in the source it stands.
 */
export function globalUses(all: readonly Token[]): GlobalUse[] {
  const tokens = all.filter((token) => token.kind !== 'comment');
  const own = new Set(importsOf(tokens).flatMap((one) => one.names));
  for (const [at, token] of tokens.entries()) {
    if (/^(?:function|const|let|class)$/.test(tokens[at - 1]?.text ?? '')) own.add(token.text);
  }
  const found: GlobalUse[] = [];
  for (const [at, token] of tokens.entries()) {
    if (token.kind !== 'name' || own.has(token.text) || isOwnName(tokens, at)) continue;
    const use = isAlias(tokens, at) ? aliasUse(token.text) : useAt(tokens, at);
    if (use !== null) found.push({ ...use, line: token.line });
  }
  return found;
}

/** `const d = Date;` and `f(process)` give a global another name, under which it is not seen any more. */
function isAlias(tokens: readonly Token[], at: number): boolean {
  const [before, after] = [tokens[at - 1], tokens[at + 1]];
  const ends = isMark(after, ';') || isMark(after, ',') || isMark(after, ')');
  const value = isMark(before, '=') && tokens[at - 3]?.text !== 'type' && !isUnpacked(tokens, at);
  return ends && (value || (isMark(before, '(') && !isMark(tokens[at + 2], '=>')));
}

function aliasUse(name: string): Omit<GlobalUse, 'line'> | null {
  const what = aliases.get(name);
  return what === undefined ? (timers.has(name) ? { what: 'timer', name } : null) : { what, name };
}

function useAt(tokens: readonly Token[], at: number): Omit<GlobalUse, 'line'> | null {
  const text = tokens[at]?.text ?? '';
  const member = memberAt(tokens, at);
  const called = isMark(tokens[at + 1], '(');
  if (text === 'Date') return dateUse(tokens, at, member);
  if (text === 'performance' && member !== null) return { what: 'clock', name: `performance.${member}` };
  if (text === 'Temporal' && member === 'Now') return { what: 'clock', name: 'Temporal.Now' };
  if (text === 'Math' && member === 'random') return { what: 'randomness', name: 'Math.random' };
  if (text === 'crypto' && member !== null) return { what: 'randomness', name: `crypto.${member}` };
  if (text === 'process') return processUse(tokens, at, member);
  if (timers.has(text) && !isKey(tokens, at)) return { what: 'timer', name: text };
  if (networks.has(text) && (called || tokens[at - 1]?.text === 'new'))
    return { what: 'network', name: text };
  // `globalThis.Date` is reported once, as what it reaches; other members of it are reported as the object.
  if (isGlobalObject(tokens[at]) && member !== null && reaches(tokens, at)) return null;
  if (ambients.has(text) && (called || member !== null || tokens[at - 1]?.text === 'new')) {
    return { what: 'ambient', name: text };
  }
  return text === 'import' && member === 'meta' ? { what: 'ambient', name: 'import.meta' } : null;
}

/** `new Date(when)`, `Date.UTC` and `Date.parse` compute; everything else that runs asks what time it is. */
function dateUse(
  tokens: readonly Token[],
  at: number,
  member: string | null,
): Omit<GlobalUse, 'line'> | null {
  const clock = (name: string): Omit<GlobalUse, 'line'> => ({ what: 'clock', name });
  if (member !== null) return /^(?:UTC|parse|prototype)$/.test(member) ? null : clock(`Date.${member}`);
  if (tokens[at - 1]?.text === 'new') {
    return isMark(tokens[at + 1], '(') && !isMark(tokens[at + 2], ')') ? null : clock('new Date()');
  }
  if (isMark(tokens[at + 1], '(')) return clock('Date()');
  return isUnpacked(tokens, at) ? clock('{ … } = Date') : null;
}

function processUse(
  tokens: readonly Token[],
  at: number,
  member: string | null,
): Omit<GlobalUse, 'line'> | null {
  if (isMark(tokens[at + 1], '[') || isUnpacked(tokens, at)) return { what: 'environment', name: 'process' };
  if (member === 'env' || member === 'loadEnvFile') return { what: 'environment', name: `process.${member}` };
  if (member === 'hrtime' || member === 'uptime') return { what: 'clock', name: `process.${member}` };
  return member === null ? null : { what: 'process', name: `process.${member}` };
}

/** `const { now } = Date` hides the member's name. */
const isUnpacked = (tokens: readonly Token[], at: number): boolean =>
  isMark(tokens[at - 1], '=') && isMark(tokens[at - 2], '}');

/** The name after a dot, or between brackets and quotes. */
function memberAt(tokens: readonly Token[], at: number): string | null {
  const [dot, name, close] = [tokens[at + 1], tokens[at + 2], tokens[at + 3]];
  if (isMark(dot, '.') || isMark(dot, '?.')) return name?.kind === 'name' ? name.text : null;
  return isMark(dot, '[') && name?.kind === 'string' && isMark(close, ']') ? name.text : null;
}

/** `this.fetch`, `{ fetch: … }`, `#fetch` and `fetch(): void` in a type are names of our own, not the global. */
function isOwnName(tokens: readonly Token[], at: number): boolean {
  const before = tokens[at - 1];
  if (isMark(before, '.') || isMark(before, '?.')) return !isGlobalObject(tokens[at - 2]);
  return before?.text === 'function' || isMethod(tokens, at);
}

/** A key of an object, a member of a type or a parameter's name: `setTimeout: …`, and not the branch of a condition. */
const isKey = (tokens: readonly Token[], at: number): boolean =>
  isMark(tokens[at + 1], ':') && (startsMember(tokens[at - 1]) || isMark(tokens[at - 1], '('));

/** Whether the member of the global object at `at` is itself something that is looked for. */
const reaches = (tokens: readonly Token[], at: number): boolean =>
  isMark(tokens[at + 1], '.') && useAt(tokens, at + 2) !== null;

const isGlobalObject = (token: Token | undefined): boolean =>
  token?.kind === 'name' && (token.text === 'globalThis' || token.text === 'global');

/** A name, its parentheses, and then a type or a body: a method's declaration and no call. */
function isMethod(tokens: readonly Token[], at: number): boolean {
  if (!isMark(tokens[at + 1], '(') || /^(?:=|return|await|new)$/.test(tokens[at - 1]?.text ?? ''))
    return false;
  let depth = 0;
  for (let end = at + 1; end < tokens.length; end += 1) {
    const token = tokens[end];
    if (isMark(token, '(')) depth += 1;
    if (isMark(token, ')')) depth -= 1;
    if (depth === 0)
      return isMark(tokens[end + 1], '{') || (isMark(tokens[end + 1], ':') && startsMember(tokens[at - 1]));
  }
  return false;
}

/** What stands before a member of a class or a type; a `?` there would make it a conditional expression. */
const startsMember = (before: Token | undefined): boolean =>
  before === undefined || /^(?:\{|\}|;|,|async|readonly|static|get|set|override)$/.test(before.text);

const isMark = (token: Token | undefined, text: string): boolean =>
  token?.kind === 'mark' && token.text === text;
