import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const folder = new URL('../../src/mail/letters/', import.meta.url);
const MARK = '\n=====\n';

/** A letter of `src/mail/letters/`, and what is found in it. */
export type LetterFile = {
  readonly name: string;
  readonly bytes: Buffer;
  /** What stands below `=====`; null where there is no such line. */
  readonly findings: string | null;
  readonly write: (findings: string) => void;
};

/** All of them. A line end stands for CRLF, `\xNN` for an octet, a backslash at the end of a line for no line end. */
export const letterFiles = (): readonly LetterFile[] =>
  readdirSync(folder).map((name) => {
    const file = new URL(name, folder);
    const text = readFileSync(file, 'utf8');
    const mark = text.indexOf(MARK);
    const letter = mark === -1 ? text : text.slice(0, mark + 1);
    return {
      name: name.replace(/\.txt$/, ''),
      bytes: bytesOf(letter),
      findings: mark === -1 ? null : text.slice(mark + MARK.length),
      write: (findings) => writeFileSync(file, `${letter}${MARK.slice(1)}${findings}`),
    };
  });

const bytesOf = (text: string): Buffer =>
  Buffer.from(
    Buffer.from(text.replaceAll('\\\n', '').replaceAll('\n', '\r\n'))
      .toString('latin1')
      .replaceAll(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
