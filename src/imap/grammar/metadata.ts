import { mostAnnotationBytes, type AnnotationChange, type Depth } from '../annotation.ts';
import { grammarLimits } from '../limits.ts';
import type { Scanner } from '../scanner.ts';
import { mailbox } from './mailbox.ts';

/** Entries that are asked for, as the client wrote them. */
export type AskedEntries = readonly string[];

export type MetadataCommand =
  | {
      readonly name: 'GETMETADATA';
      /** Empty for the server (RFC 5464 section 4.1). */
      readonly mailbox: string;
      readonly entries: AskedEntries;
      /** Octets that a value has at the most to be told; null for any. */
      readonly maxSize: number | null;
      readonly depth: Depth;
    }
  | {
      readonly name: 'SETMETADATA';
      readonly mailbox: string;
      readonly changes: readonly AnnotationChange[];
    };

type Options = { readonly maxSize: number | null; readonly depth: Depth };

const anything: Options = { maxSize: null, depth: 0 };

// getmetadata = "GETMETADATA" [SP getmetadata-options] SP mailbox SP entries      (RFC 5464 section 5)
// entries     = entry / "(" entry *(SP entry) ")"
/**
 * Lenient: the options may stand behind the mailbox, and several entries without parentheses (who goes by the examples of RFC 5464
 * section 4, which its grammar does not have).
 */
export function getMetadata(scan: Scanner): Extract<MetadataCommand, { name: 'GETMETADATA' }> {
  let options = scan.next === '(' ? metadataOptions(scan) : null;
  if (options !== null) scan.space();
  const name = mailbox(scan);
  scan.space();
  if (options === null && scan.looksLike(optionList)) {
    options = metadataOptions(scan);
    scan.space();
  }
  return { name: 'GETMETADATA', mailbox: name, entries: askedEntries(scan), ...(options ?? anything) };
}

/** Options are words, and entries begin with a slash, as they are, in quotes or in a literal. */
const optionList = /\([A-Z]/iy;

/** The entries of GETMETADATA in parentheses, and those of LIST (RFC 9590). */
export function entryList(scan: Scanner): AskedEntries {
  const entries = scan.list(() => askedEntry(scan));
  if (entries.length === 0) scan.fail('an entry');
  return bounded(scan, entries);
}

function askedEntries(scan: Scanner): AskedEntries {
  if (scan.next === '(') return entryList(scan);
  const entries = [askedEntry(scan)];
  while (scan.take(' ')) entries.push(askedEntry(scan));
  return bounded(scan, entries);
}

function bounded<Item>(scan: Scanner, items: readonly Item[]): readonly Item[] {
  if (items.length > grammarLimits.entries) scan.fail(`at most ${grammarLimits.entries} entries`);
  return items;
}

// getmetadata-options = "(" getmetadata-option *(SP getmetadata-option) ")"
// maxsize-opt         = "MAXSIZE" SP number
// scope-opt           = "DEPTH" SP ("0" / "1" / "infinity")
function metadataOptions(scan: Scanner): Options {
  let { maxSize, depth } = anything;
  const options = scan.list(() => {
    const name = scan.keyword('MAXSIZE or DEPTH');
    scan.space();
    if (name === 'MAXSIZE') maxSize = scan.number();
    else if (name === 'DEPTH') depth = readDepth(scan);
    else scan.fail('MAXSIZE or DEPTH');
  });
  if (options.length === 0) scan.fail('MAXSIZE or DEPTH');
  return { maxSize, depth };
}

function readDepth(scan: Scanner): Depth {
  switch (scan.keyword('0, 1 or infinity')) {
    case '0':
      return 0;
    case '1':
      return 1;
    case 'INFINITY':
      return 'infinity';
    default:
      scan.fail('0, 1 or infinity');
      return 0;
  }
}

// setmetadata  = "SETMETADATA" SP mailbox SP entry-values                         (RFC 5464 section 5)
// entry-values = "(" entry-value *(SP entry-value) ")"
// entry-value  = entry SP value
// value        = nstring / literal8
export function setMetadata(scan: Scanner): Extract<MetadataCommand, { name: 'SETMETADATA' }> {
  const name = mailbox(scan);
  scan.space();
  const changes = scan.list((): AnnotationChange => {
    const which = entry(scan).toLowerCase();
    scan.space();
    return { entry: which, value: scan.nstring8() };
  });
  if (changes.length === 0) scan.fail('an entry');
  return { name: 'SETMETADATA', mailbox: name, changes: bounded(scan, changes) };
}

/** Printing ASCII in components that are not empty, without what a pattern would be (RFC 5464 section 3.2). */
const entryForm = /^(?:\/(?:private|shared))(?:\/[!-$&-)+-.0-~ ]+)+$/i;
const longestEntry = 400;

// entry = astring        ; slash-separated path to entry, MUST NOT contain "*" or "%"
const entry = (scan: Scanner): string => checked(scan, scan.astring());

/** Lenient: `/private` and `/shared` may be asked for (programs that look at all there is, with DEPTH). */
function askedEntry(scan: Scanner): string {
  const name = scan.astring();
  return /^\/(?:private|shared)$/i.test(name) ? name : checked(scan, name);
}

function checked(scan: Scanner, name: string): string {
  const isVendors = /^\/(?:private|shared)\/vendor(?:\/|$)/i.test(name);
  const components = name.split('/').length - 1;
  if (!entryForm.test(name) || name.length > longestEntry || (isVendors && components < 4))
    scan.fail('an entry as /private/comment');
  return name;
}

/** Whether a value is larger than any that is kept. */
export const isTooLong = ({ value }: AnnotationChange): boolean =>
  value !== null && value.length > mostAnnotationBytes;
