import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Uid } from '../store/port.ts';
import { formatPage, parseLetterId, parsePage } from './letters-page.ts';

const page = (query: string) => parsePage(new URLSearchParams(query));

test('a page is read as it was written', () => {
  assert.deepEqual(page(''), { count: 20, before: null });
  assert.deepEqual(page('other=1&count=100'), { count: 100, before: null });
  for (const id of [1, 20, 4_294_967_295]) {
    const wanted = { count: 7, before: id as Uid };
    assert.deepEqual(page(formatPage(wanted)), wanted);
  }
});

test('anything else is refused in a sentence', () => {
  const cursor = new URLSearchParams(formatPage({ count: 1, before: 5 as Uid })).get('before') ?? '';
  const wrong = [
    'count=0',
    'count=101',
    'count=-1',
    'count=1.5',
    'count=1e1',
    'count=+5',
    'count=%205',
    'count=',
    'count=05',
    'count=٥',
    'count=1&count=2',
    'before=',
    'before=5',
    `before=${cursor}=`,
    `before=${cursor}&before=${cursor}`,
    `before=${cursor.slice(0, -1)}`,
    `before=${Buffer.from('uid 0').toString('base64url')}`,
    `before=${Buffer.from('uid 4294967296').toString('base64url')}`,
    `before=${Buffer.from('uid __proto__').toString('base64url')}`,
    `before=${'A'.repeat(10_000)}`,
  ];
  for (const query of wrong) assert.ok('wrong' in page(query), query);
});

test('a letter has one spelling of its number', () => {
  assert.equal(parseLetterId('12'), 12);
  for (const text of [
    '',
    '0',
    '012',
    '-1',
    '1e3',
    '0x1',
    ' 1',
    '1 ',
    '9007199254740993',
    '99999999999999999999',
    '١',
  ])
    assert.equal(parseLetterId(text), null, text);
});
