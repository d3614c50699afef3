import { partName } from './body-views.ts';
import { parseEncodedWords } from './encoded-word.ts';
import { oneLine } from './one-line.ts';
import type { MimePart } from './structure.ts';

/** What a full-text index takes from a letter, beside its subject and addresses. */
export type SearchableText = {
  /** The text of all its text parts and the subjects of nested letters, each on lines of its own, and none that the next one repeats. */
  readonly body: string;
  /** The names of its attachments, decoded. */
  readonly attachmentNames: readonly string[];
};

/** Controls and white space other than the LF between lines and single spaces, which nearly all of it is. */
const NO_TEXT = /[^\P{Cc}\n]+|[^\S\n ]+| {2,}/gu;

const linesOf = (text: string): string =>
  text.replaceAll('\r\n', '\n').replaceAll(NO_TEXT, ' ').replaceAll(' \n', '\n').trim();

/** Line ends and what is left of white space, as one space each. */
const BREAKS = /\s\s+|[^\S ]/g;

/**
 * Whether the words of `text` stand in `other`, all of them in this order and nothing between them, as those of a plain text mostly
 * stand in the HTML beside it.
 */
const isRepeatedIn = (text: string, other: string): boolean =>
  text.length <= other.length &&
  ` ${other.replaceAll(BREAKS, ' ')} `.includes(` ${text.replaceAll(BREAKS, ' ')} `);

/** Gathers what is to be found in a letter; `textOf` gives a part's text, HTML already read, null for none. */
export const searchableText = (
  letter: MimePart,
  textOf: (part: MimePart) => string | null,
): SearchableText => {
  const texts: string[] = [];
  const attachmentNames: string[] = [];
  const waiting = [letter];
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    const { content } = part;
    const name = partName(part);
    if (name !== '') attachmentNames.push(name);
    if (content.is === 'multipart') waiting.push(...content.parts.toReversed());
    else if (content.is === 'message') {
      texts.push(oneLine(parseEncodedWords(content.envelope.subject ?? '')));
      waiting.push(content.letter);
    } else texts.push(linesOf(textOf(part) ?? ''));
  }
  const body = texts.filter((text, at) => text !== '' && !isRepeatedIn(text, texts[at + 1] ?? ''));
  return { body: body.join('\n'), attachmentNames };
};
