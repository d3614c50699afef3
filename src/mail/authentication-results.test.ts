import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  formatAuthenticationResults,
  parseAuthenticationResults,
  type AuthenticationResults,
} from './authentication-results.ts';

/** The value of a field as it is written, unfolded. */
function unfolded(field: string): string {
  assert.match(field, /^Authentication-Results:(?:[^\r\n]|\r\n )*\r\n$/);
  for (const line of field.split('\r\n')) assert(line.length <= 998, String(line.length));
  return field.slice('Authentication-Results:'.length, -2).replaceAll('\r\n', '');
}

const words = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,10}$/);
const values = fc.oneof(
  fc.string({ unit: 'grapheme-ascii', maxLength: 60 }),
  fc.constantFrom(
    '',
    '"',
    '\\',
    'a"b\\',
    'example.org',
    '@example.org',
    'a@example.org',
    '"a b"@example.org',
    ' a  b ',
  ),
);
const plain = { noNullPrototype: true };
const property = fc.record(
  { type: words.filter((word) => word !== 'reason'), name: words, value: values },
  plain,
);
const properties = fc.array(property, { maxLength: 4 });
const result = fc.record({ method: words, result: words, reason: fc.option(values), properties }, plain);
const sets: fc.Arbitrary<AuthenticationResults> = fc.record(
  { authservId: values, results: fc.array(result, { maxLength: 4 }) },
  plain,
);

/** The grammar is RFC 8601 section 2.2. */
test('what is written is read back the same', () => {
  fc.assert(
    fc.property(sets, (set) => {
      assert.deepEqual(parseAuthenticationResults(unfolded(formatAuthenticationResults(set))), set);
    }),
    { interruptAfterTimeLimit: 2000, numRuns: 3000 },
  );
});

test('whatever text it is made of, the field is one field of ASCII', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (text) => {
      const results = [
        { method: text, result: text, reason: text, properties: [{ type: text, name: text, value: text }] },
      ];
      const field = formatAuthenticationResults({ authservId: text, results });
      assert.match(field, /^[ -~\r\n]*$/);
      assert.notEqual(parseAuthenticationResults(unfolded(field)), null);
    }),
    { interruptAfterTimeLimit: 1500, numRuns: 2000 },
  );
});

test('a field as it looks', () => {
  const field = formatAuthenticationResults({
    authservId: 'mx.example.org',
    results: [
      {
        method: 'spf',
        result: 'pass',
        reason: null,
        properties: [{ type: 'smtp', name: 'mailfrom', value: 'example.com' }],
      },
      {
        method: 'dkim',
        result: 'fail',
        reason: 'bad "signature"',
        properties: [{ type: 'header', name: 'b', value: 'ab/c=' }],
      },
    ],
  });
  assert.equal(
    field,
    'Authentication-Results: mx.example.org; spf=pass smtp.mailfrom=example.com;\r\n' +
      ' dkim=fail reason="bad \\"signature\\"" header.b="ab/c="\r\n',
  );
  assert.equal(
    formatAuthenticationResults({ authservId: 'mx.example.org', results: [] }),
    'Authentication-Results: mx.example.org; none\r\n',
  );
});

const read: readonly [string, AuthenticationResults | null][] = [
  ['example.org 1; none', { authservId: 'example.org', results: [] }],
  ['(c) "example.org" (d) 1 (e) ; (f) none (g)', { authservId: 'example.org', results: [] }],
  [
    'mx; DKIM / 1 = Pass (good) reason = "all well" header . i = @example.org header.b="x=y"',
    {
      authservId: 'mx',
      results: [
        {
          method: 'dkim',
          result: 'pass',
          reason: 'all well',
          properties: [
            { type: 'header', name: 'i', value: '@example.org' },
            { type: 'header', name: 'b', value: 'x=y' },
          ],
        },
      ],
    },
  ],
  ['mx 2; none', null],
  ['; none', null],
  ['', null],
  ['mx; dkim', null],
  ['mx; dkim=pass header.d', null],
  ['mx; dkim=pass because=x', null],
  ['mx; dkim=pass )', null],
  ['"mx; none', null],
];
for (const [text, set] of read) {
  test(`read: ${text}`, () => assert.deepEqual(parseAuthenticationResults(text), set));
}

test('any text is read or is none, in time', () => {
  for (const text of [
    '('.repeat(50_000),
    '"\\'.repeat(50_000),
    `mx; ${'a.a=a '.repeat(20_000)}`,
    ';'.repeat(50_000),
  ]) {
    parseAuthenticationResults(text);
  }
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.constantFrom('a', 'b', '=', ';', '.', '"', '\\', '(', ')', ' ', '@', '/', '1', '\r\n'),
      }),
      (text) => {
        parseAuthenticationResults(text);
      },
    ),
    { interruptAfterTimeLimit: 1000 },
  );
});
