import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress } from '../../mail/address.ts';
import { parseEnteredAddress } from './entered-address.ts';

test('the domain is added where it is left out, and never twice', () => {
  const table: readonly (readonly [string, string])[] = [
    ['nu1', 'nu1@447.edu'],
    [' nu1 ', 'nu1@447.edu'],
    ['nu1@', 'nu1@447.edu'],
    ['<nu1>', 'nu1@447.edu'],
    ['nu1@447.edu', 'nu1@447.edu'],
    ['<nu1@447.edu>', 'nu1@447.edu'],
    ['nu1@447.EDU', 'nu1@447.EDU'],
    ['nu1@elsewhere.example', 'nu1@elsewhere.example'],
    ['"a@b"', '"a@b"@447.edu'],
    ['"a@b"@c.example', '"a@b"@c.example'],
    ['jürgen', 'jürgen@447.edu'],
    ['你好@447.edu', '你好@447.edu'],
  ];
  for (const [typed, address] of table) {
    const parsed = parseEnteredAddress(typed, '447.edu');
    assert.equal(parsed.ok ? formatAddress(parsed.value) : parsed.refusal.detail, address, typed);
  }
  for (const typed of [
    '',
    '@',
    'nu1@@447.edu',
    'nu 1',
    'nu1@447.edu@447.edu',
    'nu1\r\nRCPT TO:<x>',
    'a..b',
    '<>',
  ]) {
    assert.equal(parseEnteredAddress(typed, '447.edu').ok, false, typed);
  }
});

test('nothing is added where the domain must be said', () => {
  assert.equal(parseEnteredAddress('nu1', null).ok, false);
  assert.equal(parseEnteredAddress('nu1@', null).ok, false);
  assert.equal(parseEnteredAddress('nu1@447.edu', null).ok, true);
});
