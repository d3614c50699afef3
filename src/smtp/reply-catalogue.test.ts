import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replyCatalogue } from './reply-catalogue.ts';
import { formatReply, say } from './reply.ts';

test('the catalogue has every reply, each its own, with a section', () => {
  assert.deepEqual(new Set(Object.keys(replyCatalogue)), new Set(Object.keys(say)));
  const texts = Object.values(replyCatalogue).map(({ reply }) => formatReply(reply));
  assert.equal(new Set(texts).size, texts.length, 'two rows are the same reply');
  for (const { definedIn } of Object.values(replyCatalogue))
    assert.match(definedIn, /^RFC \d+ section [\d.]+$/);
});
