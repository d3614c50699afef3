import type { MimePart } from './structure.ts';

/** A part with its number, `2.1.3`, as IMAP counts (RFC 9051 section 6.4.5.1). */
export type NumberedPart = { readonly section: string; readonly part: MimePart };

// section-part = nz-number *("." nz-number)
/**
 * The parts of a letter that have a number, in the order in which they stand. The only part of a letter without parts is
 * number 1. A multipart that is a whole letter, or a nested one, has no number; neither has a nested letter, whose parts
 * are numbered below the part that holds it.
 */
export function* numberedParts(letter: MimePart): Generator<NumberedPart, void, undefined> {
  const waiting = below(letter, '');
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    yield next;
    const { section, part } = next;
    if (part.content.is === 'message') waiting.push(...below(part.content.letter, `${section}.`));
    if (part.content.is === 'multipart') waiting.push(...numbered(part.content.parts, `${section}.`));
  }
}

/** The numbered parts of a letter that are in no other, last first. */
const below = (letter: MimePart, prefix: string): NumberedPart[] =>
  numbered(letter.content.is === 'multipart' ? letter.content.parts : [letter], prefix);

const numbered = (parts: readonly MimePart[], prefix: string): NumberedPart[] =>
  parts.map((part, index) => ({ section: `${prefix}${index + 1}`, part })).toReversed();

/** The part of a letter with this number; null where there is none. */
export const partOfSection = (letter: MimePart, section: readonly number[]): MimePart | null => {
  let parts = partsOf(letter);
  let found: MimePart | null = null;
  for (const number of section) {
    found = parts[number - 1] ?? null;
    if (found === null) return null;
    const { content } = found;
    if (content.is === 'message') parts = partsOf(content.letter);
    else parts = content.is === 'multipart' ? content.parts : [];
  }
  return found;
};

const partsOf = (letter: MimePart): readonly MimePart[] =>
  letter.content.is === 'multipart' ? letter.content.parts : [letter];
