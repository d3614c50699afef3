import assert from 'node:assert/strict';
import { test } from 'node:test';

import { citations, remarks } from './source-claims.ts';
import { sourceTokens } from './source-tokens.ts';

test('citations are found line by line, with and without a section', () => {
  const source = `/** RFC 5321 section 4.1.1.4, RFC 9266. */\n// (RFC 5802 section 3; RFC 4954 sections 4 and 5)\nRFC 8314 section B.2 RFC9051`;
  assert.deepEqual(
    citations(source).map(({ rfc, section, line }) => [rfc, section, line]),
    [
      [5321, '4.1.1.4', 1],
      [9266, null, 1],
      [5802, '3', 2],
      [4954, '4', 2],
      [8314, 'B.2', 3],
      [9051, null, 3],
    ],
  );
});

/** Source, and its remarks as `kind|text|line`. */
const rows: readonly (readonly [string, readonly string[]])[] = [
  ['// Deviation: RFC 1 section 2 says so. We do not.', ['Deviation|RFC 1 section 2 says so. We do not.|1']],
  [
    '/** A thing.\n * Lenient: a space is\n *   taken (old clients).\n *\n * More. */',
    ['Lenient|a space is taken (old clients).|2'],
  ],
  ['// Why.\n// Not yet: RFC 3\n// section 4\nx();\n// after', ['Not yet|RFC 3 section 4|2']],
  ['/** Lenient: a\n * @param b\n * c */', ['Lenient|a|1']],
  ['// Lenient: a\n// Deviation: b', ['Lenient|a|1', 'Deviation|b|2']],
  ['// Lenient: a\n\n// b', ['Lenient|a|1']],
  ['/** It reads. Lenient: more (who). */', ['Lenient|more (who).|1']],
  ['// Why Lenient: a. Deviation: b\n// c', ['Lenient|a.|1', 'Deviation|b c|1']],
  ['const a = "Deviation: b";', []],
];

for (const [source, found] of rows) {
  test(`finds the remarks of ${JSON.stringify(source)}`, () => {
    assert.deepEqual(
      remarks(sourceTokens(source)).map(({ kind, text, line }) => `${kind}|${text}|${line}`),
      found,
    );
  });
}
