import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unicodeCasemap } from './unicode-casemap.ts';

const pairs: readonly (readonly [text: string, mapped: string])[] = [
  ['', ''],
  ['Abc 1', 'ABC 1'],
  ['ärger', 'A\u0308RGER'],
  ['Straße', 'STRAßE'],
  ['ﬁne', 'fiNE'],
  ['Ελλάς', 'ΕΛΛΑ\u0301Σ'],
  ['\u{10428}', '\u{10400}'],
];
for (const [text, mapped] of pairs)
  test(`${text} is compared as ${mapped} (RFC 5051)`, () => assert.equal(unicodeCasemap(text), mapped));
