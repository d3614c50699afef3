import { formatModifiedUtf7, parseModifiedUtf7 } from '../bytes/modified-utf7.ts';
import { delimiter } from './mailboxes.ts';
import { quoted, utf8Octets, type TextForm } from './render/string.ts';

/** INBOX in any case, but for letters outside ASCII whose upper case is inside it (RFC 9051 section 5.1). */
const inbox = /^inbox$/i;

// oxlint-disable-next-line no-control-regex -- what is not ASCII is the question
const ascii = /^[\u0000-\u007f]*$/;

/**
 * The path that a mailbox name of a command means; null where it can mean none. Names are in modified UTF-7 (RFC 3501
 * section 5.1.3), or in UTF-8 where the session asked for that. Lenient: a name with UTF-8 in it is taken as it stands in any
 * session (clients that do not ask whether they may).
 */
export function parseMailboxName(name: string, form: TextForm): string | null {
  const text = form === 'ascii' && ascii.test(name) ? parseModifiedUtf7(name) : name;
  if (text === null) return null;
  const [first = '', ...rest] = text.normalize('NFC').split(delimiter);
  return [inbox.test(first) ? 'INBOX' : first, ...rest].join(delimiter);
}

const longestLevelBytes = 255;
// oxlint-disable-next-line no-control-regex -- what no level may have
const level = /^[^\u0000-\u001f\u007f-\u009f]+$/;

/** The most that a mailbox can be deep. */
const mostLevels = 33;

/**
 * Whether a mailbox can be called so: there are not too many levels, none is empty, too long, or has a control character, and
 * INBOX is at the top.
 */
export function mayBePath(path: string): boolean {
  const levels = path.split(delimiter);
  return (
    levels.length <= mostLevels &&
    levels.every(
      (name, index) =>
        level.test(name) &&
        Buffer.byteLength(name) <= longestLevelBytes &&
        (index === 0 || !inbox.test(name)),
    )
  );
}

/** A path as a response has it: an octet a character. */
export const formatMailboxName = (path: string, form: TextForm): string =>
  quoted(form === 'ascii' ? formatModifiedUtf7(path) : utf8Octets(path));
