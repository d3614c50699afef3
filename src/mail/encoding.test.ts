import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { formatEncodedWords, parseEncodedWords } from './encoded-word.ts';
import { formatQuotedPrintable, parseQuotedPrintable } from './quoted-printable.ts';

const limits = { interruptAfterTimeLimit: 700, markInterruptAsFailure: false };
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
    assert.equal(latin1(parseQuotedPrintable(Buffer.from(text, 'latin1'))), decoded));

test('property: quoted-printable gives the bytes back, in lines of at most 76 printable characters', () => {
  const bytes = fc.array(fc.oneof(fc.constantFrom(13, 10, 32, 9, 61, 46), fc.nat(255)), { maxLength: 400 });
  fc.assert(
    fc.property(bytes, (values) => {
      const encoded = formatQuotedPrintable(Uint8Array.from(values));
      assert.deepEqual([...parseQuotedPrintable(Buffer.from(encoded))], values);
      for (const line of encoded.split('\r\n')) assert.match(line, /^([\t -~]{0,75}[!-~])?$/);
    }),
    limits,
  );
});
