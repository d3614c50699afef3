import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatModifiedUtf7, parseModifiedUtf7 } from './modified-utf7.ts';

const pairs: readonly (readonly [text: string, written: string])[] = [
  ['INBOX', 'INBOX'],
  ['a & b', 'a &- b'],
  ['&', '&-'],
  ['&-', '&--'],
  // RFC 3501 section 5.1.3
  ['~peter/mail/台北/日本語', '~peter/mail/&U,BTFw-/&ZeVnLIqe-'],
  ['Entwürfe', 'Entw&APw-rfe'],
  ['\u{1f48c}', '&2D3cjA-'],
  ['é&é', '&AOk-&-&AOk-'],
  ['\t', '&AAk-'],
];
for (const [text, written] of pairs) {
  test(`${JSON.stringify(text)} is written ${written}`, () => {
    assert.equal(formatModifiedUtf7(text), written);
    assert.equal(parseModifiedUtf7(written), text);
  });
}

// Not closed, not in the alphabet, what stands for itself encoded, half of a unit, bits left over, two runs that are one, raw.
for (const wrong of [
  '&',
  'a&b',
  '&AOk',
  '&A-',
  '&AOl-',
  '&AGE-',
  '&AA/-',
  '&AOk=-',
  '&AOk-&AOk-',
  'é',
  '&2D0-x&3Iw-',
  '&*-',
])
  test(`${wrong} is no name`, () => assert.equal(parseModifiedUtf7(wrong), null));

test('what is written is read, and a name has one spelling', () => {
  const text = fc.string({ unit: 'binary', maxLength: 30 });
  fc.assert(
    fc.property(text, (name) => {
      const written = formatModifiedUtf7(name);
      assert.match(written, /^[ -~]*$/);
      assert.equal(parseModifiedUtf7(written), name);
    }),
    { numRuns: 5000, interruptAfterTimeLimit: 1000 },
  );
});
