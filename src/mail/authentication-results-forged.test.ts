import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { foreignTraceFields } from './authentication-results-forged.ts';
import { Header } from './header.ts';
import { keptPieces, omittedBytes, type OmittedRange } from './omitted-ranges.ts';

const kept = (letter: string, authservId = 'mx.example.org'): string => {
  const bytes = Buffer.from(letter);
  return Buffer.concat(
    keptPieces(
      bytes,
      foreignTraceFields(new Header(bytes, { fields: Infinity, bytes: Infinity }), authservId),
    ),
  ).toString();
};

const forged: readonly string[] = [
  'Authentication-Results: mx.example.org; spf=pass',
  'authentication-RESULTS: MX.Example.Org; spf=pass',
  'Authentication-Results :mx.example.org; spf=pass',
  'Authentication-Results:\r\n mx.example.org\r\n ;\r\n spf=pass',
  'Authentication-Results: (a comment) mx.example.org (another); none',
  'Authentication-Results: (a (nested \\) one)) mx.example.org; none',
  'Authentication-Results: mx(split).example.org; none',
  'Authentication-Results: mx.example.org(; x=y); none',
  'Authentication-Results: mx.example.org 1; none',
  'Authentication-Results: mx.example.org 99; none',
  'Authentication-Results: "mx.example.org"; none',
  'Authentication-Results: "mx.ex\\ample.org" 1; none',
  'Authentication-Results: "mx".example.org; none',
  'Authentication-Results: mx.example.org.; none',
  'Authentication-Results: mx.example.org',
  'Authentication-Results: mx.example.org spf=pass',
  'Authentication-Results: <mx.example.org>; none',
  'Authentication-Results: mx .example .org; none',
  'Authentication-Results: mx.\u00adexample.org; none',
  'Authentication-Results: mx.example\u3002org; none',
  'Authentication-Results: \uff4d\uff58.example.org; none',
  'Authentication-Results: =?utf-8?q?mx=2Eexample=2Eorg?=; none',
  'Authentication-Results: evil.example mx.example.org; none',
  'Return-Path: <somebody@example.com>',
  'RETURN-path:<>',
];
for (const field of forged) {
  test(`left out: ${JSON.stringify(field)}`, () => {
    assert.equal(kept(`A: 1\r\n${field}\r\nB: 2\r\n\r\nbody\r\n`), 'A: 1\r\nB: 2\r\n\r\nbody\r\n');
  });
}

const honest: readonly string[] = [
  'Authentication-Results: mx.example.com; spf=pass',
  'Authentication-Results: mx.example.org.example.com; spf=pass',
  'Authentication-Results: a-mx.example.org; spf=pass',
  'Authentication-Results: mx.example.com; spf=pass reason="mx.example.org"',
  'Authentication-Results: mx.example.com; spf=pass\r\n mx.example.org; spf=pass',
  'ARC-Authentication-Results: i=1; mx.example.org; spf=pass',
  'X-Authentication-Results: mx.example.org; spf=pass',
  'Authentication-Results: (mx.example.com; mx.example.com); none',
  'Authentication-Results:',
  'Subject: Authentication-Results: mx.example.org; spf=pass',
];
for (const field of honest) {
  test(`kept: ${JSON.stringify(field)}`, () => {
    const letter = `A: 1\r\n${field}\r\nB: 2\r\n\r\nAuthentication-Results: mx.example.org; none\r\n`;
    assert.equal(kept(letter), letter);
  });
}

test('an internationalized name in each of its spellings', () => {
  for (const own of ['mx.bücher.example', 'mx.xn--bcher-kva.example']) {
    for (const claimed of [
      'mx.bücher.example',
      'MX.BÜCHER.example',
      'mx.xn--bcher-kva.example',
      '"mx.XN--BCHER-KVA.example"',
      'mx.bu\u0308cher.example',
    ]) {
      assert.equal(kept(`Authentication-Results: ${claimed}; none\r\n\r\n`, own), '\r\n', claimed);
    }
    const other = 'Authentication-Results: mx.bucher.example; none\r\n\r\n';
    assert.equal(kept(other, own), other);
  }
});

test('neighbours are one range, and the last field may have no end', () => {
  const letter = Buffer.from('Return-Path: a\r\nReturn-Path: b\r\nX: y\r\nReturn-Path: c');
  const ranges = foreignTraceFields(new Header(letter), 'mx.example.org');
  assert.deepEqual(ranges, [
    { start: 0, end: 32 },
    { start: 38, end: letter.length },
  ]);
  assert.equal(omittedBytes(ranges), letter.length - 6);
});

test('the field is found among ten thousand, and behind 300 KiB of another', () => {
  const letter = `${'X: y\r\n'.repeat(10_000)}X: ${'z\r\n '.repeat(80_000)}\r\nReturn-Path: a\r\n`;
  assert.equal(kept(letter), letter.slice(0, -'Return-Path: a\r\n'.length));
});

test('any comments and white space around the name make no difference', () => {
  const space = fc
    .array(fc.constantFrom(' ', '\t', '\r\n ', '(c)', '(a (b) c)', '(\\()'), { maxLength: 4 })
    .map((all) => all.join(''));
  fc.assert(
    fc.property(space, space, space, fc.constantFrom('', '1', '17'), (before, after, last, version) => {
      const letter = `Authentication-Results:${before}mx.example.org${after} ${version}${last};none\r\n\r\n`;
      assert.equal(kept(letter), '\r\n');
    }),
    { interruptAfterTimeLimit: 1000 },
  );
});

test('what is kept and what is left out are the whole', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.array(fc.nat(100), { maxLength: 8 }), (bytes, cuts) => {
      const marks = [...new Set(cuts.map((cut) => Math.min(cut, bytes.length)))].sort((a, b) => a - b);
      const ranges: OmittedRange[] = [];
      for (let at = 0; at + 1 < marks.length; at += 2)
        ranges.push({ start: marks[at] ?? 0, end: marks[at + 1] ?? 0 });
      const pieces = Buffer.concat(keptPieces(bytes, ranges));
      assert.equal(pieces.length, bytes.length - omittedBytes(ranges));
      const expected = bytes.filter(
        (_, index) => !ranges.some(({ start, end }) => index >= start && index < end),
      );
      assert.deepEqual([...pieces], [...expected]);
    }),
  );
});
