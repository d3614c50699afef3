import { formatMailbox, type HeaderForm, type Mailbox } from './address-list.ts';
import { formatDate } from './date.ts';
import { formatEncodedWords } from './encoded-word.ts';
import { formatField, longestLine } from './field.ts';
import { oneLine } from './one-line.ts';
import { formatQuotedPrintable } from './quoted-printable.ts';

/** A letter to be written. Line ends in `text` may be of any kind; those elsewhere become spaces. */
export type Draft = {
  readonly from: Mailbox;
  readonly to: readonly Mailbox[];
  readonly cc?: readonly Mailbox[];
  readonly subject: string;
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly date: number;
  /** The zone that the date is written in, minutes east of UTC; UTC where it is left out. */
  readonly zoneMinutes?: number;
  /** Without angle brackets, `unique@host`. */
  readonly messageId: string;
  /** The Message-ID that this letter answers, without angle brackets. */
  readonly inReplyTo?: string;
  /** Where a program writes it by itself, in answer to a letter (RFC 3834 section 5). */
  readonly autoSubmitted?: 'auto-replied';
  /**
   * Whether the header may hold UTF-8 (RFC 6532), which only servers with SMTPUTF8 take. An address whose local part is
   * not ASCII has no other form and stands as UTF-8 either way.
   */
  readonly smtpUtf8?: boolean;
  /** How a text that is not plain ASCII in short lines travels; `8bit` needs a server with 8BITMIME. */
  readonly transfer?: 'quoted-printable' | '8bit';
};

/** Octets of a word that a folded line surely holds. */
const LONGEST_WORD = 60;

/**
 * Writes a letter of plain text: every line ends in CRLF and holds at most 998 octets, and no value can add a field or
 * end the header, whatever it contains (RFC 5322 section 3.6, RFC 2045 section 4).
 */
export const composeLetter = (draft: Draft): Uint8Array<ArrayBuffer> => {
  const form: HeaderForm = draft.smtpUtf8 === true ? 'utf-8' : 'ascii';
  const body = formatBody(draft.text, draft.transfer ?? 'quoted-printable');
  const mailboxes = (list: readonly Mailbox[]): string =>
    list.map((one) => formatMailbox(one, form)).join(', ');
  const fields: [string, string][] = [
    ['Date', formatDate(draft.date, draft.zoneMinutes)],
    ['From', mailboxes([draft.from])],
    // RFC 5322 section 3.6.3: a letter to nobody named has an empty group.
    ['To', draft.to.length === 0 ? 'undisclosed-recipients:;' : mailboxes(draft.to)],
  ];
  if (draft.cc !== undefined && draft.cc.length > 0) fields.push(['Cc', mailboxes(draft.cc)]);
  fields.push(
    ['Subject', formatUnstructured(draft.subject, form)],
    ['Message-ID', formatMessageId(draft.messageId)],
  );
  if (draft.inReplyTo !== undefined) fields.push(['In-Reply-To', formatMessageId(draft.inReplyTo)]);
  if (draft.autoSubmitted !== undefined) fields.push(['Auto-Submitted', draft.autoSubmitted]);
  fields.push(
    ['MIME-Version', '1.0'],
    ['Content-Type', 'text/plain; charset=utf-8'],
    ['Content-Transfer-Encoding', body.encoding],
  );
  const header = fields.map(([name, value]) => formatField(name, value)).join('');
  return new TextEncoder().encode(`${header}\r\n${body.text}`);
};

/** The value of an unstructured field; encoded words where it has other than ASCII, or could not be folded. */
const formatUnstructured = (value: string, form: HeaderForm): string => {
  const text = oneLine(value).toWellFormed();
  const words = text.split(' ');
  const short = text === '' || words.every((word) => word !== '' && Buffer.byteLength(word) <= LONGEST_WORD);
  const plain = short && !text.includes('=?') && (form === 'utf-8' || /^[ -~]*$/.test(text));
  return plain ? text : formatEncodedWords(text);
};

// msg-id = [CFWS] "<" id-left "@" id-right ">" [CFWS]
const formatMessageId = (id: string): string => `<${id.replaceAll(/[^!-;=?-~]/g, '')}>`;

const formatBody = (
  text: string,
  transfer: 'quoted-printable' | '8bit',
): { readonly encoding: '7bit' | '8bit' | 'quoted-printable'; readonly text: string } => {
  const lines = text.toWellFormed().split(/\r\n|\r|\n/);
  if (lines.at(-1) === '') lines.pop();
  const body = lines.map((line) => `${line}\r\n`).join('');
  const short = lines.every((line) => Buffer.byteLength(line) <= longestLine) && !body.includes('\0');
  if (short && /^[\t\r\n -~]*$/.test(body)) return { encoding: '7bit', text: body };
  if (short && transfer === '8bit') return { encoding: '8bit', text: body };
  return { encoding: 'quoted-printable', text: formatQuotedPrintable(new TextEncoder().encode(body)) };
};
