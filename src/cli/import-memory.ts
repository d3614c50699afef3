import fs from 'node:fs';
import path from 'node:path';
import { HouseRefused } from '../app/house.ts';
import { makeFolder, syncFolder } from '../store/sqlite/synced-folder.ts';
import { HeldFile } from '../store/sqlite/held-file.ts';
import type { AccountId, BlobHash, MailboxId, Uid } from '../store/port.ts';

/** A letter of a source: its SHA-256, and which one of those with the same bytes it is, from 0. */
export type SourceName = `${BlobHash}:${number}`;

type Group = { readonly uidNext: Uid; readonly letters: readonly SourceName[] };

const isGroup = (value: unknown): value is Group =>
  typeof value === 'object' &&
  value !== null &&
  'uidNext' in value &&
  typeof value.uidNext === 'number' &&
  'letters' in value &&
  Array.isArray(value.letters) &&
  value.letters.every((name) => typeof name === 'string' && /^[0-9a-f]{64}:\d+$/.test(name));

/**
 * What was imported into a mailbox, in a file of the data folder with a line for each group of letters: first what is about
 * to be delivered, synced before it is, then whether it was. A group is one transaction of the store, so after a crash one look
 * into the mailbox tells of all its letters.
 */
export class ImportMemory {
  readonly #file: string;
  readonly #known = new Set<SourceName>();
  readonly #held: HeldFile;
  readonly #handle: number;
  #open: Group | null = null;

  /** Throws `HouseRefused` where another import into the mailbox is under way. */
  constructor(data: string, account: AccountId, mailbox: MailboxId) {
    const folder = path.join(data, 'imports');
    makeFolder(folder);
    this.#file = path.join(folder, `${account}-${mailbox}`);
    const held = HeldFile.take(`${this.#file}.lock`);
    if (held === null) throw new HouseRefused('another import into this mailbox is under way');
    this.#held = held;
    this.#handle = fs.openSync(this.#file, 'a+', 0o600);
    // What is noted is of no use where a power failure takes the name of the file.
    syncFolder(folder);
    this.#read();
  }

  /** Reads what is there; a line that a crash cut short was about nothing that was delivered, and is cut off. */
  #read(): void {
    const text = fs.readFileSync(this.#handle, 'utf8');
    const end = text.lastIndexOf('\n') + 1;
    if (end < text.length) fs.ftruncateSync(this.#handle, Buffer.byteLength(text.slice(0, end)));
    for (const line of text.slice(0, end).split('\n')) {
      if (line === 'done') this.#settle('done');
      else if (line === 'undone') this.#settle('undone');
      else if (line !== '') {
        const group: unknown = JSON.parse(line);
        if (!isGroup(group)) throw new HouseRefused(`${this.#file} is damaged; --anew begins without it`);
        this.#open = group;
      }
    }
  }

  #settle(outcome: 'done' | 'undone'): void {
    if (outcome === 'done') for (const name of this.#open?.letters ?? []) this.#known.add(name);
    this.#open = null;
  }

  /** The group of which nobody knows whether it was delivered; null where there is none. */
  get unsettled(): Group | null {
    return this.#open;
  }

  has(name: SourceName): boolean {
    return this.#known.has(name);
  }

  /** Before the letters are delivered. */
  begin(group: Group): void {
    this.#open = group;
    fs.appendFileSync(this.#handle, `${JSON.stringify(group)}\n`);
    fs.fsyncSync(this.#handle);
  }

  /** After they were, or were refused. */
  settle(outcome: 'done' | 'undone'): void {
    fs.appendFileSync(this.#handle, `${outcome}\n`);
    this.#settle(outcome);
  }

  /** Forgets everything: the letters of a source come once more. */
  forget(): void {
    fs.ftruncateSync(this.#handle, 0);
    this.#known.clear();
    this.#open = null;
  }

  close(): void {
    fs.closeSync(this.#handle);
    this.#held.release();
  }
}

/** Gives letters their names: those with the same bytes are counted. */
export class SourceNames {
  readonly #counts = new Map<BlobHash, number>();

  next(hash: BlobHash): SourceName {
    const count = this.#counts.get(hash) ?? 0;
    this.#counts.set(hash, count + 1);
    return `${hash}:${count}`;
  }
}
