import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { defaultLetterBounds, type LetterBounds } from './letter-bounds.ts';
import { StructureReader, type ReadStructure } from './structure-reader.ts';
import type { MimePart } from './structure.ts';

const read = (bytes: Buffer, pieceBytes: number, bounds: LetterBounds): ReadStructure => {
  const reader = new StructureReader(bounds);
  for (let at = 0; at < bytes.length; at += pieceBytes)
    reader.push(Uint8Array.from(bytes.subarray(at, at + pieceBytes)));
  return reader.end();
};

const readText = (text: string, bounds: Partial<LetterBounds> = {}): ReadStructure =>
  read(Buffer.from(text.replaceAll('\n', '\r\n')), 64, { ...defaultLetterBounds, ...bounds });

/** `multipart/mixed(text/plain message/rfc822(text/html))` */
const outline = ({ type, subtype, content }: MimePart): string => {
  const inside = content.is === 'leaf' ? [] : content.is === 'message' ? [content.letter] : content.parts;
  return `${type}/${subtype}${inside.length === 0 ? '' : `(${inside.map(outline).join(' ')})`}`;
};

const multipart = (boundary: string, ...parts: string[]): string =>
  `Content-Type: multipart/mixed; boundary=${boundary}\n\n${parts.map((part) => `--${boundary}\n${part}\n`).join('')}--${boundary}--\n`;

test('past the bound on depth everything is a leaf, and what is around it is still read', () => {
  const nested = multipart(
    'a',
    multipart('b', multipart('c', '\none')),
    'Content-Type: message/rfc822\n\nSubject: x\n',
  );
  assert.equal(
    outline(readText(nested).structure),
    'multipart/mixed(multipart/mixed(multipart/mixed(text/plain)) message/rfc822(text/plain))',
  );
  const cut = readText(nested, { depth: 1 });
  assert.equal(outline(cut.structure), 'multipart/mixed(multipart/mixed message/rfc822)');
  assert.equal(cut.isCut, true);
  assert.equal(readText(nested, { depth: 3 }).isCut, false);
  assert.equal(outline(readText(nested, { depth: 0 }).structure), 'multipart/mixed');
});

test('past the bound on parts the last one holds what follows, to the end of its multipart', () => {
  const letter = multipart('a', '\none', '\ntwo', '\nthree', '\nfour');
  const { structure, isCut } = readText(letter, { parts: 3 });
  assert.equal(outline(structure), 'multipart/mixed(text/plain text/plain)');
  assert.equal(isCut, true);
  assert.ok(structure.content.is === 'multipart');
  const [, last] = structure.content.parts;
  assert.equal(
    letter.replaceAll('\n', '\r\n').slice(last?.bodyStart, last?.bodyEnd),
    'two\r\n--a\r\n\r\nthree\r\n--a\r\n\r\nfour',
  );
  assert.equal(readText(letter, { parts: 5 }).isCut, false);
  assert.equal(
    outline(readText(multipart('a', 'Content-Type: message/rfc822\n\nx: y\n\n'), { parts: 2 }).structure),
    'multipart/mixed(message/rfc822)',
  );
});

test('a part that is cut off takes no room from the one that cuts it', () => {
  const { structure } = readText(multipart('a', 'Content-Type: message/rfc822', '\ntwo'), { parts: 3 });
  assert.equal(outline(structure), 'multipart/mixed(message/rfc822 text/plain)');
});

test('past the bounds on headers fields are as if they were not there, and bodies are found all the same', () => {
  const part = (name: string): string => `Content-ID: <${name}>\nContent-Type: text/${name}\n\n${name}`;
  const letter = multipart('a', part('one'), `X: ${'x'.repeat(500)}\n${part('two')}`, part('three'));
  const idsOf = (bounds: Partial<LetterBounds>): unknown => {
    const { structure, isCut } = readText(letter, bounds);
    assert.ok(structure.content.is === 'multipart');
    assert.deepEqual(
      structure.content.parts.map(({ bodyStart, bodyEnd }) => bodyEnd - bodyStart),
      [3, 3, 5],
    );
    return [isCut, ...structure.content.parts.map(({ id, subtype }) => `${subtype} ${id}`)];
  };
  assert.deepEqual(idsOf({}), [false, 'one <one>', 'two <two>', 'three <three>']);
  assert.deepEqual(idsOf({ headerBytes: 100 }), [true, 'one <one>', 'plain null', 'three <three>']);
  assert.deepEqual(idsOf({ headerBytesInAll: 150 }), [true, 'one <one>', 'plain null', 'plain null']);
  assert.deepEqual(idsOf({ headerBytesInAll: 700 }), [false, 'one <one>', 'two <two>', 'three <three>']);
});

