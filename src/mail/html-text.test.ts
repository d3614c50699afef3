import assert from 'node:assert/strict';
import { test } from 'node:test';
import { htmlReader } from './html-text.ts';

const documents: readonly (readonly [string, string])[] = [
  ['', ''],
  ['plain', 'plain'],
  ['a<b>b</b>c', 'abc'],
  ['a <b> b</b>\n\n c', 'a b c'],
  ['<p>one<p>two</p><div>three</div>four', 'one\ntwo\nthree\nfour'],
  ['a<br>b<br/><br>c', 'a\nb\nc'],
  ['<table><tr><td>1<td>2</tr><tr><th>3</th></tr></table>', '1 2\n3'],
  ['<ul><li>one</li> <li>two</li></ul>', 'one\ntwo'],
  ['<style>p{}</style><script>if (a<b) "</p>"</script><title>t</title>text', 'text'],
  ['<STYLE>p{}</STYLE >text', 'text'],
  ['<template><p>no</p></template>yes', 'yes'],
  ['<style>never closed', ''],
  ['<!-- no --><!doctype html><?xml no?>yes', 'yes'],
  ['<!-- <p>no', ''],
  ['&lt;&amp;&gt; &eacute;&#233;&#xe9; &nope; &amp', '<&> \u00e9\u00e9\u00e9 &nope; &'],
  ['1 < 2 <3 <', '1 < 2 <3 <'],
  ['<a href="x>y" title=\'<p>\'>link</a', 'link'],
  ['<o:p>&nbsp;</o:p>x', 'x'],
  ['a\0b', 'a b'],
  ['</p></p></div>a</b>', 'a'],
  ['<textarea><p>text</textarea>', '<p>text'],
];

test('the text of HTML', async () => {
  const read = await htmlReader();
  for (const [html, text] of documents) assert.equal(read(html, Infinity), text, html);
});

test('no more is read than is enough', async () => {
  const read = await htmlReader();
  assert.equal(read('<p>one<p>two<p>three', 4), 'one\ntwo');
  assert.equal(read('<p>one<p>two', 1), 'one');
});
