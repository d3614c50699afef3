import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { formatEncodedWords, parseEncodedWords } from './encoded-word.ts';
import { formatQuotedPrintable } from './quoted-printable.ts';
import { transferReader } from './transfer-encoding.ts';

const limits = { interruptAfterTimeLimit: 700, markInterruptAsFailure: false };
const decode = (encoding: string, ...chunks: Uint8Array[]): Buffer => {
  const reader = transferReader(encoding);
  const pieces = chunks.map((chunk) => Uint8Array.from(reader.push(Uint8Array.from(chunk))));
  return Buffer.concat([...pieces, reader.end()]);
};
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

const words: [string, string][] = [
  ['plain', 'plain'],
  ['=?utf-8?q?caf=C3=A9?=', 'café'],
  ['=?UTF-8?Q?caf=c3=a9_au_lait?= now', 'café au lait now'],
  ['=?utf-8?B?5L2g5aW9?=', '你好'],
  ['=?iso-8859-1*de?q?gr=FC=DFe?=', 'grüße'],
  ['=?iso-2022-jp?B?GyRCJDMbKEI=?=', 'こ'],
  ['=?utf-8?q?a?= =?utf-8?q?b?=', 'ab'],
  ['=?utf-8?q?a?=\r\n =?utf-8?b?Yg==?= c', 'ab c'],
  ['=?utf-8?q?a?= x =?utf-8?q?b?=', 'a x b'],
  ['=?utf-8?q?=E2=82?= =?utf-8?q?=AC?=', '€'],
  ['=?utf-8?q?=E2=82?= =?iso-8859-1?q?=E4?=', '\ufffdä'],
  ['=?klingon?q?a?= =?utf-8?q?b?=', '=?klingon?q?a?= b'],
  ['=?__proto__?q?a?=', '=?__proto__?q?a?='],
  ['=?utf-8?x?a?=', '=?utf-8?x?a?='],
  ['=?utf-8?q?a b?=', '=?utf-8?q?a b?='],
  ['=?utf-8?q?100=?=', '100='],
  ['=?utf-8?q??=', ''],
  ['=?', '=?'],
];
for (const [text, decoded] of words)
  test(`encoded words: ${JSON.stringify(text)}`, () => assert.equal(parseEncodedWords(text), decoded));

/** RFC 2047 section 2. */
test('property: encoded words give the text back, each at most 75 characters of printable ASCII', () => {
  const unit = fc.oneof(
    fc.constantFrom(...Array.from('=?_ aé€😀\r\n\ufeff')),
    fc.string({ minLength: 1, maxLength: 1, unit: 'binary' }),
  );
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 200 }), (text) => {
      const encoded = formatEncodedWords(text);
      assert.equal(parseEncodedWords(encoded), text.toWellFormed());
      for (const word of encoded.split(' ')) assert.match(word, /^([!-~]{12,75})?$/);
    }),
    limits,
  );
});

const quoted: [string, string][] = [
  ['a=3Db', 'a=b'],
  ['a=3db', 'a=b'],
  ['a=\r\nb', 'ab'],
  ['a= \t\r\nb', 'ab'],
  ['a=\nb', 'ab'],
  ['a \t\r\nb  ', 'a\r\nb'],
  ['a=20\r\n', 'a \r\n'],
  ['a=zz=', 'a=zz'],
  ['=', ''],
  ['=\r=41', '=\rA'],
];
for (const [text, decoded] of quoted)
  test(`quoted-printable: ${JSON.stringify(text)}`, () =>
    assert.equal(latin1(decode('quoted-printable', Buffer.from(text, 'latin1'))), decoded));

test('property: quoted-printable gives the bytes back, in lines of at most 76 printable characters', () => {
  const bytes = fc.array(fc.oneof(fc.constantFrom(13, 10, 32, 9, 61, 46), fc.nat(255)), { maxLength: 400 });
  fc.assert(
    fc.property(bytes, (values) => {
      const encoded = formatQuotedPrintable(Uint8Array.from(values));
      assert.deepEqual([...decode('quoted-printable', Buffer.from(encoded))], values);
      for (const line of encoded.split('\r\n')) assert.match(line, /^([\t -~]{0,75}[!-~])?$/);
    }),
    limits,
  );
});

/** RFC 2045 section 6.8, and what does not hold to it. */
const base64: [string, string][] = [
  ['QUJD', 'ABC'],
  ['QUI=', 'AB'],
  ['QQ==', 'A'],
  ['QQ', 'A'],
  ['QUJDR', 'ABC'],
  ['Q U\r\nJ\tD', 'ABC'],
  ['Q!U*J-D_', 'ABC'],
  ['QQ==Qg==', 'AB'],
  ['QQ=Qg', 'AB'],
  ['====', ''],
  ['', ''],
];
for (const [text, decoded] of base64)
  test(`base64: ${JSON.stringify(text)}`, () =>
    assert.equal(latin1(decode('base64', Buffer.from(text))), decoded));

test('an encoding that is not known leaves the bytes as they are', () => {
  assert.equal(latin1(decode('x-uuencode', Buffer.from('=41 QUJD'))), '=41 QUJD');
});

test('so much padding is dropped, and no more', () => {
  const padded = (blanks: number, after: string): string =>
    latin1(decode('quoted-printable', Buffer.from(`a${' '.repeat(blanks)}${after}`)));
  assert.equal(padded(1000, '\r\nb'), 'a\r\nb');
  assert.equal(padded(1003, '\r\nb'), 'a   \r\nb');
  assert.equal(padded(1003, ''), 'a   ');
  const soft = (blanks: number): string =>
    latin1(decode('quoted-printable', Buffer.from(`a=${' '.repeat(blanks)}\nb`)));
  assert.equal(soft(1000), 'ab');
  assert.equal(soft(1001), 'a= \nb');
});

test('property: in pieces a text is decoded as it is whole', () => {
  const blanks = fc.constantFrom(998, 999, 1000, 1001, 1002).map((count) => ' '.repeat(count));
  const piece = fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom(...Array.from('=== \t\r\n4AaQZz/+-_!\xff'), '=\r\n', '=41') },
    blanks,
  );
  const encodings = fc.constantFrom('base64', 'quoted-printable');
  fc.assert(
    fc.property(
      encodings,
      fc.array(piece, { maxLength: 30 }),
      fc.array(fc.nat(200), { maxLength: 8 }),
      (encoding, texts, cuts) => {
        const bytes = Buffer.from(texts.join(''), 'latin1');
        const places = [0, ...cuts.toSorted((one, other) => one - other), bytes.length];
        const pieces = places.slice(1).map((to, index) => bytes.subarray(places[index], to));
        const whole = latin1(decode(encoding, bytes));
        assert.equal(latin1(decode(encoding, ...pieces)), whole);
        assert.equal(latin1(decode(encoding, ...Array.from(bytes, (byte) => Uint8Array.of(byte)))), whole);
      },
    ),
    { numRuns: 20_000, interruptAfterTimeLimit: 900, markInterruptAsFailure: false },
  );
});
