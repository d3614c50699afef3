import { createInterface, type Interface } from 'node:readline';
import { Writable, type Readable } from 'node:stream';
import { Secret } from '../../sasl/exchange.ts';
import { defused } from './defused.ts';

/** The person has gone: Ctrl-D, or the end of a file or pipe that is read instead of a terminal. */
export class InputEnded extends Error {
  override readonly name = 'InputEnded';
}

/** What a terminal is made of; `process.stdin`, `process.stdout` and `process.stderr` fit. */
export type TerminalParts = {
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly output: Writable & { readonly columns?: number };
  readonly errors: Writable;
  /** Ctrl-C was pressed; the terminal is as it was before. */
  readonly interrupted: () => void;
};

type Waiting = { readonly resolve: (line: string) => void; readonly reject: (error: Error) => void };

/**
 * A person at a terminal, or a script at the other end of a pipe: prints lines, asks for lines. What is typed while nobody
 * asks is kept for the next question. Nothing that is printed can act on the terminal, whoever wrote it.
 */
export class Terminal {
  readonly #parts: TerminalParts;
  readonly #isTty: boolean;
  readonly #screen: Screen;
  readonly #lines: Interface;
  readonly #typed: string[] = [];
  #waiting: Waiting | null = null;
  #ended = false;

  constructor(parts: TerminalParts) {
    this.#parts = parts;
    this.#isTty = parts.input.isTTY === true;
    this.#screen = new Screen(parts.output);
    this.#lines = createInterface({
      input: parts.input,
      output: this.#screen.stream,
      terminal: this.#isTty,
      // A history would offer passwords again.
      historySize: 0,
      crlfDelay: Infinity,
    });
    this.#lines.on('line', (line) => this.#take(line));
    this.#lines.on('close', () => this.#end());
    this.#lines.on('SIGINT', () => {
      this.close();
      parts.output.write('\n');
      parts.interrupted();
    });
  }

  /** Prints text, each of its lines on a line of its own. */
  print(text = ''): void {
    for (const line of text.split(/\r?\n/)) this.#parts.output.write(`${defused(line)}\n`);
  }

  /** Says what went wrong while the program goes on, in one line on the error stream. */
  complain(what: string): void {
    this.#parts.errors.write(`${defused(what)}\n`);
  }

  /** The next line. Rejects with `InputEnded`, or with what `until` resolves to where that comes first. */
  async ask(question: string, until: Promise<Error> | null = null): Promise<string> {
    this.#lines.setPrompt(defused(question));
    if (this.#ended) this.#parts.output.write(defused(question));
    else this.#lines.prompt();
    const line = await this.#next(until);
    if (!this.#isTty) this.print(line);
    return line;
  }

  /** The same with echo off. */
  async askSecret(question: string, until: Promise<Error> | null = null): Promise<Secret> {
    this.#lines.setPrompt('');
    this.#parts.output.write(defused(question));
    this.#screen.muted = true;
    try {
      return new Secret(await this.#next(until));
    } finally {
      this.#screen.muted = false;
      this.#parts.output.write('\n');
    }
  }

  /** Gives the terminal back as it was. */
  close(): void {
    this.#lines.close();
  }

  async #next(until: Promise<Error> | null): Promise<string> {
    const typed = this.#typed.shift();
    if (typed !== undefined) return typed;
    if (this.#ended) {
      this.#parts.output.write('\n');
      throw new InputEnded('the input has ended');
    }
    if (this.#waiting !== null) throw new Error('one question at a time');
    const waiting = Promise.withResolvers<string>();
    this.#waiting = waiting;
    void until?.then((error) => {
      if (this.#waiting !== waiting) return;
      this.#forgetTyping();
      this.#settle()?.reject(error);
    });
    return waiting.promise;
  }

  #settle(): Waiting | null {
    const waiting = this.#waiting;
    this.#waiting = null;
    return waiting;
  }

  #take(line: string): void {
    const waiting = this.#settle();
    if (waiting === null) this.#typed.push(line);
    else waiting.resolve(line);
  }

  #end(): void {
    this.#ended = true;
    const waiting = this.#settle();
    if (waiting === null) return;
    this.#parts.output.write('\n');
    waiting.reject(new InputEnded('the input has ended'));
  }

  /** What was typed so far answered a question that is gone; half a password must not turn up in the next one. */
  #forgetTyping(): void {
    if (this.#isTty) {
      this.#lines.write(null, { ctrl: true, name: 'e' });
      this.#lines.write(null, { ctrl: true, name: 'u' });
    }
    this.#parts.output.write('\n');
  }
}

/** Where the echo of what is typed goes: the terminal, or nowhere while a secret is typed. */
class Screen {
  muted = false;
  readonly stream: Writable;

  constructor(output: TerminalParts['output']) {
    this.stream = new Writable({
      decodeStrings: false,
      write: (chunk: string, _encoding, done) => {
        if (!this.muted) output.write(chunk);
        done();
      },
    });
    // The line editor asks how wide the terminal is.
    Object.defineProperty(this.stream, 'columns', { get: () => output.columns });
  }
}
