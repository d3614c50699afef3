const ASCII = /^[\0-\x7f]*$/;

/**
 * Text as the comparator i;unicode-casemap sees it (RFC 5051 section 2): without regard to case, each character taken apart into
 * what it is made of. Lenient: a letter that has a title case of its own (dž) is compared by its upper case.
 */
export const unicodeCasemap = (text: string): string => {
  if (ASCII.test(text)) return text.toUpperCase();
  let mapped = '';
  for (const character of text) {
    const upper = character.toUpperCase();
    // Only simple mappings count: ß stays what it is.
    mapped += upper.length === character.length ? upper : character;
  }
  return mapped.normalize('NFKD');
};
