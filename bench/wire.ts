import { Duplex } from 'node:stream';

/** What is said to a server under measurement: bytes, and how many replies they have. */
export type Say = (chunk: Buffer, replies: number) => void | Promise<void>;

const LF = 10;
const SPACE = 32;
const FOUR = 52;

/**
 * A connection in memory, for servers that want a socket: what is said is there for the server to read, and its replies
 * are counted and thrown away.
 */
export class Wire extends Duplex {
  readonly remoteAddress = '127.0.0.1';
  readonly remotePort = 65_535;
  readonly localAddress = '127.0.0.1';
  readonly localPort = 25;
  readonly readyState = 'open';
  #owed = 0;
  #answered: (() => void) | null = null;
  #refusal: string | null = null;

  /** Part of a socket that servers call; nothing is ever late here. */
  setTimeout(): this {
    return this;
  }

  /** What the server says unasked: its greeting. */
  greeted(): Promise<void> {
    return this.#replies(1);
  }

  readonly say = (chunk: Buffer, replies: number): Promise<void> => {
    const answered = this.#replies(replies);
    this.push(chunk);
    return answered;
  };

  override _read(): void {
    // What there is was pushed.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    for (let from = 0, lf = 0; lf >= 0; from = lf + 1) {
      if (chunk[from + 3] === SPACE) this.#owed -= 1;
      if ((chunk[from] ?? 0) >= FOUR) this.#refusal = chunk.toString();
      lf = chunk.indexOf(LF, from);
    }
    if (this.#owed <= 0) {
      this.#answered?.();
      this.#answered = null;
    }
    done();
  }

  async #replies(count: number): Promise<void> {
    this.#owed += count;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#answered = resolve;
    await promise;
    if (this.#refusal !== null) throw new Error(`the server under measurement said ${this.#refusal}`);
  }
}
