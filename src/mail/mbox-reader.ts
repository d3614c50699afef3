import { asBuffer } from '../bytes/buffer.ts';

/** What an mbox file has: letter after letter, each begun by its separator line, the letter's bytes in pieces. */
export type MboxPart =
  | { readonly is: 'separator'; readonly line: string }
  /** Of the letter whose separator came last, with CRLF at the end of lines; good until the next `push`. */
  | { readonly is: 'bytes'; readonly bytes: Uint8Array };

const LF = 0x0a;
const CR = 0x0d;
const FROM = 'From ';
/** A separator line is no longer than this. */
const longestSeparator = 1000;
/** A line that is longer is handed on before its end is there. */
const longestLine = 65_536;

// separator = "From " addr-spec SP asctime   ; RFC 4155 appendix A
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const ASCTIME =
  / (?:mon|tue|wed|thu|fri|sat|sun) +([a-z]{3}) +(\d{1,2}) +(\d\d):(\d\d)(?::(\d\d))?(?: +[a-z+\-0-9]{1,6})?? +(\d{4})\b/i;

/**
 * When a separator line says that its letter came, in UTC as RFC 4155 appendix A has it, milliseconds since 1970; null
 * where it says nothing of the kind.
 */
export function separatorDate(line: string): number | null {
  const [, month = '', day, hour, minute, second = '0', year] = ASCTIME.exec(line) ?? [];
  const index = months.indexOf(month.toLowerCase());
  if (index === -1) return null;
  const at = Date.UTC(Number(year), index, Number(day), Number(hour), Number(minute), Number(second));
  return Number.isNaN(at) ? null : at;
}

/**
 * Reads an mbox file (RFC 4155) that comes in chunks, split anywhere, with bounded memory: `push` each, then `end`. A line that begins
 * with `From ` and a date, at the beginning or after an empty line, begins a letter; the empty line before it, and the one
 * at the end of the file, belong to no letter. One `>` is taken from lines that begin with `From ` after some of them (the form
 * called mboxrd). Lenient: lines may end in LF or CRLF, and a first line with any words after `From ` begins a letter.
 */
export class MboxReader {
  #rest: Buffer = Buffer.alloc(0);
  /** Nothing has come yet, or what has come is no mbox file. */
  #stage: 'start' | 'letters' | 'no-mbox' = 'start';
  /** Whether `#rest` begins inside a line. */
  #inLine = false;

  /** Whether the file began with something else than a separator. Then it has no parts. */
  get isNoMbox(): boolean {
    return this.#stage === 'no-mbox';
  }

  push(chunk: Uint8Array): readonly MboxPart[] {
    this.#rest = this.#rest.length === 0 ? asBuffer(chunk) : Buffer.concat([this.#rest, chunk]);
    return this.#take(false);
  }

  end(): readonly MboxPart[] {
    return this.#take(true);
  }

  #take(isEnd: boolean): readonly MboxPart[] {
    const parts: MboxPart[] = [];
    if (this.#stage === 'start' && !this.#begin(parts, isEnd)) return parts;
    if (this.#stage === 'no-mbox') {
      this.#rest = Buffer.alloc(0);
      return parts;
    }
    for (let from = 0; ;) {
      const found = this.#nextSeparator(from);
      if (found === null) break;
      const lineEnd = this.#rest.indexOf(LF, found.line);
      const isWhole = lineEnd !== -1 || isEnd;
      if (!isWhole && this.#rest.length - found.line <= longestSeparator) {
        // Perhaps a separator: the empty line before it waits with it.
        this.#emit(parts, found.empty);
        return parts;
      }
      const end = lineEnd === -1 ? this.#rest.length : lineEnd + 1;
      const line = this.#lineAt(found.line, end);
      if (end - found.line > longestSeparator || separatorDate(line) === null) {
        from = found.line;
        continue;
      }
      this.#emit(parts, found.empty);
      this.#rest = this.#rest.subarray(end - found.empty);
      this.#inLine = false;
      parts.push({ is: 'separator', line });
      from = 0;
    }
    this.#emit(parts, isEnd ? endOfLetter(this.#rest) : this.#safeEnd());
    return parts;
  }

  /** The first line. Says whether it is known what the file is. */
  #begin(parts: MboxPart[], isEnd: boolean): boolean {
    const lineEnd = this.#rest.indexOf(LF);
    if (lineEnd === -1 && !isEnd && this.#rest.length <= longestSeparator) return false;
    if (this.#rest.length === 0 && isEnd) return false;
    const isSeparator = this.#rest.toString('latin1', 0, FROM.length) === FROM;
    const end = lineEnd === -1 ? this.#rest.length : lineEnd + 1;
    this.#stage = isSeparator && end <= longestSeparator ? 'letters' : 'no-mbox';
    if (this.#stage === 'letters') {
      parts.push({ is: 'separator', line: this.#lineAt(0, end) });
      this.#rest = this.#rest.subarray(end);
    }
    return true;
  }

  #lineAt(start: number, end: number): string {
    return this.#rest.toString('latin1', start, end).replace(/\r?\n$/, '');
  }

  /** The next line with `From ` after an empty one, and where that empty line begins. */
  #nextSeparator(from: number): { readonly line: number; readonly empty: number } | null {
    const bytes = this.#rest;
    for (let at = bytes.indexOf(`\n${FROM}`, from, 'latin1'); at !== -1;) {
      const empty = bytes[at - 1] === CR ? at - 1 : at;
      if (empty === 0 ? !this.#inLine : bytes[empty - 1] === LF) return { line: at + 1, empty };
      at = bytes.indexOf(`\n${FROM}`, at + 1, 'latin1');
    }
    return null;
  }

  /** As much as can be handed on whatever comes: whole lines, without an empty one at the end. */
  #safeEnd(): number {
    const bytes = this.#rest;
    const last = bytes.lastIndexOf(LF);
    const tail = bytes.length - last - 1;
    if (tail > longestLine) return bytes.at(-1) === CR ? bytes.length - 1 : bytes.length;
    if (last === -1) return 0;
    // An empty last line, and an unfinished one behind it, may belong to a separator.
    const begins = bytes[last - 1] === CR ? last - 1 : last;
    const isEmpty = begins === 0 ? !this.#inLine : bytes[begins - 1] === LF;
    return isEmpty ? begins : last + 1;
  }

  #emit(parts: MboxPart[], end: number): void {
    if (end > 0) {
      const bytes = turned(this.#rest.subarray(0, end), this.#inLine);
      this.#inLine = this.#rest[end - 1] !== LF;
      parts.push({ is: 'bytes', bytes });
    }
    this.#rest = this.#rest.subarray(end);
  }
}

/** Without the empty line that ends the last letter. */
function endOfLetter(bytes: Buffer): number {
  if (bytes.at(-1) !== LF) return bytes.length;
  const begins = bytes.at(-2) === CR ? bytes.length - 2 : bytes.length - 1;
  return begins === 0 || bytes[begins - 1] === LF ? begins : bytes.length;
}

function turned(bytes: Buffer, inLine: boolean): Buffer {
  const text = bytes.toString('latin1');
  const first = inLine ? text.indexOf('\n') + 1 : 0;
  const whole =
    inLine && first === 0 ? text : text.slice(0, first) + text.slice(first).replaceAll(QUOTED, '$1');
  return Buffer.from(whole.replaceAll(LINE_END, '\r\n'), 'latin1');
}

const QUOTED = /(?<![^\n])>(>*From )/g;
const LINE_END = /\r?\n/g;
