import type { Scanner } from '../scanner.ts';

/** The system flags as keywords, by their names in upper case without the backslash (RFC 9051 section 2.3.2). */
const systemFlags: ReadonlyMap<string, string> = new Map([
  ['SEEN', '$seen'],
  ['ANSWERED', '$answered'],
  ['FLAGGED', '$flagged'],
  ['DRAFT', '$draft'],
  ['DELETED', '\\deleted'],
]);

const longestKeyword = 255;

// flag-list = "(" [flag *(SP flag)] ")"                                          (RFC 9051 section 9)
/** Keywords as they are kept: in lower case, each once, in the order of their code units. */
export const flagList = (scan: Scanner): readonly string[] => ordered(scan.list(() => flag(scan)));

/** `store-att-flags` takes them without parentheses as well: at least one. */
export function flags(scan: Scanner): readonly string[] {
  if (scan.next === '(') return flagList(scan);
  const found: (string | null)[] = [];
  do found.push(flag(scan));
  while (scan.take(' '));
  return ordered(found);
}

const ordered = (found: readonly (string | null)[]): readonly string[] =>
  [...new Set(found.filter((one) => one !== null))].sort();

// flag         = "\Answered" / "\Flagged" / "\Deleted" / "\Seen" / "\Draft" / flag-keyword / flag-extension
// flag-keyword = "$MDNSent" / … / atom
/** null for `\Recent`, which nobody can set (RFC 3501 section 2.3.2); some clients send back what they were given. */
function flag(scan: Scanner): string | null {
  if (!scan.take('\\')) return keyword(scan);
  const name = scan.keyword('a flag');
  const known = systemFlags.get(name);
  if (known === undefined && name !== 'RECENT') scan.fail('a flag that is defined behind "\\"');
  return known ?? null;
}

/** flag-keyword, in lower case: keywords are compared without regard to case. */
export function keyword(scan: Scanner): string {
  const name = scan.atom().toLowerCase();
  if (name.length > longestKeyword) scan.fail(`a keyword of at most ${longestKeyword} octets`);
  return name;
}
