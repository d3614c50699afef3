import { grammarLimits } from '../limits.ts';
import type { Scanner } from '../scanner.ts';
import { mailbox } from './mailbox.ts';
import { statusAtts, type StatusItem } from './status.ts';

export type ListCommand = {
  readonly name: 'LIST' | 'LSUB';
  readonly reference: string;
  readonly patterns: readonly string[];
  /** Which mailboxes are wanted of those that match; null where the command has no such list, and so is of the basic form. */
  readonly selection: ReadonlySet<ListSelection> | null;
  readonly returns: ReadonlySet<ListReturn>;
  /** What STATUS is to tell of each (RFC 5819); nothing where it is not asked. */
  readonly status: readonly StatusItem[];
};

const selections = ['SUBSCRIBED', 'REMOTE', 'RECURSIVEMATCH', 'SPECIAL-USE'] as const;
export type ListSelection = (typeof selections)[number];

const returnOptions = ['SUBSCRIBED', 'CHILDREN', 'SPECIAL-USE'] as const;
export type ListReturn = (typeof returnOptions)[number];

// list           = "LIST" [SP list-select-opts] SP mailbox SP mbox-or-pat [SP list-return-opts]   (RFC 9051 section 9)
// mbox-or-pat    = list-mailbox / patterns
// patterns       = "(" list-mailbox *(SP list-mailbox) ")"
/** RFC 9051 section 6.3.9. */
export function list(scan: Scanner): ListCommand & { readonly name: 'LIST' } {
  const selection = scan.next === '(' ? selectOptions(scan) : null;
  if (selection !== null) scan.space();
  const reference = mailbox(scan);
  scan.space();
  const patterns = scan.next === '(' ? scan.list(() => scan.listMailbox()) : [scan.listMailbox()];
  if (patterns.length === 0) scan.fail('a mailbox pattern');
  if (patterns.length > grammarLimits.listPatterns)
    scan.fail(`at most ${grammarLimits.listPatterns} patterns`);
  const { returns, status } = listReturns(scan);
  return { name: 'LIST', reference, patterns, selection, returns, status };
}

// lsub = "LSUB" SP mailbox SP list-mailbox                                        (RFC 3501 section 9)
/** RFC 3501 section 6.3.9. */
export function lsub(scan: Scanner): ListCommand & { readonly name: 'LSUB' } {
  const reference = mailbox(scan);
  scan.space();
  const patterns = [scan.listMailbox()];
  return { name: 'LSUB', reference, patterns, selection: null, returns: new Set(), status: [] };
}

// list-select-opts = "(" [(*(list-select-opt SP) list-select-base-opt *(SP list-select-opt)) / …] ")"
/** RECURSIVEMATCH says nothing by itself (RFC 9051 section 6.3.9.1). */
function selectOptions(scan: Scanner): ReadonlySet<ListSelection> {
  const found = new Set(scan.list(() => oneOf(scan, selections, 'which mailboxes are wanted')));
  const hasBase = found.has('SUBSCRIBED') || found.has('SPECIAL-USE');
  if (found.has('RECURSIVEMATCH') && !hasBase) scan.fail('SUBSCRIBED beside RECURSIVEMATCH');
  return found;
}

// list-return-opts = "RETURN" SP "(" [return-option *(SP return-option)] ")"
// return-option    = "SUBSCRIBED" / "CHILDREN" / "SPECIAL-USE" / status-option
// status-option    = "STATUS" SP "(" status-att *(SP status-att) ")"              (RFC 5819 section 4)
function listReturns(scan: Scanner): { returns: ReadonlySet<ListReturn>; status: readonly StatusItem[] } {
  const returns = new Set<ListReturn>();
  let status: readonly StatusItem[] = [];
  if (!scan.take(' ')) return { returns, status };
  scan.expect('RETURN (');
  if (scan.take(')')) return { returns, status };
  do {
    if (scan.take('STATUS ')) status = statusAtts(scan);
    else returns.add(oneOf(scan, returnOptions, 'what to return'));
  } while (scan.take(' '));
  scan.expect(')');
  return { returns, status };
}

function oneOf<Word extends string>(
  scan: Scanner,
  words: readonly [Word, ...Word[]],
  expected: string,
): Word {
  const name = scan.keyword(expected);
  const word = words.find((one) => one === name);
  if (word === undefined) scan.fail(expected);
  return word ?? words[0];
}
