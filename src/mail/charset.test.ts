import assert from 'node:assert/strict';
import { test } from 'node:test';
import { charsetDecoder, decodeUnlabelled, decodeUnlabelledStart } from './charset.ts';

const decoded = (charset: string, latin1: string): string | undefined =>
  charsetDecoder(charset)?.decode(Buffer.from(latin1, 'latin1'));

test('charsets of the platform, of iconv-lite, and of nobody', () => {
  assert.equal(decoded('UTF-8', '\xc3\xbc'), '\u00fc');
  assert.equal(decoded('iso-8859-1', '\x80'), '\u20ac');
  assert.equal(decoded('ISO-2022-JP', '\x1b$B$3\x1b(B'), '\u3053');
  assert.equal(decoded('cp850', '\x81'), '\u00fc');
  assert.equal(decoded('utf-7', '+APw-'), '\u00fc');
  assert.equal(decoded('utf-32be', '\0\0\0\xfc'), '\u00fc');
  for (const none of [
    '',
    'klingon',
    'base64',
    'hex',
    'BINARY',
    'utf-7-imap',
    '__proto__',
    'constructor',
    'x'.repeat(99),
    'utf 8',
  ])
    assert.equal(charsetDecoder(none), null, none);
});

test('however many names nobody knows are asked for, those that are known stay known', () => {
  for (let count = 0; count < 2000; count++) assert.equal(charsetDecoder(`x-${count}`), null);
  assert.equal(decoded('utf-8', 'a'), 'a');
});

test('a character that is torn at the end is left out, and is not part of the next text', () => {
  for (const charset of ['utf-8', 'gb18030', 'shift_jis']) {
    const decoder = charsetDecoder(charset);
    assert.equal(decoder?.decodeStart(Buffer.from('a\x83', 'latin1')).replaceAll('\ufffd', ''), 'a', charset);
    assert.equal(decoder.decode(Buffer.from('bc')), 'bc', charset);
  }
  assert.equal(charsetDecoder('utf-32le')?.decodeStart(Buffer.from('a\0\0\0b\0')), 'a');
});

test('text whose charset nobody told', () => {
  assert.equal(decodeUnlabelled(Buffer.from('\u00fc')), '\u00fc');
  assert.equal(decodeUnlabelled(Buffer.from('\xfc', 'latin1')), '\u00fc');
  for (const text of ['a\u00fc', 'a\u20ac', 'a\u{1f600}', 'a']) {
    const bytes = Buffer.from(text);
    for (let length = 1; length < bytes.length; length++)
      assert.equal(decodeUnlabelledStart(bytes.subarray(0, length)), 'a');
    assert.equal(decodeUnlabelledStart(bytes), text);
  }
  assert.equal(decodeUnlabelledStart(Buffer.from('\x80\x80\x80\x80\x80', 'latin1')), '\u20ac'.repeat(5));
  assert.equal(decodeUnlabelledStart(Buffer.alloc(0)), '');
});
