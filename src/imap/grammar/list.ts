import { grammarLimits } from '../limits.ts';
import type { Scanner } from '../scanner.ts';
import { mailbox } from './mailbox.ts';
import { entryList, type AskedEntries } from './metadata.ts';
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
  /** Which annotations are to be told of each (RFC 9590); none where it is not asked. */
  readonly metadata: AskedEntries;
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
  return { name: 'LIST', reference, patterns, selection, ...listReturns(scan) };
}

// lsub = "LSUB" SP mailbox SP list-mailbox                                        (RFC 3501 section 9)
/** RFC 3501 section 6.3.9. */
export function lsub(scan: Scanner): ListCommand & { readonly name: 'LSUB' } {
  const reference = mailbox(scan);
  scan.space();
  const patterns = [scan.listMailbox()];
  return { name: 'LSUB', reference, patterns, selection: null, ...nothing };
}

// list-select-opts = "(" [(*(list-select-opt SP) list-select-base-opt *(SP list-select-opt)) / …] ")"
/** RECURSIVEMATCH says nothing by itself (RFC 9051 section 6.3.9.1). */
function selectOptions(scan: Scanner): ReadonlySet<ListSelection> {
  const found = new Set(scan.list(() => oneOf(scan, selections, 'which mailboxes are wanted')));
  const hasBase = found.has('SUBSCRIBED') || found.has('SPECIAL-USE');
  if (found.has('RECURSIVEMATCH') && !hasBase) scan.fail('SUBSCRIBED beside RECURSIVEMATCH');
  return found;
}

type Returns = Pick<ListCommand, 'returns' | 'status' | 'metadata'>;

const nothing: Returns = { returns: new Set(), status: [], metadata: [] };

// list-return-opts = "RETURN" SP "(" [return-option *(SP return-option)] ")"
// return-option    = "SUBSCRIBED" / "CHILDREN" / "SPECIAL-USE" / status-option
//                    / "METADATA" SP "(" entry *(SP entry) ")"                   (RFC 9590)
// status-option    = "STATUS" SP "(" status-att *(SP status-att) ")"              (RFC 5819 section 4)
function listReturns(scan: Scanner): Returns {
  const returns = new Set<ListReturn>();
  let { status, metadata } = nothing;
  if (!scan.take(' ')) return nothing;
  scan.expect('RETURN (');
  if (scan.take(')')) return nothing;
  do {
    if (scan.take('STATUS ')) status = statusAtts(scan);
    else if (scan.take('METADATA ')) metadata = entryList(scan);
    else returns.add(oneOf(scan, returnOptions, 'what to return'));
  } while (scan.take(' '));
  scan.expect(')');
  return { returns, status, metadata };
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
