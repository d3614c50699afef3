import { grammarLimits } from '../limits.ts';
import type { Scanner } from '../scanner.ts';
import type { Partial, Section, SectionText } from '../section.ts';

/** A section, and how a response names it. */
export type NamedSection = { readonly section: Section; readonly name: string };

// section      = "[" [section-spec] "]"                                          (RFC 9051 section 9)
// section-spec = section-msgtext / (section-part ["." section-text])
// section-text = section-msgtext / "MIME"
// section-part = nz-number *("." nz-number)
export function section(scan: Scanner): NamedSection {
  scan.expect('[');
  const part: number[] = [];
  let isDone = scan.take(']');
  while (!isDone && /[0-9]/.test(scan.next)) {
    part.push(scan.nzNumber());
    if (part.length > grammarLimits.nesting) scan.fail(`at most ${grammarLimits.nesting} numbers of a part`);
    isDone = !scan.take('.');
    if (isDone) scan.expect(']');
  }
  const prefix = part.join('.');
  if (isDone) return { section: { part, text: { of: 'all' } }, name: `[${prefix}]` };
  const { text, name } = sectionText(scan);
  if (part.length === 0 && text.of === 'mime') scan.fail('a part before MIME');
  scan.expect(']');
  return { section: { part, text }, name: `[${prefix}${prefix === '' ? '' : '.'}${name}]` };
}

// section-msgtext = "HEADER" / "HEADER.FIELDS" [".NOT"] SP header-list / "TEXT"
// header-list     = "(" header-fld-name *(SP header-fld-name) ")"
function sectionText(scan: Scanner): { text: SectionText; name: string } {
  if (scan.take('HEADER.FIELDS')) {
    const isNot = scan.take('.NOT');
    scan.space();
    const names = scan.list(() => fieldName(scan));
    if (names.length === 0) scan.fail('the name of a field');
    const lower = new Set(names.map((name) => name.toLowerCase()));
    const list = `(${names.map(formatFieldName).join(' ')})`;
    return isNot
      ? { text: { of: 'fields-not', names: lower }, name: `HEADER.FIELDS.NOT ${list}` }
      : { text: { of: 'fields', names: lower }, name: `HEADER.FIELDS ${list}` };
  }
  if (scan.take('HEADER')) return { text: { of: 'header' }, name: 'HEADER' };
  if (scan.take('TEXT')) return { text: { of: 'text' }, name: 'TEXT' };
  if (!scan.take('MIME')) scan.fail('HEADER, HEADER.FIELDS, TEXT or MIME');
  return { text: { of: 'mime' }, name: 'MIME' };
}

// header-fld-name = astring
const fieldName = (scan: Scanner): string => {
  const name = scan.astring();
  if (!/^[!-9;-~]+$/.test(name)) scan.fail('the name of a field');
  return name;
};

/** As in the command: names that an atom cannot have are quoted. */
const formatFieldName = (name: string): string =>
  /^[!#$&'+,\-./0-9;<=>?@A-Z[\]^_`a-z|}~]+$/.test(name) ? name : `"${name.replaceAll(/["\\]/g, '\\$&')}"`;

// section-binary = "[" [section-part] "]"
export function sectionBinary(scan: Scanner): readonly number[] {
  scan.expect('[');
  const part: number[] = [];
  if (scan.take(']')) return part;
  do {
    part.push(scan.nzNumber());
    if (part.length > grammarLimits.nesting) scan.fail(`at most ${grammarLimits.nesting} numbers of a part`);
  } while (scan.take('.'));
  scan.expect(']');
  return part;
}

// partial = "<" number64 "." nz-number64 ">"
export function partial(scan: Scanner): Partial | null {
  if (!scan.take('<')) return null;
  const from = scan.number64();
  scan.expect('.');
  const most = scan.number64();
  if (most === 0) scan.fail('a number above 0');
  scan.expect('>');
  return { from, most };
}
