import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entityTag, namesTag } from './http-conditional.ts';

test('If-None-Match names a tag alone, in a list, weak, or as a star', () => {
  const table: readonly (readonly [string | null, boolean])[] = [
    [null, false],
    ['', false],
    ['"a"', true],
    ['W/"a"', true],
    ['"b", "a"', true],
    ['"b",W/"a" , "c"', true],
    ['*', true],
    [' * ', true],
    ['"b"', false],
    ['a', false],
    ['"a', false],
    ['"A"', false],
    ['"b" * "c"', false],
  ];
  for (const [field, named] of table) assert.equal(namesTag(field, '"a"'), named, String(field));
});

test('a tag is strong, and another for other parts, however they are cut', () => {
  const tags = [['ab', 'c'], ['a', 'bc'], ['abc'], [null, 'abc'], ['abc', 1], ['abc', '1']].map(entityTag);
  assert.equal(new Set(tags).size, tags.length);
  for (const tag of tags) assert.match(tag, /^"[\w-]{27}"$/);
  assert.equal(entityTag(['ab', 'c']), tags[0]);
});
