import type { BodyViews } from './body-views.ts';
import { cutText } from './one-line.ts';
import type { MimePart } from './structure.ts';

/** RFC 8970 section 3.1 and RFC 8621 section 4.1.4: at most so many characters. */
const LONGEST_PREVIEW = 256;
/** So much of a text is looked at, since white space and what cannot be seen is left out. */
export const previewedText = 2048;

/** White space, controls, and the fillers with which HTML letters keep their text out of previews. */
const UNSEEN =
  /(?:[\s\p{Cc}\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0]|\u034f)/u;
/** What becomes one space, and is not one already. */
const RUN = new RegExp(`${UNSEEN.source}{2,}|(?! )${UNSEEN.source}`, 'gu');

const ASCII = /^[\0-\x7f]*$/;
/** The same, where there is nothing else. */
// oxlint-disable-next-line no-control-regex -- taking them out is the point
const ASCII_RUN = /[\0- \x7f]{2,}|[\0-\x1f\x7f]/g;

/**
 * The beginning of a letter's text on one line, for lists (RFC 8970 section 3, RFC 8621 section 4.1.4): of the first
 * part of its text, else of its HTML, that has anything to show. `textOf` gives a part's text, HTML already read.
 */
export const previewOf = (
  { textBody, htmlBody }: BodyViews,
  textOf: (part: MimePart) => string | null,
): string => {
  for (const part of [...textBody, ...htmlBody]) {
    const text = part.type === 'text' ? textOf(part) : null;
    const shown = text === null ? '' : oneLineOf(text);
    if (shown !== '') return shown;
  }
  return '';
};

/** Nearly all texts have enough in their beginning. */
const FIRST_LOOK = 2 * LONGEST_PREVIEW;

const oneLineOf = (text: string): string => {
  const first = seen(cutText(text, FIRST_LOOK));
  const enough = text.length <= FIRST_LOOK || first.length >= LONGEST_PREVIEW;
  return cutText(enough ? first : seen(cutText(text, previewedText)), LONGEST_PREVIEW).trimEnd();
};

const seen = (text: string): string => text.replaceAll(ASCII.test(text) ? ASCII_RUN : RUN, ' ').trim();
