import type { Token } from './source-tokens.ts';

/** A standard cited by a comment (or any other text) of a source: `RFC 5321 section 4.1.1.4`. */
export type Citation = { readonly rfc: number; readonly section: string | null; readonly line: number };

/** A remark that a comment makes about a standard: `Deviation: …`, `Lenient: …` or `Not yet: …`. */
export type Remark = {
  readonly kind: 'Deviation' | 'Lenient' | 'Not yet';
  /** The remark's sentence or sentences on one line, without the word before it. */
  readonly text: string;
  readonly line: number;
};

/** Every citation in `source`, line by line, so that what is found here is what `grep` finds. */
export function citations(source: string): Citation[] {
  const found: Citation[] = [];
  for (const [index, text] of source.split('\n').entries()) {
    for (const match of text.matchAll(/\bRFC ?(\d{1,5})(?: sections? ([\dA-Z]+(?:\.\d+)*))?/g)) {
      found.push({ rfc: Number(match[1]), section: match[2] ?? null, line: index + 1 });
    }
  }
  return found;
}

/**
 * The remarks in the comments among `tokens`. One ends with its paragraph: at an empty comment line, a tag such as
 * `@param`, the next remark, or the end of the comment. Line comments below one another are one comment.
 */
export function remarks(tokens: readonly Token[]): Remark[] {
  const found: { kind: Remark['kind']; words: string[]; line: number }[] = [];
  let open = false;
  let lastLine = 0;
  for (const token of tokens) {
    if (token.kind !== 'comment') {
      open = false;
      continue;
    }
    if (token.text.startsWith('/*') || token.line !== lastLine + 1) open = false;
    for (const [index, raw] of token.text.split('\n').entries()) {
      const text = raw
        .replace(/^\s*(?:\/\/|\/\*+|\*(?!\/))?\s?/, '')
        .replace(/\s*\*\/\s*$/, '')
        .trim();
      lastLine = token.line + index;
      if (text === '' || text.startsWith('@')) open = false;
      // The words before a remark belong to the one that is open; what follows it is its own, up to the next.
      const [before = '', ...parts] = text.split(/(?<![^\s-])(Deviation|Lenient|Not yet): */);
      if (open) found.at(-1)?.words.push(before);
      for (let at = 0; at < parts.length; at += 2) {
        found.push({ kind: kindOf(parts[at]), words: [parts[at + 1] ?? ''], line: lastLine });
        open = true;
      }
    }
  }
  return found.map(({ kind, words, line }) => ({
    kind,
    line,
    text: words.join(' ').replaceAll(/\s+/g, ' ').trim(),
  }));
}

const kindOf = (word: string | undefined): Remark['kind'] =>
  word === 'Deviation' || word === 'Lenient' ? word : 'Not yet';
