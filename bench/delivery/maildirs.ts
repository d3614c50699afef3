import { mkdirSync, readdirSync } from 'node:fs';
import { open, rename, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { recipients } from './people.ts';

/** Letters in the Maildirs of a folder, one folder for each person. */
export function countMaildirs(folder: string): number {
  let count = 0;
  // A server that makes a Maildir with its first letter has not made all of them yet.
  for (const person of readdirSync(folder)) {
    const place = join(folder, person);
    if (readdirSync(place).includes('new')) count += readdirSync(join(place, 'new')).length;
  }
  return count;
}

/**
 * Maildirs that a letter is kept in durably by somebody who brings no store: written to a file of its own, the file
 * synced, named, and the folder of its name synced. The folders stay open, so that a sync of one is nothing else.
 */
export class SyncedMaildirs {
  readonly #folder: string;
  readonly #named: ReadonlyMap<string, FileHandle>;
  #serial = 0;

  private constructor(folder: string, named: ReadonlyMap<string, FileHandle>) {
    this.#folder = folder;
    this.#named = named;
  }

  /** Makes the folders of all recipients. */
  static async open(folder: string): Promise<SyncedMaildirs> {
    const named = new Map<string, FileHandle>();
    for (const person of recipients) {
      for (const part of ['tmp', 'new', 'cur']) mkdirSync(join(folder, person, part), { recursive: true });
      named.set(person, await open(join(folder, person, 'new')));
    }
    return new SyncedMaildirs(folder, named);
  }

  knows(person: string): boolean {
    return this.#named.has(person);
  }

  /** Resolves when the letter is on disk, under its name. */
  async keep(person: string, letter: readonly Buffer[]): Promise<void> {
    const named = this.#named.get(person);
    if (named === undefined) throw new Error(`there is no mailbox ${person}`);
    this.#serial += 1;
    const name = `${Date.now()}.P${process.pid}Q${this.#serial}.localhost`;
    const unnamed = join(this.#folder, person, 'tmp', name);
    const file = await open(unnamed, 'wx', 0o600);
    try {
      const { bytesWritten } = await file.writev(letter);
      if (bytesWritten !== letter.reduce((sum, piece) => sum + piece.length, 0))
        throw new Error('the disk took a part of a letter');
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unnamed, join(this.#folder, person, 'new', name));
    await named.sync();
  }
}
