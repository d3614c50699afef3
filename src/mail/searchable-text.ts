import { partName } from './body-views.ts';
import { parseEncodedWords } from './encoded-word.ts';
import { oneLine } from './one-line.ts';
import type { MimePart } from './structure.ts';

/** What a full-text index takes from a letter, beside its subject and addresses. */
export type SearchableText = {
  /** The text of all its text parts and the subjects of nested letters, each on lines of its own. */
  readonly body: string;
  /** The names of its attachments, decoded. */
  readonly attachmentNames: readonly string[];
};

/** Controls and white space other than the LF between lines. */
const NO_TEXT = /[^\P{Cc}\n]+|[^\S\n]+/gu;

const linesOf = (text: string): string => text.replaceAll(NO_TEXT, ' ').replaceAll(' \n', '\n').trim();

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
  return { body: texts.filter((text) => text !== '').join('\n'), attachmentNames };
};
