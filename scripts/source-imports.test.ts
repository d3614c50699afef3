import assert from 'node:assert/strict';
import { test } from 'node:test';

import { sourceImports } from './source-imports.ts';

/** Source, and its imports as `specifier type? names`. */
const rows: readonly (readonly [string, readonly string[]])[] = [
  [`import 'a';`, ['a *']],
  [`import a from 'b';`, ['b default']],
  [`import a, { b as c, type D } from 'e';`, ['e default b']],
  [`import type { A } from 'b';`, ['b type']],
  [`import { type A, type B } from 'c';`, ['c']],
  [`import type from 'a';`, ['a default']],
  [`import type A from 'b';`, ['b type']],
  [`import { type, type as as } from 'a';`, ['a type type']],
  [`import { default as a, from } from 'b';`, ['b default from']],
  [`import * as a from 'b' with { type: 'json' };`, ['b *']],
  [`import {\n  a,\n} from "b"`, ['b a']],
  [`export { a } from 'b';`, ['b a']],
  [`export * from 'a';`, ['a *']],
  [`export type * from 'a';`, ['a type']],
  [`export * as a from 'b';`, ['b *']],
  [`export type { A } from 'b';`, ['b type']],
  [`export const a = 'b'; export { a };`, []],
  [`export default 'a';`, []],
  [`const a = await import('b');`, ['b *']],
  ['const a = import(`b`);', ['b *']],
  [`type A = import('b').A;`, ['b *']],
  [`import(name)`, ['? *']],
  ['import(`./${name}.ts`)', ['? *']],
  [`import('a' + b)`, ['? *']],
  [`const a = require('b');`, ['b *']],
  [`new Worker(new URL('./thread.ts', import.meta.url))`, ['./thread.ts *']],
  [`new URL('./page.html', import.meta.url); new URL('./a.ts', base)`, []],
  [`// import 'a';\n/* import 'b'; */ 'import "c"'; \`import 'd'\`; a.import('e');`, []],
];

for (const [source, imports] of rows) {
  test(`finds the imports of ${JSON.stringify(source)}`, () => {
    const found = sourceImports(source).map((one) =>
      [one.specifier ?? '?', ...(one.typeOnly ? ['type'] : []), ...one.names].join(' '),
    );
    assert.deepEqual(found, imports);
  });
}

test('says on which line', () => {
  assert.deepEqual(
    sourceImports(`import a from 'b';\n\nimport {\n  c,\n} from 'd';\nvoid import('e');`).map(
      (one) => one.line,
    ),
    [1, 5, 6],
  );
});
