import assert from 'node:assert/strict';
import { isAscii } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { splitMessage } from '../mail/header.ts';
import { withAsciiHeader } from './ascii-header.ts';

const made = (letter: Uint8Array, cuts: readonly number[] = []): Buffer => {
  const ends = [...cuts, letter.length].sort((one, other) => one - other);
  const pieces = ends.map((end, index) => letter.subarray(ends[index - 1] ?? 0, end));
  return Buffer.concat(withAsciiHeader({ pieces, isWhole: true }));
};

const octets = fc
  .array(
    fc.constantFrom(
      'Subject: ',
      'To: ',
      'X: ',
      'ü',
      'ß <a@b>',
      '\xff',
      '\r\n',
      '\r\n',
      '\n',
      '\r',
      ' ',
      'text',
      ':',
    ),
    { maxLength: 40 },
  )
  .map((parts) => Buffer.concat(parts.map((part) => Buffer.from(part, part === '\xff' ? 'latin1' : 'utf8'))));

test('the header of a letter in UTF-8 is ASCII, and its body is what it was, however it comes in pieces', () => {
  fc.assert(
    fc.property(octets, octets, fc.array(fc.nat(60), { maxLength: 5 }), (header, body, cuts) => {
      const letter = Buffer.concat([Buffer.from('Subject: ä\r\n'), header, Buffer.from('\r\n\r\n'), body]);
      const { headerEnd } = splitMessage(letter);
      const whole = made(letter);
      assert(
        whole.equals(
          made(
            letter,
            cuts.map((cut) => Math.min(cut, letter.length)),
          ),
        ),
      );
      const rest = letter.subarray(headerEnd);
      assert(whole.subarray(whole.length - rest.length).equals(rest));
      if (letter.subarray(0, headerEnd).includes(0xff)) assert(whole.equals(letter));
      else assert(isAscii(whole.subarray(0, whole.length - rest.length)));
    }),
    { numRuns: 5000, interruptAfterTimeLimit: 1500 },
  );
});

test('a letter whose header is in ASCII is handed on as it is, without a copy', () => {
  const pieces = [Buffer.from('Subject: x\r\n\r\n'), Buffer.from('text\r\n')];
  assert.equal(withAsciiHeader({ pieces, isWhole: true }), pieces);
  const eightBit = [Buffer.from('Subject: x\r\n\r\n'), Buffer.from('ü\r\n')];
  assert.equal(withAsciiHeader({ pieces: eightBit, isWhole: false }), eightBit);
});

test('a header that goes on behind what came is written anew as far as its lines came', () => {
  const pieces = [Buffer.from('Subject: ä\r\nTo: ü')];
  const written = Buffer.concat(withAsciiHeader({ pieces, isWhole: false })).toString();
  assert.equal(written, 'Subject: =?utf-8?b?w6Q=?=\r\nTo: ü');
});
