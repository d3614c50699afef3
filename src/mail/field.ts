import { oneLine } from './one-line.ts';

/** RFC 5322 section 2.1.1: a line should be no longer than this, without its CRLF. */
const GOOD_LINE = 78;
/** A value that is written as it stands where its line is short. */
const PLAIN = /^[!-~]+(?: [!-~]+)*$/;
/** RFC 5322 section 2.1.1: a line must be no longer than this, in octets without its CRLF. */
export const longestLine = 998;

/**
 * Writes one header field, folded at spaces to 78 octets where that can be (RFC 5322 section 2.2.3), CRLF included. Line
 * ends in the value become spaces, and a word that no line can hold is cut, so that nothing breaks the line limit.
 */
export const formatField = (name: string, value: string): string => {
  const short = `${name}: ${value}`;
  if (short.length <= GOOD_LINE && PLAIN.test(value)) return `${short}\r\n`;
  return endField(foldedField(beginField(name), value));
};

/** A field that is being written: its whole lines, and the last one, which more may follow. */
export type BegunField = { readonly name: string; readonly lines: string; readonly last: string };

/** A field of this name without a value. */
export const beginField = (name: string): BegunField => ({ name, lines: '', last: `${name}:` });

/** The field with more of its value, behind a space: what many fields begin with is folded once. */
export const foldedField = ({ name, lines, last }: BegunField, more: string): BegunField => {
  let result = lines;
  let line = last;
  for (const word of oneLine(more)
    .trim()
    .split(/ (?=[^ ])/)) {
    const fits = octets(line) + 1 + octets(word) <= GOOD_LINE;
    if (!fits && line !== `${name}:`) {
      result += `${line}\r\n`;
      line = '';
    }
    line += ` ${cutOctets(word, longestLine - octets(line) - 1)}`;
  }
  return { name, lines: result, last: line };
};

/** The whole field, CRLF included. */
export const endField = ({ lines, last }: BegunField): string => `${lines}${last}\r\n`;

const ASCII = /^[\0-\x7f]*$/;

/** Short texts are looked at more quickly than the platform is asked. */
const octets = (text: string): number => (ASCII.test(text) ? text.length : Buffer.byteLength(text));

/** The beginning of the text that has at most so many octets. */
const cutOctets = (text: string, limit: number): string => {
  if (octets(text) <= limit) return text;
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(Math.max(0, limit)));
  return text.slice(0, read);
};
