const SPACE = 0x20;
const TAB = 0x09;
const COLON = 0x3a;

/** A line of a header is no longer (RFC 5322 section 2.1.1); if it has no colon until there, it is none. */
const LONGEST_LINE = 998;

// field-name = 1*ftext                               ; ftext = %d33-57 / %d59-126
/**
 * Whether a header begins with this line, that is not empty. Lenient: what has no header is text from its first line on
 * (letters written by hand, in SMTP's own words); a first line `From ` belongs to the header (letters out of an mbox).
 */
export const firstLine = (
  bytes: Buffer,
  start: number,
  what: 'more' | 'last',
): 'ordinary' | 'unclear' | 'headless' => {
  const end = Math.min(bytes.length, start + LONGEST_LINE);
  let at = start;
  while (at < end && isFieldName(bytes[at])) at++;
  const name = bytes.toString('latin1', start, Math.min(at, start + 5));
  const isNamed = at > start;
  if (isNamed && bytes[at] === SPACE && (name === 'From' || name === '>From')) return 'ordinary';
  if (isNamed) while (at < end && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
  if (at === end) return end - start < LONGEST_LINE && what === 'more' ? 'unclear' : 'headless';
  return isNamed && bytes[at] === COLON ? 'ordinary' : 'headless';
};

const isFieldName = (byte = 0): boolean => byte > SPACE && byte < 0x7f && byte !== COLON;
