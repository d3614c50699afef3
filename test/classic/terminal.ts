import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { spawn, type IPty } from '@lydell/node-pty';

/** How long a program may take for what is expected of it; long, because machines that run tests are busy. */
const patienceMs = 30_000;

/** The program, to be run by this Node. */
export const main = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');

type Expectation = { readonly look: () => boolean; readonly fail: (why: string) => void };

/** A program of Letterlock at a pseudo-terminal, with a person who reads the screen and types. */
export class AtTerminal {
  readonly #name: string;
  readonly #pty: IPty;
  #raw = '';
  /** How much of the screen was read already. */
  #read = 0;
  #status: number | null = null;
  #expectation: Expectation | null = null;

  /** Starts `letterlock` with these arguments. */
  constructor(args: readonly string[]) {
    this.#name = args[0] ?? 'letterlock';
    this.#pty = spawn(process.execPath, [main, ...args], {
      cols: 200,
      rows: 50,
    });
    this.#pty.onData((text) => {
      this.#raw += text;
      this.#look();
    });
    this.#pty.onExit(({ exitCode, signal }) => {
      this.#status = signal === undefined || signal === 0 ? exitCode : 128 + signal;
      this.#look();
    });
  }

  /** Everything that was on the screen, without cursor movements. */
  get screen(): string {
    return stripVTControlCharacters(this.#raw).replaceAll('\r', '');
  }

  /** Waits until the text, or what the pattern matches, stands behind what was read last; gives the match. */
  async sees(expected: string | RegExp): Promise<RegExpExecArray> {
    const pattern = typeof expected === 'string' ? new RegExp(RegExp.escape(expected)) : expected;
    let match: RegExpExecArray | null = null;
    await this.#until(`to see ${pattern.source}`, () => {
      match = pattern.exec(this.screen.slice(this.#read));
      if (match === null) return false;
      this.#read += match.index + match[0].length;
      return true;
    });
    if (match === null) throw new Error('seen, and no match');
    return match;
  }

  /** Waits for the program's end; gives its exit status, 128 and more where a signal ended it. */
  async ends(): Promise<number> {
    await this.#until('to end', () => this.#status !== null);
    return this.#status ?? -1;
  }

  /** Types a line. */
  types(line: string): void {
    this.#pty.write(`${line}\r`);
  }

  /** Types keys that are no line: control characters. */
  presses(keys: string): void {
    this.#pty.write(keys);
  }

  /** Waits for a question, then answers it. */
  async answers(question: string | RegExp, answer: string): Promise<void> {
    await this.sees(question);
    this.types(answer);
  }

  /** Ends the program if it still runs. */
  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.#status !== null) return;
    this.#pty.kill(signal);
    await this.ends();
  }

  #look(): void {
    const expectation = this.#expectation;
    if (expectation === null) return;
    if (expectation.look()) this.#expectation = null;
    else if (this.#status !== null) expectation.fail(`it has ended with status ${this.#status}`);
  }

  #until(what: string, holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (outcome: () => void): void => {
        clearTimeout(timer);
        this.#expectation = null;
        outcome();
      };
      const fail = (why: string): void =>
        done(() =>
          reject(
            new Error(
              `${this.#name} was expected ${what}; ${why}. Its screen:\n${this.screen}\n(end of the screen)`,
            ),
          ),
        );
      const timer = setTimeout(() => fail(`nothing of the kind came in ${patienceMs} ms`), patienceMs);
      this.#expectation = {
        look: () => {
          if (!holds()) return false;
          done(resolve);
          return true;
        },
        fail,
      };
      this.#look();
    });
  }
}
