import { saslprep } from '@mongodb-js/saslprep';
import { ok, refused, type Result } from '../result.ts';

/**
 * Why a user name or password cannot be used: `empty` before or after preparation, `prohibited` by the profile,
 * or `too-long` to be looked at.
 */
export type PreparationRefusal = 'empty' | 'prohibited' | 'too-long';

/** What is prepared is at most this many UTF-16 units; RFC 4616 section 2 asks for 255 octets. */
const maxLength = 1024;

/** Printable ASCII is its own preparation: nothing in it is mapped, normalised or prohibited. */
const printableAscii = /^[\x20-\x7e]+$/;

/**
 * A password that somebody sends, prepared by SASLprep (RFC 4013) as a query string: code points that Unicode 3.2 does
 * not assign are let through (RFC 3454 section 7).
 */
export const prepareQuery = (text: string): Result<string, PreparationRefusal> => prepare(text, true);

/**
 * A user name that somebody sends, prepared in the same way; of an address, each side of its last `@` by itself.
 * Lenient: RFC 4013 section 2.4 lets no string be Arabic on one side and Latin on the other (people whose name is written
 * from right to left at a domain that is not).
 */
export const prepareUser = (text: string): Result<string, PreparationRefusal> => {
  const at = text.lastIndexOf('@');
  if (at <= 0 || at === text.length - 1 || text.length > maxLength) return prepareQuery(text);
  const localPart = prepareQuery(text.slice(0, at));
  if (!localPart.ok) return localPart;
  const domain = prepareQuery(text.slice(at + 1));
  return domain.ok ? ok(`${localPart.value}@${domain.value}`) : domain;
};

/**
 * A password about to be kept, prepared by SASLprep (RFC 4013) as a stored string: unassigned code points are
 * prohibited, because a later Unicode may normalise them (RFC 3454 section 7).
 */
export const prepareStored = (text: string): Result<string, PreparationRefusal> => prepare(text, false);

const prepare = (text: string, allowUnassigned: boolean): Result<string, PreparationRefusal> => {
  if (text.length === 0) return refused('empty');
  if (text.length > maxLength) return refused('too-long');
  if (printableAscii.test(text)) return ok(text);
  try {
    const prepared = saslprep(text, { allowUnassigned });
    return prepared.length === 0 ? refused('empty') : ok(prepared);
  } catch {
    // The library's only way to refuse, also of a text of which its mapping leaves nothing.
    return refused('prohibited');
  }
};
