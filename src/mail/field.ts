import { oneLine } from './one-line.ts';

/** RFC 5322 section 2.1.1: a line should be no longer than this, without its CRLF. */
const GOOD_LINE = 78;
/** RFC 5322 section 2.1.1: a line must be no longer than this, in octets without its CRLF. */
export const longestLine = 998;

/**
 * Writes one header field, folded at spaces to 78 octets where that can be (RFC 5322 section 2.2.3), CRLF included. Line
 * ends in the value become spaces, and a word that no line can hold is cut, so that nothing breaks the line limit.
 */
export const formatField = (name: string, value: string): string => {
  let result = '';
  let line = `${name}:`;
  for (const word of oneLine(value)
    .trim()
    .split(/ (?=[^ ])/)) {
    const fits = Buffer.byteLength(line) + 1 + Buffer.byteLength(word) <= GOOD_LINE;
    if (!fits && line !== `${name}:`) {
      result += `${line}\r\n`;
      line = '';
    }
    line += ` ${cutOctets(word, longestLine - Buffer.byteLength(line) - 1)}`;
  }
  return `${result}${line}\r\n`;
};

/** The beginning of the text that has at most so many octets. */
const cutOctets = (text: string, limit: number): string => {
  if (Buffer.byteLength(text) <= limit) return text;
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(Math.max(0, limit)));
  return text.slice(0, read);
};
