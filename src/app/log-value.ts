import { Secret } from '../sasl/exchange.ts';

/** Keys whose values are never logged, whatever they are, compared in lower case. */
const secretKeys = new Set([
  'password',
  'passphrase',
  'passwd',
  'secret',
  'authorization',
  'proxy-authorization',
  'cookie',
]);
const longestText = 1000;
const mostEntries = 50;
const deepest = 4;
const mostFrames = 12;

/**
 * A value as it may be logged: plain, bounded in length, width and depth, without secrets. Whatever a peer put into
 * it, the result is a tree of plain values that JSON writes in one line.
 */
function loggable(value: unknown, depth = 0): unknown {
  if (typeof value === 'string')
    return value.length <= longestText ? value : `${value.slice(0, longestText)}…`;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'boolean' || value === null || value === undefined) return value;
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object') return `[${typeof value}]`;
  if (value instanceof Secret) return '***';
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (depth >= deepest) return Array.isArray(value) ? '[array]' : '[object]';
  if (value instanceof Error) return loggableError(value, depth);
  if (Array.isArray(value)) return value.slice(0, mostEntries).map((each) => loggable(each, depth + 1));
  if (value instanceof Set) return loggable([...value], depth);
  return loggableEntries(entriesOf(value), depth);
}

/** The named values as an object without prototype, so that a key `__proto__` is a key. */
export function loggableEntries(
  entries: Iterable<readonly [unknown, unknown]>,
  depth = 0,
): Record<string, unknown> {
  const plain: Record<string, unknown> = Object.create(null);
  let count = 0;
  for (const [name, value] of entries) {
    if (count++ >= mostEntries) break;
    const key = keyOf(name).slice(0, longestText);
    plain[key] = secretKeys.has(key.toLowerCase()) && value !== null ? '***' : loggable(value, depth + 1);
  }
  return plain;
}

/** The text of a key. Those of a map may be objects, which need not have a text. */
function keyOf(name: unknown): string {
  switch (typeof name) {
    case 'string':
      return name;
    case 'number':
    case 'bigint':
    case 'boolean':
    case 'symbol':
      return String(name);
    default:
      return `[${typeof name}]`;
  }
}

/** An error as its type, message, code and frames; each cause inside, as deep as values go. */
function loggableError(error: Error, depth: number): unknown {
  const frames = (typeof error.stack === 'string' ? error.stack : '')
    .split('\n')
    .filter((line) => /^ +at /.test(line));
  const code = 'code' in error ? error.code : undefined;
  return loggableEntries(
    [
      ['type', error.name],
      ['message', error.message],
      ...(code === undefined ? [] : [['code', code] as const]),
      ['stack', frames.slice(0, mostFrames).map((line) => line.trim())],
      ...(error.cause === undefined ? [] : [['cause', error.cause] as const]),
    ],
    depth,
  );
}

function entriesOf(value: object): Iterable<readonly [unknown, unknown]> {
  if (value instanceof Map) return value.entries();
  try {
    return Object.entries(value);
  } catch (error) {
    return [['unreadable', error instanceof Error ? error.message : 'getter']];
  }
}
