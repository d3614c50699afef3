import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sentAt } from './envelope.ts';
import { LetterParser, type ParsedLetter } from './letter-parser.ts';
import { decodeStructure, encodeStructure } from './structure-codec.ts';

const parse = async (letter: string): Promise<ParsedLetter> => {
  const parser = new LetterParser();
  for (const byte of Buffer.from(letter.replaceAll('\n', '\r\n'))) parser.push(Uint8Array.of(byte));
  return parser.end();
};

test('a letter of one part, byte by byte', async () => {
  const parsed = await parse(
    'Date: 1 Jan 2026 00:00:00 +0100\nFrom: Jim <jim@example.org>\nSubject: Re: [list] Lunch (fwd)\nMessage-ID: <2@b>\nReferences: <0@b> <1@b>\nIn-Reply-To: <1@b>\n' +
      'Content-Transfer-Encoding: quoted-printable\n\nAt=20one\n o=\nclock\n',
  );
  assert.equal(parsed.structure.bodyStart, 206);
  assert.equal(parsed.structure.bodyEnd, 228);
  assert.equal(parsed.structure.lines, 3);
  assert.equal(sentAt(parsed.envelope), Date.UTC(2025, 11, 31, 23));
  assert.equal(parsed.preview, 'At one oclock');
  assert.deepEqual(parsed.messageIds, ['2@b', '1@b', '0@b']);
  assert.deepEqual(parsed.baseSubject, { text: 'Lunch', isReplyOrForward: true });
  assert.deepEqual(decodeStructure(encodeStructure(parsed)), {
    structure: parsed.structure,
    envelope: parsed.envelope,
  });
  assert.equal(decodeStructure(Uint8Array.of(0)), null);
});
