import type { Scanner } from '../scanner.ts';
import { dateTime } from './date.ts';
import { flagList } from './flags.ts';
import { mailbox } from './mailbox.ts';

/** A letter that an APPEND brings, but for its octets. */
export type AppendedLetter = {
  readonly keywords: readonly string[];
  /** Milliseconds since 1970; null where the client does not say. */
  readonly internalDate: number | null;
};

export type AppendCommand = {
  readonly name: 'APPEND';
  readonly mailbox: string;
  /** At least one (RFC 3502 section 6.3.11). */
  readonly letters: readonly AppendedLetter[];
};

// append         = "APPEND" SP mailbox 1*append-message                          (RFC 3502 section 6.3.11)
// append-message = [SP flag-list] [SP date-time] SP append-data
// append-data    = literal / literal8 / "UTF8" SP "(" literal8 ")"                (RFC 6855 section 4)
/** RFC 9051 section 6.3.12. Each letter was handed on as it came; here is where it stood. */
export function append(scan: Scanner): AppendCommand {
  const name = mailbox(scan);
  const letters: AppendedLetter[] = [];
  do {
    const { letter, closes } = appendMessage(scan);
    letters.push(letter);
    if (!scan.handedOn()) scan.fail('a letter as a literal');
    if (closes) scan.expect(')');
  } while (scan.ok && !scan.atEnd);
  return { name: 'APPEND', mailbox: name, letters };
}

/** What stands before a letter; `closes`: a parenthesis has to stand behind it. */
function appendMessage(scan: Scanner): { readonly letter: AppendedLetter; readonly closes: boolean } {
  scan.space();
  let keywords: readonly string[] = [];
  if (scan.next === '(') {
    keywords = flagList(scan);
    scan.space();
  }
  let internalDate: number | null = null;
  if (scan.next === '"') {
    internalDate = dateTime(scan);
    scan.space();
  }
  return { letter: { keywords, internalDate }, closes: scan.take('UTF8 (') };
}

/** What an APPEND brings up to the literal that was announced, which is a letter; null where it is none, or nothing fits. */
export type AnnouncedLetter = { readonly mailbox: string; readonly letters: readonly AppendedLetter[] };

/** Reads what came before the announcement; the last of `letters` is the one that comes. */
export function announcedLetter(scan: Scanner): AnnouncedLetter | null {
  const name = mailbox(scan);
  const letters: AppendedLetter[] = [];
  for (;;) {
    // The mailbox itself may be the literal.
    if (scan.atEnd) return null;
    const { letter, closes } = appendMessage(scan);
    letters.push(letter);
    if (!scan.handedOn()) break;
    if (closes) scan.expect(')');
  }
  return { mailbox: name, letters };
}
