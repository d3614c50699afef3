import { grammarLimits } from '../limits.ts';
import type { NumberSet } from '../number-set.ts';
import type { Scanner } from '../scanner.ts';
import type { Partial, Section } from '../section.ts';
import { numberSet } from './number-set.ts';
import type { PartialResult } from '../search-key.ts';
import { partialRange } from './search.ts';
import { partial as partialOctets, section, sectionBinary } from './section.ts';

export type FetchCommand = {
  readonly name: 'FETCH' | 'UID FETCH';
  readonly set: NumberSet;
  readonly items: readonly FetchItem[];
  /** Only letters that changed after it (RFC 7162 section 3.1.4); null for all. */
  readonly changedSince: bigint | null;
  /** Whether the uids that left since then are told (RFC 7162 section 3.2.6). */
  readonly vanished: boolean;
  /** Only some of the letters (RFC 9394 section 3.4); null for all. */
  readonly partial: PartialResult | null;
};

/** What a FETCH asks of each letter. */
export type FetchItem =
  | { readonly item: PlainItem }
  | {
      readonly item: 'BODY[]';
      readonly section: Section;
      /** `[1.TEXT]`, as the response names it. */
      readonly name: string;
      readonly partial: Partial | null;
      /** Whether the letter stays unseen. */
      readonly peek: boolean;
    }
  /** A part without its transfer encoding (RFC 3516 section 4.2). */
  | {
      readonly item: 'BINARY[]';
      readonly part: readonly number[];
      readonly partial: Partial | null;
      readonly peek: boolean;
    }
  | { readonly item: 'BINARY.SIZE[]'; readonly part: readonly number[] };

const plainItems = [
  'BODYSTRUCTURE',
  'BODY',
  'EMAILID',
  'ENVELOPE',
  'FLAGS',
  'INTERNALDATE',
  'PREVIEW',
  'MODSEQ',
  'RFC822.HEADER',
  'RFC822.SIZE',
  'RFC822.TEXT',
  'RFC822',
  'SAVEDATE',
  'THREADID',
  'UID',
] as const;

/** What is asked for by a word alone. */
export type PlainItem = (typeof plainItems)[number];
const isPlainItem = (name: string): name is PlainItem => plainItems.some((item) => item === name);

const plain = (...items: PlainItem[]): readonly FetchItem[] => items.map((item) => ({ item }));
const fast = plain('FLAGS', 'INTERNALDATE', 'RFC822.SIZE');
const all = [...fast, ...plain('ENVELOPE')];
const macros: ReadonlyMap<string, readonly FetchItem[]> = new Map([
  ['FAST', fast],
  ['ALL', all],
  ['FULL', [...all, ...plain('BODY')]],
]);

const word = /[A-Z][A-Z0-9.]*/iy;

// fetch = "FETCH" SP sequence-set SP ("ALL" / "FULL" / "FAST" / fetch-att / "(" fetch-att *(SP fetch-att) ")")
/** RFC 9051 section 6.4.5. */
export const fetch =
  <Name extends FetchCommand['name']>(name: Name) =>
  (scan: Scanner): FetchCommand & { readonly name: Name } => {
    const set = numberSet(scan);
    scan.space();
    const items = fetchAtts(scan);
    return { name, set, items, ...fetchModifiers(scan, name) };
  };

function fetchAtts(scan: Scanner): readonly FetchItem[] {
  if (scan.next !== '(') {
    const first = scan.match(word)?.[0].toUpperCase() ?? '';
    return macros.get(first) ?? [fetchAtt(scan, first)];
  }
  const items = scan.list(() => fetchAtt(scan, scan.match(word)?.[0].toUpperCase() ?? ''));
  if (items.length === 0) scan.fail('what to fetch');
  const apart = [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
  if (apart.length > grammarLimits.fetchItems) scan.fail(`at most ${grammarLimits.fetchItems} items`);
  return apart;
}

// fetch-modifiers = SP "(" fetch-modifier *(SP fetch-modifier) ")"               (RFC 4466 section 2.4)
// fetch-modifier  = "CHANGEDSINCE" SP mod-sequence-value / "VANISHED"            (RFC 7162 section 7)
// fetch-modifier  =/ "PARTIAL" SP partial-range                                   (RFC 9394 section 4)
function fetchModifiers(
  scan: Scanner,
  name: FetchCommand['name'],
): Pick<FetchCommand, 'changedSince' | 'vanished' | 'partial'> {
  let changedSince: bigint | null = null;
  let vanished = false;
  let partial: PartialResult | null = null;
  if (scan.take(' ')) {
    const modifiers = scan.list(() => {
      if (scan.take('CHANGEDSINCE ')) changedSince = scan.modSeq();
      else if (scan.take('VANISHED')) vanished = true;
      else if (scan.take('PARTIAL ')) partial = partialRange(scan);
      else scan.fail('CHANGEDSINCE, VANISHED or PARTIAL');
    });
    if (modifiers.length === 0) scan.fail('CHANGEDSINCE, VANISHED or PARTIAL');
  }
  if (partial !== null && name !== 'UID FETCH') scan.fail('UID FETCH for PARTIAL');
  if (vanished && (changedSince === null || name !== 'UID FETCH'))
    scan.fail('UID FETCH and CHANGEDSINCE for VANISHED');
  return { changedSince, vanished, partial };
}

// fetch-att = "ENVELOPE" / "FLAGS" / "INTERNALDATE" / "RFC822.SIZE" / "BODY" ["STRUCTURE"] / "UID" /
//             "BODY" section [partial] / "BODY.PEEK" section [partial] /
//             "BINARY" [".PEEK"] section-binary [partial] / "BINARY.SIZE" section-binary /
//             "PREVIEW" [SP "(" preview-mod *(SP preview-mod) ")"] / "SAVEDATE" / "EMAILID" / "THREADID"
function fetchAtt(scan: Scanner, name: string): FetchItem {
  const peek = name === 'BODY.PEEK';
  if (peek || (name === 'BODY' && scan.next === '[')) {
    const named = section(scan);
    return { item: 'BODY[]', ...named, partial: partialOctets(scan), peek };
  }
  if (name === 'BINARY' || name === 'BINARY.PEEK') {
    const part = sectionBinary(scan);
    return { item: 'BINARY[]', part, partial: partialOctets(scan), peek: name === 'BINARY.PEEK' };
  }
  if (name === 'BINARY.SIZE') return { item: 'BINARY.SIZE[]', part: sectionBinary(scan) };
  if (!isPlainItem(name)) {
    scan.fail('what to fetch');
    return { item: 'FLAGS' };
  }
  if (name === 'PREVIEW' && scan.take(' (')) previewModifiers(scan);
  return { item: name };
}

// preview-mod = "LAZY"                                                            (RFC 8970 section 6)
/** Previews are computed before letters are stored, so nobody has to wait for one, whether or not they would. */
function previewModifiers(scan: Scanner): void {
  do if (scan.keyword('LAZY') !== 'LAZY') scan.fail('LAZY');
  while (scan.take(' '));
  scan.expect(')');
}
