import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatBase64, parseBase64 } from './base64.ts';
import { asBuffer, decodeUtf8 } from './buffer.ts';
import { formatUnitext, formatXtext, parseUnitext, parseXtext } from './xtext.ts';

const limits = { numRuns: 3000, interruptAfterTimeLimit: 700 };

test('base64 comes back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      assert.deepEqual(parseBase64(formatBase64(bytes)), Buffer.from(bytes));
    }),
    limits,
  );
});

test('one value has one spelling: what is taken as base64 is what would be written', () => {
  const characters = fc.constantFrom(...Array.from('AQgwx/+09= \n-_*\u00e9\0'));
  fc.assert(
    fc.property(fc.array(characters, { maxLength: 12 }), (parts) => {
      const bytes = parseBase64(parts.join(''));
      if (bytes !== null) assert.equal(formatBase64(bytes), parts.join(''));
    }),
    limits,
  );
});

for (const wrong of [
  '=',
  'A',
  'AA',
  'AAA',
  'AA=',
  'AB==',
  'AAB=',
  'A===',
  '====',
  'AA==AAAA',
  'AAAA\n',
  'A AA',
  'AA-_',
  '*',
]) {
  test(`${JSON.stringify(wrong)} is not base64`, () => assert.equal(parseBase64(wrong), null));
}

test('base64 of a view is of the view alone', () => {
  const whole = Uint8Array.from([1, 2, 3, 4, 5]);
  assert.equal(formatBase64(whole.subarray(1, 4)), 'AgME');
  assert.deepEqual(asBuffer(whole.subarray(1, 4)), Buffer.of(2, 3, 4));
});

test('xtext comes back, as printable ASCII without + and =', () => {
  const octets = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
  fc.assert(
    fc.property(octets, (text) => {
      const written = formatXtext(text);
      assert.match(written, /^(?:[!-*,-<>-~]|\+[0-9A-F]{2})*$/);
      assert.equal(parseXtext(written), text);
    }),
    limits,
  );
});

for (const wrong of ['+', '+2', '+2b', '+zz', 'a b', 'a=b', '\u00e9', 'a\r\n', '+2B+']) {
  test(`${JSON.stringify(wrong)} is not xtext`, () => assert.equal(parseXtext(wrong), null));
}

test('UTF-8 is decoded whole, its byte order mark too; anything else is null', () => {
  assert.equal(decodeUtf8(Buffer.from('\ufeffnü')), '\ufeffnü');
  for (const wrong of ['ff', 'c080', 'eda080', 'f8888080', 'c3', 'f4908080'])
    assert.equal(decodeUtf8(Buffer.from(wrong, 'hex')), null, wrong);
});

/** RFC 6533 section 3 has no form for these. */
const unwritten = new Set([0, 10, 11, 12, 13, 14, 15, 26, 27, 28, 29, 30, 31]);
const shown = (character: string): string => (unwritten.has(character.codePointAt(0) ?? 0) ? '?' : character);

test('text comes back from utf-8-addr-xtext, which is ASCII', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (text) => {
      const written = formatUnitext(text);
      assert.match(written, /^[!-~]*$/);
      assert.equal(parseUnitext(written), Array.from(text, shown).join(''));
    }),
    limits,
  );
});

const unitext: readonly (readonly [string, string | null])[] = [
  ['a@b.example', 'a@b.example'],
  ['\\x{FC}@b.example', '\u00fc@b.example'],
  ['\u00fc\\x{20}\\x{2B}\\x{5C}', '\u00fc +\\'],
  ['\\x{1F600}', '\u{1f600}'],
  ['a+b', null],
  ['a=b', null],
  ['a b', null],
  ['a\\b', null],
  ['\\x{41}', null],
  ['\\x{0A}', null],
  ['\\x{D800}', null],
  ['\\x{110000}', null],
  ['\\x{fc}', null],
  ['\\x{\\x{20}', null],
];
for (const [text, expected] of unitext)
  test(`${JSON.stringify(text)} is ${expected === null ? 'no unitext' : JSON.stringify(expected)}`, () =>
    assert.equal(parseUnitext(text), expected));
