import { decodeNames, readableAddressList } from './address-list.ts';
import { parseEncodedWords } from './encoded-word.ts';
import { sentAt, type Envelope } from './envelope.ts';
import { splitMessage } from './header.ts';
import { defaultLetterBounds } from './letter-bounds.ts';
import { parseMessageIds } from './message-ids.ts';
import { cutText, oneLine } from './one-line.ts';
import { readLetterHeader } from './part-header.ts';

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

/** Summarizes a letter, of which the header is enough, as `summaryOf` does its envelope. Never fails. */
export const summarize = (letter: Uint8Array): LetterSummary => {
  const { headerBytes, addresses, parameters } = defaultLetterBounds;
  const header = letter.subarray(0, splitMessage(letter).headerEnd);
  return summaryOf(readLetterHeader(header, headerBytes, { addresses, parameters }).envelope);
};

/** What lists show of a letter with this envelope. */
export const summaryOf = (envelope: Envelope): LetterSummary => {
  const messageId =
    parseMessageIds(envelope.messageId ?? '')[0] ?? (envelope.messageId ?? '').replaceAll(/[<>]/g, '').trim();
  return {
    subject: cutText(oneLine(parseEncodedWords(envelope.subject ?? '')), LONGEST_TEXT),
    from: cutText(readableAddressList(decodeNames(envelope.from ?? [])), LONGEST_TEXT),
    sentAt: sentAt(envelope),
    messageId: messageId === '' ? null : cutText(messageId, LONGEST_TEXT),
  };
};
