/** A line of a header is no longer (RFC 5322 section 2.1.1); if it has no colon until there, it is none. */
const LONGEST_LINE = 998;

// field-name = 1*ftext                               ; ftext = %d33-57 / %d59-126
const NAME = /^([!-9;-~]+)[ \t]*/;

/**
 * Whether a header begins with the line at this offset, that is not empty; the text has an octet a character. Lenient: what
 * has no header is text from its first line on (letters written by hand, in SMTP's own words); a first line `From ` belongs
 * to the header (letters out of an mbox).
 */
export const firstLine = (
  text: string,
  start: number,
  what: 'more' | 'last',
): 'ordinary' | 'unclear' | 'headless' => {
  const line = text.slice(start, start + LONGEST_LINE);
  const [named = '', name = ''] = NAME.exec(line) ?? [];
  if ((name === 'From' || name === '>From') && line[name.length] === ' ') return 'ordinary';
  if (named.length === line.length)
    return line.length < LONGEST_LINE && what === 'more' ? 'unclear' : 'headless';
  return name !== '' && line[named.length] === ':' ? 'ordinary' : 'headless';
};

/** So many octets of a letter tell whether its first line begins a header. */
export const firstLineBytes: number = LONGEST_LINE;