test('where a bound cuts a header does not depend on the pieces', () => {
  const letter = Buffer.from(
    multipart('a', 'Content-Type: message/rfc822', 'Content-ID: <x>').replaceAll('\n', '\r\n'),
  );
  for (let headerBytes = 10; headerBytes < 40; headerBytes++) {
    const bounds = { ...defaultLetterBounds, headerBytes };
    const whole = read(letter, letter.length, bounds);
    for (const pieceBytes of [1, 2, 3, 7])
      assert.deepEqual(read(letter, pieceBytes, bounds), whole, `${headerBytes}`);
  }
});

test('past the bounds on addresses and parameters there are no more', () => {
  const { envelope, isCut } = readText('To: a@b, c@d, g: e@f, h@i;\nFrom: x@y\nCc: j@k\n\n', {
    addresses: 4,
  });
  assert.deepEqual([envelope.from?.length, envelope.to?.length, envelope.cc?.length, isCut], [1, 3, 0, true]);
  const { structure } = readText('Content-Type: a/b; c=1; d=2; e=3\nContent-Disposition: inline; f=4\n\n', {
    parameters: 2,
  });
  assert.deepEqual(
    structure.parameters.map(({ name }) => name),
    ['c', 'd'],
  );
  assert.deepEqual(structure.disposition, { type: 'inline', parameters: [] });
});

/** What is compared: the parts from the outside in, each with its kind and places. */
type Found = { readonly kind: string; readonly places: readonly number[] };

type Line = {
  readonly text: string;
  /** As a delimiter is compared: at the end of the letter a CR may be half of a line end. */
  readonly unpadded: string;
  readonly start: number;
  readonly breakStart: number;
};

const linesOf = (bytes: Buffer): Line[] => {
  const lines: Line[] = [];
  for (let start = 0; start < bytes.length;) {
    const lf = bytes.indexOf('\n', start);
    const end = lf === -1 ? bytes.length : lf + 1;
    const breakStart = lf === -1 ? end : lf > start && bytes[lf - 1] === 13 ? lf - 1 : lf;
    const text = bytes.toString('latin1', start, breakStart);
    const unpadded = text.replace(lf === -1 ? /\r?$/ : '', '').replace(/[ \t]*$/, '');
    lines.push({ text, unpadded, start, breakStart });
    start = end;
  }
  return lines;
};

const CONTENT_TYPE = /^Content-Type: (multipart|message)\/([\w.-]+)(?:; boundary=([^\s;]*))?/;
const kindOf = (type: string, subtype: string): string => {
  if (type === 'multipart') return 'parts';
  return type === 'message' && subtype === 'rfc822' ? 'letter' : 'text';
};

