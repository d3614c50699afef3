import { createInterface } from 'node:readline';
import { HouseRefused } from '../app/house.ts';
import { Interrupted } from './ask-secret.ts';

/**
 * Has a person at the terminal write the word that stands for yes. Throws `HouseRefused` for any other answer, and where
 * nobody is there; rejects with `Interrupted` at Ctrl-C.
 */
export async function askForWord(question: string, word: string): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new HouseRefused('nobody is at the terminal to be asked; --yes goes on without a question');
  const lines = createInterface({
    input: process.stdin,
    output: process.stderr,
    terminal: true,
    historySize: 0,
  });
  try {
    const answer = await new Promise<string>((resolve, reject) => {
      lines.once('SIGINT', () => reject(new Interrupted('interrupted')));
      lines.once('close', () => resolve(''));
      lines.question(`${question} Write ${word} to go on: `, resolve);
    });
    if (answer.trim() !== word) throw new HouseRefused('nothing was changed');
  } finally {
    lines.close();
  }
}
