import fc from 'fast-check';
import type { Cut } from './cut.ts';

/** What fast-check makes of arbitrary dialogues; what fails it makes small. */

/** Pieces of any sizes, mostly small. */
export const cuts: fc.Arbitrary<Cut> = fc.array(
  fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 500 })),
  { minLength: 1, maxLength: 12 },
);

/** Octets of any kind, and the ones that mean something more often than others. */
const octets: fc.Arbitrary<string> = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  fc
    .array(fc.constantFrom('\r', '\n', '\r\n', '.', '\0', 'x', '\xff', ' '), { maxLength: 12 })
    .map((parts) => parts.join('')),
  fc
    .tuple(fc.constantFrom('x', '.', '\r\n', '..\r\n', '\0'), fc.integer({ min: 1, max: 400 }))
    .map(([text, times]) => text.repeat(times)),
);

/** Texts of words and of anything, one behind the other. */
export const texts = (words: readonly string[]): fc.Arbitrary<Buffer> =>
  fc
    .array(fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...words) }, octets), { maxLength: 12 })
    .map((parts) => Buffer.from(parts.join(''), 'latin1'));