/** The parts found in another way: all lines at once, and a function that calls itself for what is inside. */
const findParts = (bytes: Buffer): Found[] => {
  const lines = linesOf(bytes);
  const found: Found[] = [];
  /** Lines whose ends belong to them, and not to a delimiter that follows. */
  const whole = new Set<number>();
  const startOf = (at: number): number => lines[at]?.start ?? bytes.length;
  const textOf = (at: number): string => lines[at]?.text ?? '';
  const delimiterAt = (at: number, open: readonly string[]): { level: number; closes: boolean } | null => {
    const text = lines[at]?.unpadded ?? '';
    const level = open.findLastIndex((boundary) => text === `--${boundary}` || text === `--${boundary}--`);
    return level === -1 ? null : { level, closes: text !== `--${open[level]}` };
  };
  const endOfHeader = (first: number, open: readonly string[]): number => {
    for (let at = first; at < lines.length && delimiterAt(at, open) === null; at++) {
      if (textOf(at) === '') {
        whole.add(at);
        return at + 1;
      }
      if (at === first && !/^(?:[!-9;-~]+[ \t]*:|>?From )/.test(textOf(at))) return at;
      if (at + 1 === lines.length || delimiterAt(at + 1, open) !== null) return at + 1;
    }
    return first;
  };
  /** Gives the line at which what begins with line `first` ends: one that delimits something around it, or the end. */
  const entity = (first: number, start: number, open: readonly string[]): number => {
    const at = endOfHeader(first, open);
    const header = lines.slice(first, at).map(({ text }) => text);
    const isCutOff = at > first && !whole.has(at - 1);
    const cutAt = at < lines.length ? (lines[at - 1]?.breakStart ?? 0) : bytes.length;
    const bodyStart = at === first ? start : isCutOff ? cutAt : startOf(at);
    const [, type = '', subtype = '', boundary = ''] =
      header.map((text) => CONTENT_TYPE.exec(text)).find((match) => match !== null) ?? [];
    const kind = kindOf(type, subtype);
    const own = found.push({ kind, places: [] }) - 1;
    // What cuts a header off is looked for before the header says what the boundary is.
    const inside = kind === 'parts' && !isCutOff ? [...open, boundary] : [...open];
    let ends = kind === 'letter' ? entity(at, bodyStart, open) : at;
    for (let next = delimiterAt(ends, inside); ends < lines.length; next = delimiterAt(ends, inside)) {
      if (next !== null && next.level < open.length) break;
      if (next?.closes === true) inside.pop();
      if (next?.closes === false) whole.add(ends);
      ends = next?.closes === false ? entity(ends + 1, startOf(ends + 1), inside) : ends + 1;
    }
    const breakStart = whole.has(ends - 1) ? startOf(ends) : (lines[ends - 1]?.breakStart ?? 0);
    const bodyEnd = ends === lines.length ? bytes.length : ends > at ? breakStart : bodyStart;
    found[own] = { kind, places: [start, bodyStart, Math.max(bodyStart, bodyEnd)] };
    return ends;
  };
  entity(0, 0, []);
  return found;
};

const flat = (letter: MimePart): Found[] => {
  const { content, type, subtype, headerStart, bodyStart, bodyEnd } = letter;
  const kind = kindOf(type, subtype);
  const inside = content.is === 'leaf' ? [] : content.is === 'message' ? [content.letter] : content.parts;
  return [{ kind, places: [headerStart, bodyStart, bodyEnd] }, ...inside.flatMap(flat)];
};

const line = fc.constantFrom(
  '',
  '',
  'text',
  ' more',
  'X: y',
  '--',
  '-',
  '--a',
  '--a',
  '--a--',
  '--a-- \t',
  '--b',
  '--b--',
  '--ab',
  '--ab--',
  '--a----',
  '--a \r',
  'Content-Type: multipart/x; boundary=a',
  'Content-Type: multipart/x; boundary=a',
  'Content-Type: multipart/x; boundary=b',
  'Content-Type: multipart/x; boundary=ab',
  'Content-Type: multipart/x; boundary=a--',
  'Content-Type: message/rfc822',
  '>From x',
);
const soup = fc
  .array(fc.tuple(line, fc.constantFrom('\r\n', '\r\n', '\r\n', '\n', '\n', '\r', '')), { maxLength: 40 })
  .map((lines) => lines.flat().join(''));

test('property: letters of any lines have the parts that another way finds, in any pieces', () => {
  fc.assert(
    fc.property(soup, fc.integer({ min: 1, max: 9 }), (text, pieceBytes) => {
      const bytes = Buffer.from(text);
      const { structure } = read(bytes, pieceBytes, defaultLetterBounds);
      assert.deepEqual(flat(structure), findParts(bytes));
    }),
    { numRuns: 100_000, interruptAfterTimeLimit: 1500, markInterruptAsFailure: false },
  );
});
