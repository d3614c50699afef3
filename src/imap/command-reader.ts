import { foreignProtocol, mayBeForeign, openingBytes, type ForeignProtocol } from '../bytes/foreign.ts';
import { LineReader } from '../bytes/line-reader.ts';

/** A literal of a command, or the place where a letter stood that was handed on as it came. */
export type Literal = {
  /** Empty where it was handed on. */
  readonly octets: Buffer;
  /** Whether it was announced with `~`, and may have NULs (RFC 9051 section 4.3). */
  readonly isBinary: boolean;
};

/**
 * What came of a command: texts, an octet a character, with a literal between each two of them. The announcement of a
 * literal belongs to neither.
 */
export type Gathered = { readonly texts: readonly string[]; readonly literals: readonly Literal[] };

/** `{123}`, `{123+}`, `~{123}` at the end of a line. */
export type Announced = {
  readonly sizeBytes: number;
  readonly isBinary: boolean;
  /** Whether the client waits to be asked on (RFC 9051 section 4.3); else the octets come anyway (RFC 7888 section 3). */
  readonly waits: boolean;
};

export type CommandRead =
  | { readonly got: 'nothing' }
  | { readonly got: 'command'; readonly gathered: Gathered }
  /** A literal follows; `keep`, `stream`, `swallow` or `forget` says what is to become of it. */
  | { readonly got: 'announced'; readonly announced: Announced; readonly gathered: Gathered }
  /** Octets of a literal that is handed on: a view. Its last ones have `leftBytes` 0. */
  | { readonly got: 'octets'; readonly octets: Buffer; readonly leftBytes: number }
  /** A command that was refused came to its end. */
  | { readonly got: 'swallowed' }
  /** The command is too long, or what is swallowed of it: where it ends nobody knows. */
  | { readonly got: 'endless' }
  | { readonly got: 'bare-cr' | 'bare-lf' };

type Mode =
  | { readonly read: 'lines' }
  | { readonly read: 'keep' | 'stream' | 'swallow'; readonly leftBytes: number; readonly isBinary: boolean };

const lines: Mode = { read: 'lines' };
const nothing: CommandRead = { got: 'nothing' };
const noOctets = Buffer.alloc(0);

// literal  = "{" number64 ["+"] "}" CRLF *CHAR8      (RFC 9051 section 9)
// literal8 = "~{" number64 "}" CRLF *OCTET
/** A line that ends so announces a literal: neither an atom nor a quoted string can end so. */
const announcement = /(~?)\{(\d{1,20})(\+?)\}$/;

/**
 * Commands out of chunks that are split anywhere, with their literals (RFC 9051 section 2.2.1). Whoever reads says what
 * becomes of each literal before any of it is read, so that none is kept that is not wanted, and none is ever taken for
 * a command.
 */
export class CommandReader {
  readonly #lines = new LineReader();
  #texts: string[] = [];
  #literals: Literal[] = [];
  #gatheredBytes = 0;
  #mode: Mode = lines;
  /** Whether the command is refused, and what of it was swallowed. */
  #refused = false;
  #swallowedBytes = 0;

  push(chunk: Uint8Array): void {
    this.#lines.push(chunk);
  }

  /** How much memory is kept for what was not read yet. */
  get keptBytes(): number {
    return this.#lines.keptBytes;
  }

  /** How many bytes came and were not read yet. */
  get heldBytes(): number {
    return this.#lines.heldBytes;
  }

  /** How many octets of a command are kept so far. */
  get gatheredBytes(): number {
    return this.#gatheredBytes;
  }

