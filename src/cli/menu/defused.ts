/** Control characters but the tab, line separators, and the marks that turn the direction of writing around. */
const dangerous = /[\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]|(?!\t)\p{Cc}/gu;

/**
 * One line of somebody else's text, fit for a terminal: what could move the cursor, start an escape sequence or reorder
 * the text is written as its code point, `\u{1b}`.
 */
export const defused = (text: string): string =>
  text
    .toWellFormed()
    .replaceAll(dangerous, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
