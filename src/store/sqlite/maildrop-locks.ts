import fs from 'node:fs';
import path from 'node:path';
import type { AccountId, MaildropLock } from '../port.ts';
import { StoreFault } from '../fault.ts';
import { ok, refused, type Result } from '../../result.ts';
import { HeldFile } from './held-file.ts';
import { makeFolder } from './synced-folder.ts';

/** The maildrops that sessions of this thread have for themselves, a file for each account that ever asked for it. */
export class MaildropLocks {
  readonly #folder: string;
  readonly #held = new Set<HeldFile>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  take(account: AccountId): Result<MaildropLock, 'locked'> {
    if (!fs.existsSync(this.#folder)) makeFolder(this.#folder);
    const file = path.join(this.#folder, `${account}.lock`);
    const held = this.#take(file, account);
    if (held === null) return refused('locked');
    this.#held.add(held);
    return ok({ release: () => this.#release(held) });
  }

  #take(file: string, account: AccountId): HeldFile | null {
    try {
      return HeldFile.take(file);
    } catch (cause) {
      throw new StoreFault(`the maildrop of account ${account} could not be locked`, { cause });
    }
  }

  releaseAll(): void {
    for (const held of this.#held) this.#release(held);
  }

  #release(held: HeldFile): void {
    if (this.#held.delete(held)) held.release();
  }
}