  /** What another protocol would give itself away by, where a command is to begin. */
  get foreign(): ForeignProtocol | null {
    if (this.#mode !== lines || this.#gatheredBytes > 0 || !mayBeForeign(this.#lines.firstOctet)) return null;
    return foreignProtocol(this.#lines.peek(openingBytes));
  }

  /** A line that is no command: of an authentication, or the end of IDLE. */
  line(maxBytes: number): ReturnType<LineReader['next']> {
    return this.#lines.next(maxBytes, maxBytes);
  }

  /** Everything that came and was not read, for somebody who reads it otherwise. */
  takeRest(): Buffer {
    return this.#lines.takeRest();
  }

  /** Reads on; a command has at most `commandBytes`, and at most `discardedBytes` are swallowed of a refused one. */
  next(commandBytes: number, discardedBytes: number): CommandRead {
    for (;;) {
      const read = this.#step(commandBytes, discardedBytes);
      if (read !== null) return read;
    }
  }

  /** null where a literal came to its end, and the text behind it is next. */
  #step(commandBytes: number, discardedBytes: number): CommandRead | null {
    const mode = this.#mode;
    switch (mode.read) {
      case 'lines':
        return this.#line(commandBytes);
      case 'keep':
        return this.#keep(mode.leftBytes, mode.isBinary);
      case 'stream':
        return this.#stream(mode.leftBytes, mode.isBinary);
      case 'swallow':
        return this.#swallow(mode.leftBytes, discardedBytes);
    }
  }

  /** Keeps the literal that was announced, as a part of the command. */
  keep({ sizeBytes, isBinary }: Announced): void {
    this.#gatheredBytes += sizeBytes;
    this.#mode = { read: 'keep', leftBytes: sizeBytes, isBinary };
  }

  /** Hands the literal on in pieces. */
  stream({ sizeBytes, isBinary }: Announced): void {
    this.#mode = { read: 'stream', leftBytes: sizeBytes, isBinary };
  }

  /** Refuses the command: the literal is thrown away, and what follows it up to the command's end. */
  swallow({ sizeBytes, isBinary }: Announced): void {
    this.#refuse();
    this.#mode = { read: 'swallow', leftBytes: sizeBytes, isBinary };
  }

  /** Refuses a command whose literal does not come, because the client waits: it is over. */
  forget(): void {
    this.#begin();
  }

  #refuse(): void {
    this.#texts = [];
    this.#literals = [];
    this.#gatheredBytes = 0;
    this.#refused = true;
  }

  #begin(): Gathered {
    const gathered = { texts: this.#texts, literals: this.#literals };
    this.#texts = [];
    this.#literals = [];
    this.#gatheredBytes = 0;
    this.#mode = lines;
    this.#refused = false;
    this.#swallowedBytes = 0;
    return gathered;
  }

  #line(commandBytes: number): CommandRead | null {
    const room = this.#refused ? commandBytes : Math.max(2, commandBytes - this.#gatheredBytes);
    const read = this.#lines.next(room, room);
    if (read.got === 'nothing') return nothing;
    // The end of a line that is too long could announce a literal, and was not seen.
    if (read.got === 'too-long' || read.got === 'endless') return { got: 'endless' };
    if (read.got !== 'line') return read;
    const text = read.line.toString('latin1');
    const match = announcement.exec(text);
    if (this.#refused) return this.#refusedLine(text, match);
    this.#gatheredBytes += text.length + 2;
    if (match === null) {
      this.#texts.push(text);
      return { got: 'command', gathered: this.#begin() };
    }
    this.#texts.push(text.slice(0, match.index));
    const gathered = { texts: this.#texts, literals: this.#literals };
    return { got: 'announced', announced: announcedBy(match), gathered };
  }

  #refusedLine(text: string, match: RegExpExecArray | null): CommandRead | null {
    this.#swallowedBytes += text.length + 2;
    const announced = match === null ? null : announcedBy(match);
    if (announced === null || announced.waits) {
      this.#begin();
      return { got: 'swallowed' };
    }
    this.#mode = { read: 'swallow', leftBytes: announced.sizeBytes, isBinary: false };
    return null;
  }

  #keep(leftBytes: number, isBinary: boolean): CommandRead | null {
    if (this.#lines.heldBytes < leftBytes) return nothing;
    // A copy: what is kept must not keep a whole chunk alive.
    this.#literals.push({ octets: Buffer.from(this.#lines.take(leftBytes)), isBinary });
    this.#mode = lines;
    return null;
  }

  #stream(leftBytes: number, isBinary: boolean): CommandRead {
    const octets = this.#lines.take(leftBytes);
    if (octets.length === 0 && leftBytes > 0) return nothing;
    const left = leftBytes - octets.length;
    if (left === 0) {
      this.#literals.push({ octets: noOctets, isBinary });
      this.#mode = lines;
    } else this.#mode = { read: 'stream', leftBytes: left, isBinary };
    return { got: 'octets', octets, leftBytes: left };
  }

  #swallow(leftBytes: number, discardedBytes: number): CommandRead | null {
    if (this.#swallowedBytes + leftBytes > discardedBytes) return { got: 'endless' };
    const { length } = this.#lines.take(leftBytes);
    this.#swallowedBytes += length;
    const left = leftBytes - length;
    this.#mode = left === 0 ? lines : { read: 'swallow', leftBytes: left, isBinary: false };
    return left === 0 ? null : nothing;
  }
}

const announcedBy = ([, tilde, digits, plus]: RegExpExecArray): Announced => ({
  sizeBytes: Number(digits),
  isBinary: tilde !== '',
  waits: plus === '',
});
