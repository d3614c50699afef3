import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { sourceTokens, type TokenKind } from './source-tokens.ts';

/** Source, and its tokens as `kind:text`. */
const rows: readonly (readonly [string, readonly string[]])[] = [
  [`a.b`, ['name:a', 'mark:.', 'name:b']],
  [`// import 'x'\n1`, [`comment:// import 'x'`, 'number:1']],
  [`/* a\n * b */ c`, ['comment:/* a\n * b */', 'name:c']],
  [`'it\\'s // no' + "/*"`, [`string:it\\'s // no`, 'mark:+', 'string:/*']],
  [
    '`a${b({ c: `d${e}` })}f`',
    [
      'mark:`a${',
      'name:b',
      'mark:(',
      'mark:{',
      'name:c',
      'mark::',
      'mark:`d${',
      'name:e',
      'template:',
      'mark:}',
      'mark:)',
      'template:f',
    ],
  ],
  ['`plain // text`', ['template:plain // text']],
  [
    `x = /[/'"]\\//g.test(y)`,
    ['name:x', 'mark:=', `regex:/[/'"]\\//g`, 'mark:.', 'name:test', 'mark:(', 'name:y', 'mark:)'],
  ],
  [`a / b / c`, ['name:a', 'mark:/', 'name:b', 'mark:/', 'name:c']],
  [`a! / b / c`, ['name:a', 'mark:!', 'mark:/', 'name:b', 'mark:/', 'name:c']],
  [`!/'/.test(a)`, ['mark:!', `regex:/'/`, 'mark:.', 'name:test', 'mark:(', 'name:a', 'mark:)']],
  [`i++ / 2 / 3`, ['name:i', 'mark:++', 'mark:/', 'number:2', 'mark:/', 'number:3']],
  [`return /'/`, ['name:return', `regex:/'/`]],
  [`(1) / 2 // '`, ['mark:(', 'number:1', 'mark:)', 'mark:/', 'number:2', `comment:// '`]],
  [`[...a]`, ['mark:[', 'mark:...', 'name:a', 'mark:]']],
  [`a?.b ? .5 : 0x1fn`, ['name:a', 'mark:?.', 'name:b', 'mark:?', 'number:.5', 'mark::', 'number:0x1fn']],
  [`#!/usr/bin/env node\nä`, ['name:ä']],
];

for (const [source, tokens] of rows) {
  test(`reads ${JSON.stringify(source)}`, () => {
    assert.deepEqual(
      sourceTokens(source).map(({ kind, text }) => `${kind}:${text}`),
      tokens,
    );
  });
}

test('counts lines through comments, templates and strings', () => {
  const lines = sourceTokens('a\n/*\n*/ b\n`\n${c}\n`\nd').filter((token) => token.kind === 'name');
  assert.deepEqual(
    lines.map(({ text, line }) => [text, line]),
    [
      ['a', 1],
      ['b', 3],
      ['c', 5],
      ['d', 7],
    ],
  );
});

test('any text ends, with lines in order and known kinds', () => {
  const kinds = new Set<TokenKind>(['name', 'number', 'string', 'template', 'regex', 'mark', 'comment']);
  const pieces = fc.constantFrom(
    '`',
    '${',
    '}',
    '{',
    '/',
    '*',
    "'",
    '"',
    '\\',
    '\n',
    'a',
    ' ',
    '//',
    '\ud800',
    '1',
    '[',
    ']',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
      const source = parts.join('');
      let line = 1;
      for (const token of sourceTokens(source)) {
        assert.ok(kinds.has(token.kind));
        assert.ok(token.line >= line);
        line = token.line;
      }
      assert.ok(line <= source.split('\n').length);
    }),
    { interruptAfterTimeLimit: 1000, markInterruptAsFailure: false },
  );
});
