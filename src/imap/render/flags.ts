/** The names of keywords that are not written as they are kept; the registry's spelling (RFC 9051 section 2.3.2). */
const spellings: ReadonlyMap<string, string> = new Map([
  ['$seen', '\\Seen'],
  ['$answered', '\\Answered'],
  ['$flagged', '\\Flagged'],
  ['\\deleted', '\\Deleted'],
  ['$draft', '\\Draft'],
  ...[
    '$MDNSent',
    '$Forwarded',
    '$Junk',
    '$NotJunk',
    '$Phishing',
    '$Important',
    '$SubmitPending',
    '$Submitted',
    '$MailFlagBit0',
    '$MailFlagBit1',
    '$MailFlagBit2',
    'NonJunk',
    'Junk',
    'NotJunk',
  ].map((name): [string, string] => [name.toLowerCase(), name]),
]);

/** The flags that every mailbox has (RFC 9051 section 7.3.5). */
export const systemFlags = '\\Answered \\Flagged \\Deleted \\Seen \\Draft';

/** Few combinations occur, and nearly always the array of one is the same. */
const known = new WeakMap<readonly string[], string>();

/** `(\Seen $Forwarded)`. */
export function formatFlags(keywords: readonly string[]): string {
  const found = known.get(keywords);
  if (found !== undefined) return found;
  const made = `(${keywords.map((keyword) => spellings.get(keyword) ?? keyword).join(' ')})`;
  known.set(keywords, made);
  return made;
}
