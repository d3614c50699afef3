import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { negotiate } from './http-accept.ts';

const text = 'text/plain; charset=utf-8';
const json = 'application/json';
const mbox = 'application/mbox';
const offered = [text, json, mbox];

const table: readonly (readonly [string | null, string | null])[] = [
  [null, text],
  ['', text],
  ['*/*', text],
  ['text/*', text],
  ['application/*', json],
  ['application/json', json],
  ['APPLICATION/JSON', json],
  ['application/mbox, */*;q=0.1', mbox],
  ['application/json;q=0.5, text/plain;q=0.4', json],
  ['application/json;q=0.5, text/plain;q=0.5', text],
  ['application/json;q=0.5, text/plain;q=0.501', text],
  ['*/*;q=0.9, text/plain;q=0.1', json],
  ['*/*, text/plain;q=0', json],
  ['text/plain;q=0, application/*;q=0', null],
  ['text/plain;q=0, application/*;q=0, */*', null],
  ['application/*;q=0.3, application/json;q=0, */*;q=0.2', mbox],
  ['text/html', null],
  ['message/rfc822', null],
  ['text/html, application/xhtml+xml, */*;q=0.8', text],
  ['text/plain;charset=utf-8', text],
  ['text/plain;charset="UTF-8"', text],
  ['text/plain;charset="utf\\-8"', text],
  ['text/plain;charset=iso-8859-1', null],
  ['text/plain;charset=iso-8859-1;q=1, application/json;q=0.1', json],
  ['text/plain;q=0.1, text/plain;charset=utf-8;q=0.9, application/json;q=0.5', text],
  ['application/json;q=1;extension=1', json],
  ['text/plain ; q=0.2 , application/json ; q=0.3', json],
  ['application/json;;', json],
  ['text/plain;note=",application/json", application/mbox;q=0.1', mbox],
  ['text/plain;note="\\",application/json;q=1", application/mbox;q=0.1', mbox],
  ['garbage', text],
  [',,,', text],
  ['*/json', text],
  ['text/plain;q=2, application/json', json],
  ['text/plain;q=, application/json', json],
  ['text/plain;q=0.1234, application/json;q=0.1', json],
  ['__proto__/constructor', null],
];

test('the representation is the one that Accept prefers', () => {
  for (const [accept, wanted] of table) assert.equal(negotiate(accept, offered), wanted, String(accept));
});

test('any Accept gives one of the offers or none, in time', () => {
  const pieces = fc.constantFrom(
    'text',
    '/',
    'plain',
    '*',
    ';',
    'q',
    '=',
    '0.5',
    ',',
    '"',
    '\\',
    ' ',
    'é',
    'json',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 40 }), (words) => {
      const chosen = negotiate(words.join(''), offered);
      assert.ok(chosen === null || offered.includes(chosen));
    }),
    { interruptAfterTimeLimit: 1000, markInterruptAsFailure: false },
  );
  for (const piece of [',', ';', '"', '\\', 'a/', 'a/b;', 'a/b;c="', '*/*,']) {
    const started = performance.now();
    negotiate(piece.repeat(16_384 / piece.length), offered);
    assert.ok(performance.now() - started < 500, piece);
  }
});
