import assert from 'node:assert/strict';
import { isAscii } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAddressList, readableAddressList } from './address-list.ts';
import { downgradedHeader } from './downgraded-header.ts';
import { parseEncodedWords } from './encoded-word.ts';
import { Header } from './header.ts';
import { parseParameters, parameterValue } from './parameters.ts';

const downgraded = (text: string): string =>
  Buffer.from(downgradedHeader(Buffer.from(text))).toString('latin1');

/** A header, and what becomes of it. */
const headers: readonly (readonly [string, string])[] = [
  ['', ''],
  ['Subject: x\r\nX: y\r\n', 'Subject: x\r\nX: y\r\n'],
  ['Subject: Grüße\r\n', 'Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\n'],
  ['SUBJECT:Grüße\r\n', 'SUBJECT: =?utf-8?b?R3LDvMOfZQ==?=\r\n'],
  // What is encoded already is not encoded twice.
  ['Subject: =?utf-8?q?=C3=A4?= ü\r\n', 'Subject: =?utf-8?b?w6Qgw7w=?=\r\n'],
  ['From: Bjørn <b@a.example>\r\n', 'From: =?utf-8?b?QmrDuHJu?= <b@a.example>\r\n'],
  [
    'To: bjørn@a.example, Ann <ann@a.example>\r\n',
    'To: =?utf-8?q?bj=C3=B8rn=40a=2Eexample?=\r\n <invalid@internationalized-address.invalid>, Ann <ann@a.example>\r\n',
  ],
  ['Cc: Ann <ann@bücher.example>\r\n', 'Cc: Ann <ann@xn--bcher-kva.example>\r\n'],
  [
    'Cc: Freunde der Künste: ann@a.example;\r\n',
    'Cc: =?utf-8?q?Freunde_der_K=C3=BCnste?=: ann@a.example;\r\n',
  ],
  [
    'Content-Type: text/plain; charset=utf-8; name="Übersicht (1).txt"\r\n',
    'Content-Type: text/plain; charset="utf-8";\r\n name*=utf-8\'\'%C3%9Cbersicht%20%281%29.txt\r\n',
  ],
  ['Content-Type: ümlaut/plain\r\nMIME-Version: 1.0\r\n', 'MIME-Version: 1.0\r\n'],
  ['Received: from ü by x\r\nDelivered-To: ü@a.example\r\nX-Foo: ü\r\nX-Bar: u\r\n', 'X-Bar: u\r\n'],
  [
    'Return-Path: <ü@a.example>\r\n',
    'Return-Path: =?utf-8?b?w7xAYS5leGFtcGxl?=\r\n <invalid@internationalized-address.invalid>\r\n',
  ],
  // Lines that are no fields.
  ['Subject: x\r\nno field ü\r\nno field u\r\nX: y\r\n', 'Subject: x\r\nX: y\r\n'],
];
for (const [header, expected] of headers)
  test(`${JSON.stringify(header)} in ASCII`, () => assert.equal(downgraded(header), expected));

test('octets that are no UTF-8 are read as they mostly are meant', () => {
  const bytes = Buffer.from('Subject: Gr\xfc\xdfe\r\n', 'latin1');
  assert.equal(Buffer.from(downgradedHeader(bytes)).toString(), 'Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\n');
});

test('what the fields say is what they said, as far as ASCII can', () => {
  const text = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
    .filter((one) => !/[\r\n\0]/.test(one));
  fc.assert(
    fc.property(text, text, (subject, file) => {
      const written = `Subject: é${subject}\r\nTo: "Ü" <u@a.example>\r\nContent-Disposition: attachment; filename="ß${file.replaceAll(/["\\]/g, '')}"\r\n`;
      const [before, after] = [Buffer.from(written), downgradedHeader(Buffer.from(written))].map(
        (bytes) => new Header(bytes),
      );
      assert(before !== undefined && after !== undefined);
      const value = (header: Header, index: number): string => {
        const field = header.fields[index];
        return field === undefined ? '' : header.value(field);
      };
      const plain = (one: string): string => one.replaceAll(/[\s\p{Cc}\p{Cf}\p{Z}]+/gu, ' ').trim();
      assert.equal(plain(parseEncodedWords(value(after, 0))), plain(parseEncodedWords(value(before, 0))));
      assert.equal(readableAddressList(parseAddressList(value(after, 1))), 'Ü <u@a.example>');
      const fileOf = (header: Header): string =>
        plain(parameterValue(parseParameters(value(header, 2), 10, 9), 'filename') ?? '');
      assert.equal(fileOf(after), fileOf(before));
    }),
    { numRuns: 3000, interruptAfterTimeLimit: 1500 },
  );
});

test('any octets become ASCII, whose lines a header may have, in time in proportion to their length', () => {
  const part = fc.constantFrom(
    'Subject:',
    'To:',
    'Content-Type:',
    'X:',
    'ü',
    'ü <',
    '@',
    ',',
    ';',
    ':',
    '=?',
    '"',
    '\r\n',
    '\r\n ',
    '\n',
    'a'.repeat(99),
    '\xff',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 60 }), (parts) => {
      const bytes = downgradedHeader(Buffer.from(parts.join(''), 'latin1'));
      assert(isAscii(bytes));
    }),
    { numRuns: 5000, interruptAfterTimeLimit: 1500 },
  );
  for (const long of [
    'To: ü',
    `To: ${'ü <a@b>, '.repeat(20_000)}`,
    `Subject: ${'ü '.repeat(100_000)}`,
    `Content-Type: a/b; ${'ü=ü; '.repeat(40_000)}`,
    'X: ü\r\n'.repeat(40_000),
  ]) {
    const started = process.hrtime.bigint();
    downgradedHeader(Buffer.from(`${long}\r\n`));
    const tookMs = Number(process.hrtime.bigint() - started) / 1e6;
    assert(tookMs < 3000, `${long.slice(0, 20)}…: ${tookMs} ms`);
  }
});
