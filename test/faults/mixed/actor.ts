import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Attempt, MadeBackup, Order, Word } from './attempts.ts';

/** A process that works in the data folder. It has loaded its program and opens nothing before it is told to. */
export class Actor {
  readonly attempts: Attempt[] = [];
  readonly backups: MadeBackup[] = [];
  ports: Readonly<Record<string, number>> = {};
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #open = Promise.withResolvers<void>();
  #still = Promise.withResolvers<void>();
  #enough: { readonly writes: number; readonly reached: () => void } | null = null;
  #written = 0;
  #isKilled = false;

  /** Rejects with what went wrong where the process ends without being killed. */
  readonly failed: Promise<never>;

  constructor(program: string, args: readonly string[]) {
    const file = path.join(import.meta.dirname, program);
    this.#child = spawn(process.execPath, [file, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    const { stdout, stderr } = this.#child;
    assert.ok(stdout !== null && stderr !== null);
    let complaints = '';
    stderr.setEncoding('utf8').on('data', (chunk: string) => (complaints += chunk));
    const lines = createInterface({ input: stdout });
    const failure = Promise.withResolvers<never>();
    this.failed = failure.promise;
    this.failed.catch(() => undefined);
    lines.on('line', (line) => {
      // A server that does its work warns of nothing.
      if (line.startsWith('{"is"')) this.#hear(JSON.parse(line) as Word);
      else failure.reject(new Error(`${program}: ${line}`));
    });
    // What is written to a process that was killed reaches nobody.
    this.#child.stdin?.on('error', () => undefined);
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', (code) => {
        if (!this.#isKilled) failure.reject(new Error(`${program} ended with ${code}: ${complaints}`));
        resolve();
      });
    });
  }

  /** Opens the data folder. */
  async open(): Promise<void> {
    this.#tell({ order: 'open' });
    await Promise.race([this.#open.promise, this.failed, this.#ended]);
  }

  /** Works on and on; resolves when so many writes were answered. */
  async work(order: Omit<Extract<Order, { order: 'work' }>, 'order'>, writes: number): Promise<void> {
    this.#written = 0;
    const reached = new Promise<void>((resolve) => (this.#enough = { writes, reached: resolve }));
    this.#tell({ order: 'work', ...order });
    await Promise.race([reached, this.failed]);
  }

  /** Ends what is under way and begins nothing more. */
  async beStill(): Promise<void> {
    this.#still = Promise.withResolvers<void>();
    this.#tell({ order: 'be still' });
    await Promise.race([this.#still.promise, this.failed]);
  }

  /** Sends SIGKILL; resolves when all that the process has said was heard. */
  async kill(): Promise<void> {
    this.#isKilled = true;
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  #tell(order: Order): void {
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
  }

  #hear(word: Word): void {
    switch (word.is) {
      case 'open':
        this.ports = word.ports;
        return this.#open.resolve();
      case 'still':
        return this.#still.resolve();
      case 'begun':
        this.attempts[word.attempt] = {
          effects: word.effects,
          begunAt: word.at,
          doneAt: null,
          mailbox: null,
        };
        return undefined;
      case 'done': {
        const attempt = this.attempts[word.attempt];
        assert.ok(attempt !== undefined);
        attempt.doneAt = word.at;
        attempt.mailbox = word.mailbox;
        this.#written += 1;
        if (this.#enough !== null && this.#written >= this.#enough.writes) this.#enough.reached();
        return undefined;
      }
      case 'backup':
        this.backups.push(word.backup);
        return undefined;
    }
  }
}
