import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ensureDevelopmentCertificates, explainAuthorityRefusal } from '../../src/net/tls/authority.ts';

/** A certificate for localhost, its key and its authority, as paths of PEM files in the folder. */
export type Certificates = { readonly certificate: string; readonly key: string; readonly authority: string };

/** Makes them: as everybody's are made, keys on P-256. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const made = await ensureDevelopmentCertificates(join(folder, 'tls'), { host: 'localhost' });
  if (!made.ok) throw new Error(explainAuthorityRefusal(made.refusal));
  return { ...made.value.server, authority: made.value.authority };
}

/** A process that runs a file of this folder and answers every message with one. */
export class Child {
  readonly #process: ChildProcess;

  /** The arguments are its command line. */
  constructor(file: string, args: readonly string[]) {
    this.#process = fork(join(import.meta.dirname, file), args, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
  }

  get pid(): number {
    const { pid } = this.#process;
    if (pid === undefined) throw new Error('a process could not be started');
    return pid;
  }

  /** The next message; rejects where the process ends without it. */
  async hears(): Promise<unknown> {
    const over = new AbortController();
    const { signal } = over;
    try {
      return await Promise.race([
        once(this.#process, 'message', { signal }).then(([message]: unknown[]) => message),
        once(this.#process, 'exit', { signal }).then(([status, by]: unknown[]) => {
          throw new Error(`a process ended with ${String(by ?? status)} before it answered`);
        }),
      ]);
    } finally {
      over.abort();
    }
  }

  /** Sends a message and gives the answer. */
  ask(message: object | string): Promise<unknown> {
    const answer = this.hears();
    this.#process.send(message);
    return answer;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const over = once(this.#process, 'exit');
    this.#process.kill();
    await over;
  }
}
