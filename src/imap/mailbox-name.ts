import { formatModifiedUtf7, parseModifiedUtf7 } from '../bytes/modified-utf7.ts';
import { quoted } from './render/string.ts';
import { delimiter } from './mailboxes.ts';

/** INBOX in any case, but for letters outside ASCII whose upper case is inside it (RFC 9051 section 5.1). */
const inbox = /^inbox$/i;

/**
 * The path that a mailbox name of a command means; null where it can mean none. Names are in modified UTF-7 (RFC 3501
 * section 5.1.3). Lenient: a name with UTF-8 in it is taken as it stands (clients that do not ask whether they may).
 */
export function parseMailboxName(name: string): string | null {
  const text = /^[\0-\x7f]*$/.test(name) ? parseModifiedUtf7(name) : name;
  if (text === null) return null;
  const [first = '', ...rest] = text.normalize('NFC').split(delimiter);
  return [inbox.test(first) ? 'INBOX' : first, ...rest].join(delimiter);
}

/** A path as a response has it. */
export const formatMailboxName = (path: string): string => quoted(formatModifiedUtf7(path));
