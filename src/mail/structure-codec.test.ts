import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AddressListItem } from './address-list.ts';
import type { Envelope } from './envelope.ts';
import { decodeEnvelope, decodeStructure, encodeStructure } from './structure-codec.ts';
import type { MimePart } from './structure.ts';

const record = <Values>(values: { [Key in keyof Values]: fc.Arbitrary<Values[Key]> }): fc.Arbitrary<Values> =>
  fc.record(values, { noNullPrototype: true });

const word = fc.oneof(
  fc.constantFrom(
    '',
    'text',
    'plain',
    'charset',
    'utf-8',
    '__proto__',
    'aaa',
    '<id@example.org>',
    'gr\u00fc\u00dfe',
    '\u{1f600}',
  ),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
);
const maybe = fc.option(word, { nil: null });
const mailbox = record({
  is: fc.constant('mailbox' as const),
  name: maybe,
  address: fc.option(record({ localPart: word, domain: word }), { nil: null }),
});
const addresses: fc.Arbitrary<readonly AddressListItem[] | null> = fc.option(
  fc.array(
    fc.oneof(mailbox, record({ is: fc.constant('group' as const), name: word, members: fc.array(mailbox) })),
  ),
  { nil: null },
);
const envelope: fc.Arbitrary<Envelope> = record({
  date: maybe,
  subject: maybe,
  from: addresses,
  sender: addresses,
  replyTo: addresses,
  to: addresses,
  cc: addresses,
  bcc: addresses,
  inReplyTo: maybe,
  messageId: maybe,
  references: maybe,
});
const parameters = fc.array(record({ name: word, value: word }));
const size = fc.oneof(
  fc.nat(300),
  fc.nat(2 ** 31 - 1),
  fc.maxSafeNat().map((value) => Math.floor(value / 64)),
);

/** A part whose places are right, though they mean nothing. */
type Shape = {
  readonly part: Omit<MimePart, 'headerStart' | 'bodyStart' | 'bodyEnd' | 'content' | 'decodedBytes'>;
  readonly sizes: readonly [number, number, number];
  readonly inside: Inside;
};
type Inside =
  | { readonly is: 'leaf' }
  | { readonly is: 'multipart'; readonly parts: readonly Shape[] }
  | { readonly is: 'message'; readonly envelope: Envelope; readonly letter: Shape };

const shape = fc.letrec<{ shape: Shape; inside: Inside }>((tie) => ({
  shape: record({
    part: record({
      lines: size,
      type: word,
      subtype: word,
      parameters,
      encoding: word,
      id: maybe,
      description: maybe,
      md5: maybe,
      disposition: fc.option(record({ type: word, parameters }), { nil: null }),
      language: fc.array(word, { maxLength: 3 }),
      location: maybe,
    }),
    sizes: fc.tuple(size, size, size),
    inside: tie('inside'),
  }),
  inside: fc.oneof(
    { maxDepth: 3 },
    fc.constant({ is: 'leaf' as const }),
    record({
      is: fc.constant('multipart' as const),
      parts: fc.array(tie('shape'), { minLength: 1, maxLength: 3 }),
    }),
    record({ is: fc.constant('message' as const), envelope, letter: tie('shape') }),
  ),
})).shape;

const placed = ({ part, sizes: [gap, header, body], inside }: Shape, from: number): MimePart => {
  const headerStart = from + gap;
  const bodyStart = headerStart + header;
  const places = { headerStart, bodyStart, bodyEnd: bodyStart + body, decodedBytes: Math.floor(body / 2) };
  if (inside.is === 'leaf') return { ...part, ...places, content: inside };
  if (inside.is === 'message')
    return {
      ...part,
      ...places,
      content: { is: 'message', envelope: inside.envelope, letter: placed(inside.letter, bodyStart) },
    };
  const parts: MimePart[] = [];
  for (const child of inside.parts) parts.push(placed(child, parts.at(-1)?.bodyEnd ?? bodyStart));
  return { ...part, ...places, content: { is: 'multipart', parts } };
};

test('property: what is written is read', () => {
  fc.assert(
    fc.property(envelope, shape, fc.string(), fc.boolean(), (read, written, preview, hasAttachment) => {
      const stored = { structure: placed(written, 0), envelope: read, preview, hasAttachment };
      const bytes = encodeStructure(stored);
      assert.deepEqual(decodeStructure(bytes), stored);
      assert.deepEqual(decodeEnvelope(bytes), read);
    }),
    { interruptAfterTimeLimit: 1500, markInterruptAsFailure: false },
  );
});

test('another version is computed anew', () => {
  for (const bytes of [Uint8Array.of(), Uint8Array.of(1, 1), Uint8Array.of(255)]) {
    assert.equal(decodeStructure(bytes), null);
    assert.equal(decodeEnvelope(bytes), null);
  }
});

test('property: what is damaged is a fault, or something else, and never endless', () => {
  fc.assert(
    fc.property(envelope, shape, fc.nat(), fc.nat(255), (read, written, at, octet) => {
      const bytes = encodeStructure({
        structure: placed(written, 0),
        envelope: read,
        preview: 'Hello',
        hasAttachment: false,
      });
      bytes[1 + (at % (bytes.length - 1))] = octet;
      for (const damaged of [bytes, bytes.subarray(0, 1 + (at % bytes.length))]) {
        try {
          decodeStructure(damaged);
        } catch (error) {
          assert.match(String(error), /damaged/);
        }
      }
    }),
    { interruptAfterTimeLimit: 1000, markInterruptAsFailure: false },
  );
});
