import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import type { Spool, SpoolId } from '../port.ts';

/** A letter on its way into a file of its own. */
export class SpoolFile implements Spool {
  readonly id: SpoolId;
  readonly #path: string;
  #handle: fs.promises.FileHandle | null;

  private constructor(id: SpoolId, path: string, handle: fs.promises.FileHandle) {
    this.id = id;
    this.#path = path;
    this.#handle = handle;
  }

  /** Begins a file under a name that tells whose it is. */
  static async open(pathOf: (id: SpoolId) => string): Promise<SpoolFile> {
    const id = `${process.pid}-${randomUUID()}` as SpoolId;
    const path = pathOf(id);
    return new SpoolFile(id, path, await fs.promises.open(path, 'wx', 0o600));
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.#handle === null) throw new Error('the spooled letter is finished');
    for (let at = 0; at < chunk.length;) {
      const { bytesWritten } = await this.#handle.write(chunk, at, chunk.length - at);
      at += bytesWritten;
    }
  }

  async finish(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    if (handle === null) return;
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  async discard(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close();
    await fs.promises.rm(this.#path, { force: true });
  }

  pieces(): AsyncIterable<Uint8Array> {
    return fs.createReadStream(this.#path, { highWaterMark: 256 * 1024 });
  }
}
