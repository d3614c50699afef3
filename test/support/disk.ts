import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** How a disk is made that fails when it is told to. */
export type Means = 'mounted' | 'limited';

/** A disk of its own under a folder, or what comes closest to one. */
export type Disk = {
  /** What is left of its room is used up by something else. */
  readonly fill: () => void;
  /** There is room again. */
  readonly makeRoom: () => void;
  /** Something in it is found to be wrong, and it lets nobody write any more. */
  readonly breakDown: () => void;
  /** Nobody may write from now on; nobody writes at that moment. */
  readonly writeProtect: () => void;
  /** Somebody has looked after it, which takes those who use it to have ended. */
  readonly repair: () => void;
};

const quietly = (program: string, ...words: readonly string[]): string =>
  execFileSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();

const MiB = 1024 * 1024;

/** An ext4 file system in a file, mounted on the folder: so a disk is full, and becomes read-only, as real ones do. */
class MountedDisk {
  readonly #folder: string;
  readonly #image: string;
  readonly #ballast: string;

  constructor(folder: string, image: string, sizeMiB: number) {
    this.#folder = folder;
    this.#image = image;
    this.#ballast = path.join(folder, 'ballast');
    fs.mkdirSync(folder, { recursive: true });
    fs.closeSync(fs.openSync(image, 'w'));
    fs.truncateSync(image, sizeMiB * MiB);
    // No block is kept back for root, who runs this.
    quietly('mkfs.ext4', '-q', '-m', '0', image);
    this.#mount();
    fs.rmdirSync(path.join(folder, 'lost+found'));
  }

  #mount(): void {
    quietly('mount', '-o', 'loop,errors=remount-ro', this.#image, this.#folder);
  }

  fill(): void {
    const handle = fs.openSync(this.#ballast, 'a');
    try {
      for (const bytes of [MiB, 4096, 1]) while (this.#takes(handle, Buffer.alloc(bytes)));
    } finally {
      fs.closeSync(handle);
    }
  }

  #takes(handle: number, bytes: Buffer): boolean {
    try {
      return fs.writeSync(handle, bytes) === bytes.length;
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC') return false;
      throw cause;
    }
  }

  makeRoom(): void {
    fs.rmSync(this.#ballast, { force: true });
  }

  breakDown(): void {
    const device = path.basename(quietly('findmnt', '-n', '-o', 'SOURCE', this.#folder));
    fs.writeFileSync(`/sys/fs/ext4/${device}/trigger_fs_error`, 'a test');
  }

  writeProtect(): void {
    quietly('mount', '-o', 'remount,ro', this.#folder);
  }

  repair(): void {
    quietly('umount', this.#folder);
    // 1: errors were corrected.
    quietly('sh', '-c', 'e2fsck -fy "$1" || test $? -le 1', 'sh', this.#image);
    this.#mount();
  }

  leave(): void {
    quietly('umount', '-l', this.#folder);
  }
}

/** Bounds how long files may grow that a process writes: what every user may do to a process of his own. */
class LimitedDisk {
  readonly #pid: () => number;

  constructor(pid: () => number) {
    this.#pid = pid;
  }

  fill(): void {
    quietly('prlimit', `--pid=${this.#pid()}`, '--fsize=1:unlimited');
  }

  makeRoom(): void {
    quietly('prlimit', `--pid=${this.#pid()}`, '--fsize=unlimited:unlimited');
  }

  breakDown(): void {
    this.fill();
  }

  writeProtect(): void {
    this.fill();
  }

  repair(): void {
    // The limit ends with the process.
  }
}

/** Why no disk can be mounted here; null where one can. */
export function whyNotMounted(): string | null {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'letterlock-disk.'));
  try {
    const disk = new MountedDisk(path.join(folder, 'disk'), path.join(folder, 'image'), 8);
    disk.breakDown();
    disk.leave();
    return null;
  } catch (cause) {
    return cause instanceof Error ? (cause.message.split('\n', 1)[0] ?? '') : String(cause);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Makes the folder a disk of that size by these means; `pid` is of the process that it is to fail for. */
export async function withDisk<Value>(
  means: Means,
  { folder, sizeMiB, pid }: { readonly folder: string; readonly sizeMiB: number; readonly pid: () => number },
  run: (disk: Disk) => Promise<Value>,
): Promise<Value> {
  if (means === 'limited') return run(new LimitedDisk(pid));
  const disk = new MountedDisk(folder, `${folder}.image`, sizeMiB);
  try {
    return await run(disk);
  } finally {
    disk.leave();
  }
}
