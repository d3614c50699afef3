const CONTROL = /\r\n|[\p{Cc}\u2028\u2029]/gu;
/** As nearly every text is, of which nothing has to be taken out. */
const PLAIN = /^[ -~]*$/;

/** The text with a space for each control character and line end, so that it can break no line and no terminal. */
export const oneLine = (text: string): string => (PLAIN.test(text) ? text : text.replaceAll(CONTROL, ' '));

/** The first `limit` UTF-16 units of the text, or one less where that would tear a character. */
export const cutText = (text: string, limit: number): string =>
  text.length <= limit
    ? text
    : text.slice(0, limit - (/[\ud800-\udbff]/.test(text[limit - 1] ?? '') ? 1 : 0));
