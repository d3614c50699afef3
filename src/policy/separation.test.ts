import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Header, splitMessage } from '../mail/header.ts';
import { keptPieces } from '../mail/omitted-ranges.ts';
import { decodeStructure } from '../mail/structure-codec.ts';
import type { AccountName, Letter } from '../store/port.ts';
import { content, envelope, inbox, submissionHouse, to, visit, word } from './submission-loopback.ts';

/** A letter of Alice's to Bob as Bob has it: the fields of this server, and what is served behind them. */
async function delivered(text: string): Promise<{ letter: Letter; prefix: Buffer; behind: Buffer }> {
  const { store, policy } = await submissionHouse({ foreignFrom: 'sender' });
  const all = envelope('alice@example.org', to('bob@example.org'));
  assert.equal(word(await policy.deliver(all, null, visit, content(text))), 'delivered');
  const bob = await store.account('bob@example.org' as AccountName);
  const [letter] = await inbox(store, 'bob@example.org');
  assert(bob !== null && letter !== undefined);
  const blob = await store.blob(bob.id, letter.id);
  assert(blob !== null);
  assert.equal(Buffer.from(blob).toString(), text, 'the bytes are kept as they came');
  return {
    letter,
    prefix: Buffer.from(letter.prefix),
    behind: Buffer.concat(keptPieces(blob, letter.omitted)),
  };
}

const headless: readonly string[] = [
  ' by evil.example with SMTP; Tue, 24 Nov 2026 10:00:00 +0000\r\nFrom: boss@example.org\r\n\r\nHello\r\n',
  '\tevil\r\n',
  ' \r\nFrom: boss@example.org\r\n\r\nHello\r\n',
  '\r folded\r\n',
  'Hello Bob, how are you\r\nFrom: boss@example.org\r\n\r\nHello\r\n',
  ': nothing\r\nFrom: boss@example.org\r\n\r\n',
  'Two Words: x\r\nFrom: boss@example.org\r\n\r\n',
  '',
  // What is left when the field before it is not served.
  'Return-Path: <x@y>\r\nHello Bob\r\nSubject: x\r\n\r\n',
];

for (const text of headless)
  test(`a first line that is no field begins the body: ${JSON.stringify(text.slice(0, 30))}`, async () => {
    const { letter, prefix, behind } = await delivered(text);
    const split = splitMessage(Buffer.concat([prefix, behind]));
    assert.equal(split.bodyStart, prefix.length);
    assert.equal(split.headerEnd, prefix.length - 2);
    const structure = decodeStructure(letter.parsed ?? new Uint8Array());
    assert.equal(structure?.structure.bodyStart, 0);
    assert.equal(structure?.envelope.subject, null);
  });

test('a letter with a header has no line between it and the fields of this server', async () => {
  for (const text of [
    'Subject: hi\r\n\r\nHello\r\n',
    'Subject: hi',
    '\r\nHello\r\n',
    'From alice Tue Nov 24 10:00:00 2026\r\nSubject: hi\r\n\r\n',
  ]) {
    const { prefix } = await delivered(text);
    assert.doesNotMatch(prefix.toString(), /\r\n\r\n/, text);
  }
});

test('property: whatever a letter begins with, it continues no field of this server and adds none', async () => {
  const piece = fc.constantFrom(
    ' ',
    '\t',
    '\r\n',
    'A',
    ':',
    'Received: x',
    'Return-Path: <>',
    'From ',
    '\0',
    'é',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
      const { prefix, behind } = await delivered(pieces.join(''));
      const own = new Header(prefix);
      const served = new Header(Buffer.concat([prefix, behind]));
      assert.deepEqual(served.fields.slice(0, own.fields.length), own.fields);
      assert.deepEqual(
        served.fields.slice(own.fields.length).filter(({ name }) => name === 'return-path'),
        [],
      );
    }),
    { interruptAfterTimeLimit: 1500, markInterruptAsFailure: false },
  );
});
