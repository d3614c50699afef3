import { decodeUtf8 } from '../../bytes/buffer.ts';
import { LineReader } from '../../bytes/line-reader.ts';

/** A server's reply as it came (RFC 5321 section 4.2). */
export type ServerReply = {
  readonly code: number;
  /** `5.7.8` (RFC 2034 section 4); null where the server sends none. */
  readonly enhanced: string | null;
  /** What stands behind the code on each line, enhanced status code included. */
  readonly lines: readonly string[];
};

/** The next reply, `nothing` where it is not whole yet, or why this cannot be an SMTP server. */
export type ReplyRead =
  | { readonly got: 'reply'; readonly reply: ServerReply }
  | { readonly got: 'nothing' }
  | { readonly got: 'broken'; readonly why: string };

/** RFC 5321 section 4.5.3.1.5 says 512; servers with long texts are known, endless ones are not heard out. */
const longestLineBytes = 4096;
const mostLines = 512;
/** What a client keeps of one reply; the longest there are, to EHLO and HELP, have some hundred octets. */
const mostBytes = 65_536;

/** Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF */
const replyLine = /^([2-5][0-9][0-9])(?:([ -])(.*))?$/s;
const status = /^([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: |$)/;

/** Reads a server's replies out of chunks that are split anywhere. */
export class ReplyReader {
  readonly #reader = new LineReader();
  #code = 0;
  #lines: string[] = [];
  #sizeBytes = 0;

  push(chunk: Uint8Array): void {
    this.#reader.push(chunk);
  }

  /** Whether bytes are there that belong to no reply given out yet. */
  get hasUnread(): boolean {
    return this.#reader.heldBytes > 0 || this.#lines.length > 0;
  }

  next(): ReplyRead {
    for (;;) {
      const read = this.#reader.next(longestLineBytes, longestLineBytes);
      if (read.got === 'nothing') return { got: 'nothing' };
      if (read.got !== 'line') return { got: 'broken', why: `a reply line is malformed (${read.got})` };
      const text = decodeUtf8(read.line) ?? read.line.toString('latin1');
      const match = replyLine.exec(text);
      if (match === null) return { got: 'broken', why: 'a line does not begin with a reply code' };
      const code = Number(match[1]);
      if (this.#lines.length > 0 && code !== this.#code)
        return { got: 'broken', why: 'two codes in one reply' };
      this.#sizeBytes += read.line.length;
      if (this.#lines.length >= mostLines || this.#sizeBytes > mostBytes)
        return { got: 'broken', why: 'the reply does not end' };
      this.#code = code;
      this.#lines.push(match[3] ?? '');
      if (match[2] !== '-') return { got: 'reply', reply: this.#take() };
    }
  }

  #take(): ServerReply {
    const lines = this.#lines;
    this.#lines = [];
    this.#sizeBytes = 0;
    return { code: this.#code, enhanced: status.exec(lines[0] ?? '')?.[1] ?? null, lines };
  }
}
