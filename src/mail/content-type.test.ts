import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseContentType, parseDisposition } from './content-type.ts';
import type { Parameter } from './parameters.ts';

const show = (read: { readonly parameters: readonly Parameter[] } | null, kind: string): string | null =>
  read && [kind, ...read.parameters.map(({ name, value }) => `${name}=${value}`)].join(' | ');
const typeOf = (value: string, most = 50): string | null => {
  const read = parseContentType(value, most);
  return show(read, `${read?.type}/${read?.subtype}`);
};
const dispositionOf = (value: string): string | null => {
  const read = parseDisposition(value, 50);
  return show(read, `${read?.type}`);
};

const types: readonly (readonly [string, string | null])[] = [
  ['text/plain', 'text/plain'],
  ['  Text / HTML  ', 'text/html'],
  ['text', null],
  ['', null],
  ['/plain', null],
  ['text/plain; charset=utf-8', 'text/plain | charset=utf-8'],
  ['text/plain;charset="us-ascii" (Plain text)', 'text/plain | charset=us-ascii'],
  ['text/plain (a) ; (b) charset (c) = (d) x', 'text/plain'],
  ['Text/HTML; Charset = "a\\"b" ; x=y;x=z (c) ; q=1', 'text/html | charset=a"b | x=y | q=1'],
  ['a/b (note; x=1) ; ; =; junk ;y="open', 'a/b | y=open'],
  ['a/b; x="open\\', 'a/b | x=open'],
  ['a/b; name=a b c.txt; size = 12', 'a/b | name=a b c.txt | size=12'],
  ['a/b; name=a b c=d', 'a/b | name=a b | c=d'],
  ['a/b; name=a \t ', 'a/b | name=a'],
  ['a/b; boundary=a b c.txt', 'a/b | boundary=a'],
  ['a/b c=d e=f', 'a/b | c=d | e=f'],
  ['a/b; c=gr\u00fc\u00dfe/[x]', 'a/b | c=gr\u00fc\u00dfe/[x]'],
  ['a/b; __proto__=x; constructor=y', 'a/b | __proto__=x | constructor=y'],
  // RFC 2231 section 3.
  ['a/b; url*0="ftp://"; url*1="x.y/z"', 'a/b | url=ftp://x.y/z'],
  ['a/b; url*1=b; url*0=a; url*2=c; url*4=e', 'a/b | url=abc'],
  ['a/b; url*0=a; url*0=b; url*01=c', 'a/b | url=a | url*01=c'],
  ['a/b; url*1=b; x=y', 'a/b | x=y'],
  ['a/b; url=whole; url*0=pieces', 'a/b | url=pieces'],
  ['a/b; url=whole; url*1=lost', 'a/b | url=whole'],
  // RFC 2231 section 4.
  ["a/b; t*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A", 'a/b | t=This is ***fun***'],
  ["a/b; t*=iso-8859-1''%FC", 'a/b | t=\u00fc'],
  ["a/b; t*=''%FC", "a/b | t=''%FC"],
  ["a/b; t*=klingon''%FC", "a/b | t=klingon''%FC"],
  ['a/b; t*=%FC', 'a/b | t=%FC'],
  ["a/b; t*=utf-8''100%; x=y", 'a/b | t=100% | x=y'],
  ["a/b; t=plain; t*=utf-8''extended; t*0=pieces", 'a/b | t=extended'],
  // RFC 2231 section 4.1, a character in two pieces included.
  ["a/b; t*0*=us-ascii'en'This%20is%20; t*1*=%2A%2A; t*2=\"isn't 100%41\"", "a/b | t=This is **isn't 100%41"],
  ["a/b; t*0*=utf-8''%C3; t*1*=%BC", 'a/b | t=\u00fc'],
  ['a/b; t*0="x%41"; t*1*=%C3%BC', 'a/b | t=x%41\u00fc'],
];
for (const [value, expected] of types)
  test(`media type: ${JSON.stringify(value)}`, () => assert.equal(typeOf(value), expected));

test('no more parameters than are allowed', () => {
  assert.equal(typeOf('a/b; c=1; d=2; e=3', 2), 'a/b | c=1 | d=2');
  assert.equal(typeOf('a/b; c=1', 0), 'a/b');
});

/** RFC 2183 section 2. */
const dispositions: readonly (readonly [string, string | null])[] = [
  ['inline', 'inline'],
  ['ATTACHMENT; FileName=genome.jpeg; size=3', 'attachment | filename=genome.jpeg | size=3'],
  ['attachment filename=x', 'attachment | filename=x'],
  ['filename=x', 'attachment | filename=x'],
  ['filename = x', 'attachment | filename=x'],
  ['; filename=x', 'attachment | filename=x'],
  ['(comment) inline', null],
  ['', null],
];
for (const [value, expected] of dispositions)
  test(`disposition: ${JSON.stringify(value)}`, () => assert.equal(dispositionOf(value), expected));
