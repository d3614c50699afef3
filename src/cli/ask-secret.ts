import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { Secret } from '../sasl/exchange.ts';

/** Ctrl-C was pressed where something was asked; the terminal is as it was before. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** Asks at the terminal for what opens a key, as `askAtTerminal` does. */
export const askSecret = (keyFile: string): Promise<Secret | null> =>
  askAtTerminal(`Pass phrase of ${keyFile}: `);

/**
 * Asks at the terminal with echo off; null where no person is there to answer, or gives no answer (Ctrl-D). Rejects with
 * `Interrupted` at Ctrl-C.
 */
export async function askAtTerminal(question: string): Promise<Secret | null> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return null;
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true, historySize: 0 });
  // Asked when the echo is off already, so that a quick answer is not shown.
  process.stderr.write(question);
  try {
    return await new Promise<Secret | null>((resolve, reject) => {
      lines.once('line', (line) => resolve(new Secret(line)));
      lines.once('SIGINT', () => reject(new Interrupted('interrupted')));
      lines.once('close', () => resolve(null));
    });
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}
