import { readLetterText, type LetterText } from '../mail/body-text.ts';
import { cutText, oneLine } from '../mail/one-line.ts';
import type { TransportRecord } from '../passport/record.ts';
import type { AccountName, Letter, LetterId } from '../store/port.ts';

/** A letter in JSON, without its text. Times are ISO 8601 in UTC. */
export type LetterJson = {
  readonly id: number;
  readonly receivedAt: string;
  /** The envelope's paths without angle brackets; `mailFrom` is empty for the null sender. */
  readonly mailFrom: string;
  readonly rcptTo: string;
  readonly subject: string;
  readonly from: string;
  readonly sentAt: string | null;
  readonly messageId: string | null;
  /** Of the letter as it came; as served it begins with the fields of this server. */
  readonly sizeBytes: number;
  readonly sha256: string;
  /** null for a letter that came over no connection. */
  readonly transport: TransportRecord | null;
  /** Where the letter is, relative to the server. */
  readonly url: string;
};

/** The path of an account's letters. */
export function lettersPath(account: AccountName): string {
  return `/letters/${encodeURIComponent(account)}`;
}

/** The path of one letter. */
export function letterPath(account: AccountName, letter: LetterId): string {
  return `${lettersPath(account)}/${letter}`;
}

/** The letter as JSON has it. */
export function letterJson(account: AccountName, letter: Letter): LetterJson {
  const { summary, transport } = letter;
  return {
    id: letter.id,
    receivedAt: new Date(letter.receivedAt).toISOString(),
    mailFrom: reversePathOf(letter),
    rcptTo: letter.forwardPath,
    subject: summary.subject,
    from: summary.from,
    sentAt: summary.sentAt === null ? null : new Date(summary.sentAt).toISOString(),
    messageId: summary.messageId,
    sizeBytes: letter.sizeBytes,
    sha256: letter.hash,
    transport,
    url: letterPath(account, letter.id),
  };
}

/** Without angle brackets; a letter that came over no connection is a report, and has the null one. */
export const reversePathOf = ({ transport }: Letter): string => transport?.reversePath ?? '';

/** JSON text in which every control character is escaped, those too that JSON lets stand. */
export function formatJson(value: unknown): string {
  const escape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return `${JSON.stringify(value).replaceAll(/[\x7f-\x9f\u2028\u2029]/g, escape)}\n`;
}

/** A line of the classic frame. */
const frame =
  /^(?=\[DATE: |\[Delivered\]|MAIL FROM:|RCPT TO:|Subject:|Message:|\[Letter \d|\[Attachment|\[There are more parts|\[This letter cannot be read|\[The text goes on)/gm;

/** The text, but that none of its lines can pass for the beginning of another letter: those are indented. */
const unframed = (text: string): string => text.replaceAll(frame, ' ');

/** As much of a letter's text as is shown, UTF-16 units. */
const longestText = 262_144;

/** The letter's text for a reader and whether that is all of it, and a line for each of its other parts. */
export function letterText(bytes: Uint8Array): LetterText & { readonly whole: boolean } {
  const { text, attachments } = readLetterText(bytes, longestText + 1);
  return text.length > longestText
    ? { text: cutText(text, longestText), attachments, whole: false }
    : { text, attachments, whole: true };
}

/**
 * The letter as the classic reader shows it. Date and time are those of its arrival, in UTC. Control characters in it
 * are replaced, so that a letter cannot drive the terminal that it is shown on.
 */
export function classicLetter(account: AccountName, letter: Letter, bytes: Uint8Array): string {
  const { text, attachments, whole } = letterText(bytes);
  const lines = [
    ...frameLines(letter),
    unframed(text.endsWith('\n') ? text.slice(0, -1) : text),
    ...(whole
      ? []
      : [`[The text goes on. The whole letter: ${letterPath(account, letter.id)} as message/rfc822]`]),
    ...attachments,
  ];
  return `${lines.join('\n')}\n`;
}

/** In place of a letter whose bytes cannot be had; `fault` is what the log calls the reason. */
export function unreadableLetter(letter: Letter, fault: string): string {
  return [...frameLines(letter), `[This letter cannot be read: fault ${fault}]\n`].join('\n');
}

/** What stands before the text. */
function frameLines(letter: Letter): readonly string[] {
  const at = new Date(letter.receivedAt).toISOString();
  const [year, month, day] = at.slice(0, 10).split('-');
  return [
    `[DATE: ${month}/${day}/${year}] [TIME: ${at.slice(11, 19)}]`,
    '[Delivered]',
    `MAIL FROM: ${oneLine(reversePathOf(letter)) || '<>'}`,
    `RCPT TO: ${oneLine(letter.forwardPath)}`,
    `Subject: ${oneLine(letter.summary.subject)}`,
    '',
    'Message:',
  ];
}
