import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteWriter } from './byte-writer.ts';

const pieces = fc.array(
  fc.oneof(
    fc.record({ how: fc.constant('latin1' as const), text: fc.string({ maxLength: 60 }) }),
    fc.record({ how: fc.constant('utf8' as const), text: fc.string({ unit: 'grapheme', maxLength: 60 }) }),
    fc.record({ how: fc.constant('bytes' as const), bytes: fc.uint8Array({ maxLength: 2000 }) }),
  ),
);

test('pieces of all kinds come out as one', () => {
  fc.assert(
    fc.property(pieces, (parts) => {
      const writer = new ByteWriter();
      const expected = Buffer.concat(
        parts.map((part) => {
          if (part.how === 'bytes') {
            writer.bytes(part.bytes);
            return part.bytes;
          }
          writer[part.how](part.text);
          return Buffer.from(part.text, part.how);
        }),
      );
      assert.equal(writer.length, expected.length);
      assert.deepEqual(Buffer.from(writer.take()), Buffer.from(expected));
      assert.equal(writer.length, 0);
    }),
    { numRuns: 1000, interruptAfterTimeLimit: 1000 },
  );
});

test('what was taken is not written over', () => {
  const writer = new ByteWriter();
  const first = writer.latin1('one').take();
  const second = writer.latin1('two').take();
  assert.deepEqual([first.toString(), second.toString()], ['one', 'two']);
});
