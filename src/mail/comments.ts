// comment  = "(" *([FWS] ccontent) [FWS] ")"
// ccontent = ctext / quoted-pair / comment
/**
 * The offset just after the comment that begins at `start` (RFC 5322 section 3.2.2); the end of the text where it is
 * never closed. Nesting costs nothing but a count.
 */
export const commentEnd = (text: string, start: number): number => {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const char = text[at];
    if (char === '\\') at++;
    else if (char === '(') depth++;
    else if (char === ')' && --depth === 0) return at + 1;
  }
  return text.length;
};

/** The text with a space for each comment; only for fields that have no quoted strings. */
export const stripComments = (text: string): string => {
  let result = '';
  let done = 0;
  for (let open = text.indexOf('('); open !== -1; open = text.indexOf('(', done)) {
    result += `${text.slice(done, open)} `;
    done = commentEnd(text, open);
  }
  return result + text.slice(done);
};
