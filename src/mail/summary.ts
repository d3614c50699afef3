import { parseAddressList, readableAddressList } from './address-list.ts';
import { parseDate } from './date.ts';
import { fieldText, fieldValue, headerFields, type HeaderField } from './header.ts';
import { cutText, oneLine } from './one-line.ts';

/** What lists show, computed once before the letter is stored. Texts are decoded, and bounded to 998 characters. */
export type LetterSummary = {
  readonly subject: string;
  /** The `From:` field as text; empty where there is none. */
  readonly from: string;
  /** The `Date:` field in milliseconds since 1970; null where it is missing or cannot be read. */
  readonly sentAt: number | null;
  /** Without angle brackets; null where there is none. */
  readonly messageId: string | null;
};

const LONGEST_TEXT = 998;
const SUMMARIZED = ['subject', 'from', 'date', 'message-id'] as const;

/**
 * Summarizes a letter, of which the header is enough. Of a field that occurs twice the first counts; a header is read
 * as far as `defaultHeaderLimits`. Never fails.
 */
export const summarize = (letter: Uint8Array): LetterSummary => {
  const found = new Map<string, HeaderField>();
  for (const field of headerFields(letter)) {
    const name = field.name.toLowerCase();
    if (!found.has(name) && SUMMARIZED.some((wanted) => wanted === name)) found.set(name, field);
    if (found.size === SUMMARIZED.length) break;
  }
  const value = (name: (typeof SUMMARIZED)[number]): string => {
    const field = found.get(name);
    return field === undefined ? '' : fieldValue(letter, field);
  };
  const subject = found.get('subject');
  const messageId = oneLine(/<([^<>]*)>/.exec(value('message-id'))?.[1] ?? value('message-id')).trim();
  return {
    subject: subject === undefined ? '' : cutText(fieldText(letter, subject), LONGEST_TEXT),
    from: cutText(readableAddressList(parseAddressList(value('from'))), LONGEST_TEXT),
    sentAt: parseDate(value('date')),
    messageId: messageId === '' ? null : cutText(messageId, LONGEST_TEXT),
  };
};
