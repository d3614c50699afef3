import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../../sasl/exchange.ts';
import { firstPage, readAnswer } from './letters-request.ts';

const answer = (
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body = '',
): ReturnType<typeof readAnswer> =>
  readAnswer({ status, headers: new Map(Object.entries(headers)), body: Buffer.from(body) });

test('the path of a first page is safe whatever the address', () => {
  const path = (localPart: string): string =>
    firstPage({ address: { localPart, domain: '447.edu' }, password: new Secret('x') });
  assert.equal(path('nu1'), '/letters/nu1%40447.edu?count=10');
  assert.match(path('../a?b#c d'), /^\/letters\/[A-Za-z0-9%.'*-]+\?count=10$/);
});

test('the next page is one of this server’s letters, or none', () => {
  const next = (link: string): string | null => {
    const got = answer(200, { link });
    return got.got === 'letters' ? got.next : null;
  };
  assert.equal(next('</letters/nu1?count=10&before=b>; rel="next"'), '/letters/nu1?count=10&before=b');
  assert.equal(next('</letters/nu1>;rel=next'), '/letters/nu1');
  for (const link of [
    '',
    '<https://evil.example/letters/x>; rel="next"',
    '<//evil.example/>; rel=next',
    '</letters/a b>; rel=next',
    '</letters/a>; rel="prev"',
  ]) {
    assert.equal(next(link), null, link);
  }
});

test('refusals are words', () => {
  const why = (status: number, headers = {}, body = ''): string => {
    const got = answer(status, headers, body);
    return got.got === 'refusal' ? got.why : 'letters';
  };
  assert.match(why(401), /^401: not authenticated/);
  assert.match(why(403), /^403: these are not your letters/);
  assert.match(why(429, { 'retry-after': '30' }), /^429: .* in 30 seconds/);
  assert.equal(why(503, {}, 'Too many letters.\nmore'), '503: Too many letters.');
});
