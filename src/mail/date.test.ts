import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { formatDate, parseDate } from './date.ts';

const at = Date.UTC(2020, 5, 30, 1, 3, 35);

const readable: [string, number][] = [
  ['Tue, 30 Jun 2020 01:03:35 +0000', at],
  ['Tue, 30 Jun 2020 03:03:35 +0200', at],
  ['Mon, 29 Jun 2020 20:33:35 -0430', at],
  ['30 Jun 2020 01:03:35 -0000', at],
  ['30 Jun 2020 01:03 GMT', at - 35_000],
  ['tue,30 JUN 2020 01:03:35 UT', at],
  ['Tue, 30 Jun 20 01:03:35 Z', at],
  ['30 Jun 120 01:03:35 A', at],
  ['Mon, 29 Jun 2020 21:03:35 EDT', at],
  ['Mon, 29 Jun 2020 17:03:35 PST (a (nested \\) one) comment)', at],
  ['Tue (day), 30\r\n Jun 2020\t01 : 03 : 35 +0000', at],
  ['30 Jun 2020 01:03:35', at],
  ['31 Dec 1998 23:59:60 +0000', Date.UTC(1999, 0, 1)],
  ['29 Feb 2000 00:00:00 +0000', Date.UTC(2000, 1, 29)],
  ['1 Jan 1970 00:00:00 +0000', 0],
  ['1 Jan 70 00:00:00 +0000', 0],
];
for (const [text, ms] of readable)
  test(`date: ${JSON.stringify(text)}`, () => assert.equal(parseDate(text), ms));

const unreadable = [
  '',
  'yesterday',
  '2020-06-30T01:03:35Z',
  '31 Jun 2020 01:03:35 +0000',
  '29 Feb 1900 00:00:00 +0000',
  '0 Jan 2020 00:00 +0000',
  '30 Jum 2020 01:03:35 +0000',
  '30 Jun 2020 24:00:00 +0000',
  '30 Jun 2020 01:60:00 +0000',
  '30 Jun 2020 01:03:61 +0000',
  '30 Jun 2020 01:03:35 +0060',
  '30 Jun 1899 01:03:35 +0000',
  '30 Jun 999999 01:03:35 +0000',
  '30 Jun 2020',
  'Tue, 30 __proto__ 2020 01:03:35 +0000',
  '('.repeat(900),
  `30 Jun 2020 01:03:35 +0000${' '.repeat(1000)}`,
];
for (const text of unreadable)
  test(`no date: ${JSON.stringify(text.slice(0, 40))}`, () => assert.equal(parseDate(text), null));

test('the written form', () => {
  assert.equal(formatDate(at), 'Tue, 30 Jun 2020 01:03:35 +0000');
  assert.equal(formatDate(at, -270), 'Mon, 29 Jun 2020 20:33:35 -0430');
  assert.equal(formatDate(at + 999, 120), 'Tue, 30 Jun 2020 03:03:35 +0200');
});

test('what no date-time can say is a fault', () => {
  for (const [ms, zone] of [
    [Number.NaN, 0],
    [Date.UTC(1899, 0), 0],
    [at, 6000],
    [at, 0.5],
    [8.64e15, 1],
  ] as const)
    assert.throws(() => formatDate(ms, zone), RangeError);
});

test('property: parse(format(x)) is x to the second, in every zone', () => {
  const times = fc.integer({ min: Date.UTC(1900, 0, 6), max: 8e15 });
  fc.assert(
    fc.property(times, fc.integer({ min: -5999, max: 5999 }), (ms, zone) => {
      assert.equal(parseDate(formatDate(ms, zone)), Math.floor(ms / 1000) * 1000);
    }),
    { interruptAfterTimeLimit: 700, markInterruptAsFailure: false },
  );
});
