import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { matchesPattern } from './mailbox-pattern.ts';

const fits: readonly (readonly [pattern: string, yes: readonly string[], no: readonly string[]])[] = [
  ['*', ['', 'a', 'a/b'], []],
  ['%', ['', 'a'], ['a/b', 'a/']],
  ['a', ['a'], ['', 'ab', 'A']],
  ['a/%', ['a/', 'a/b'], ['a', 'a/b/c']],
  ['a*c', ['ac', 'abc', 'a/b/c', 'acbc'], ['acb']],
  ['%b', ['b', 'ab', 'bb'], ['a/b']],
  ['%/%', ['a/b', '/'], ['a', 'a/b/c']],
  ['*%', ['a/b'], []],
  ['%*b%', ['b', 'a/bc', 'abb'], ['a', 'ab/c']],
  ['a.b', ['a.b'], ['axb']],
];
for (const [pattern, yes, no] of fits) {
  test(`${pattern} matches ${yes.join(' ')} and not ${no.join(' ')}`, () => {
    for (const path of yes) assert(matchesPattern(path, pattern), path);
    for (const path of no) assert(!matchesPattern(path, pattern), path);
  });
}

test('it matches what a regular expression matches', () => {
  const text = (...characters: string[]) =>
    fc.array(fc.constantFrom(...characters), { maxLength: 10 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(text('a', 'b', '/'), text('a', 'b', '/', '%', '*'), (path, pattern) => {
      const source = pattern.replaceAll(/%|\*/g, (wildcard) => (wildcard === '%' ? '[^/]*' : '.*'));
      assert.equal(matchesPattern(path, pattern), new RegExp(`^${source}$`).test(path));
    }),
    { numRuns: 10_000, interruptAfterTimeLimit: 1000 },
  );
});

test('a pattern that would keep a regular expression busy for ever costs nothing', () => {
  const path = 'a'.repeat(8000);
  assert(!matchesPattern(path, `${'*a'.repeat(20)}b`));
});
