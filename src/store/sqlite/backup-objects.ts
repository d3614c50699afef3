import { createHash, randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { StoreFault } from '../fault.ts';
import { isSha256 } from '../rules.ts';
import type { Pieced } from './backup-manifest.ts';
import { syncFolder } from './synced-folder.ts';

/** As much is held in memory. */
const PIECE_BYTES = 1024 * 1024;

/** How a file is cut: into pieces of one length, up to so many bytes of it. */
type Cut = { readonly pieceBytes: number; readonly bytes: number };

/** Makes a folder that only this user can enter, and its parents. */
export const makePrivateFolder = (folder: string): void => {
  if (fs.existsSync(folder)) return;
  makePrivateFolder(path.dirname(folder));
  fs.mkdirSync(folder, { mode: 0o700 });
  syncFolder(path.dirname(folder));
};

/** Writes a new file piece by piece and syncs it; gives the SHA-256 of what was written. */
const writeSynced = (file: string, pieces: Iterable<Uint8Array>, mode = 0o600): string => {
  const handle = fs.openSync(file, 'wx', mode);
  const digest = createHash('sha256');
  try {
    for (const piece of pieces) {
      digest.update(piece);
      for (let at = 0; at < piece.length;) at += fs.writeSync(handle, piece, at, piece.length - at);
    }
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
  return digest.digest('hex');
};

/** The bytes of a file, a piece at a time; each piece is good until the next one is asked for. */
function* piecesOf(file: string): Generator<Uint8Array> {
  const handle = fs.openSync(file, 'r');
  try {
    yield* piecesOfOpen(handle, { pieceBytes: PIECE_BYTES, bytes: Infinity });
  } finally {
    fs.closeSync(handle);
  }
}

/** The same for the first `bytes` of a file that is open. */
function* piecesOfOpen(handle: number, { pieceBytes, bytes }: Cut): Generator<Uint8Array> {
  const piece = Buffer.allocUnsafe(pieceBytes);
  for (let done = 0; done < bytes;) {
    const most = Math.min(pieceBytes, bytes - done);
    let length = 0;
    for (let read = -1; read !== 0 && length < most; length += read)
      read = fs.readSync(handle, piece, length, most - length, done + length);
    if (length > 0) yield piece.subarray(0, length);
    if (length < most) return;
    done += length;
  }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return cause instanceof Error && 'code' in cause && cause.code === 'EPERM';
  }
};

/**
 * What backups are made of: files that are named by the SHA-256 of their bytes and never change, and one manifest for
 * each backup. Everything is written under another name, synced, and named only then, so a process that ends in the
 * middle leaves nothing that looks like part of a backup.
 */
export class BackupObjects {
  readonly #objects: string;
  readonly #manifests: string;
  readonly #drafts: string;
  /** How many bytes were written that were not there before. */
  written = 0;

  constructor(target: string) {
    this.#objects = path.join(target, 'objects');
    this.#manifests = path.join(target, 'backups');
    this.#drafts = path.join(target, 'drafts');
  }

  /** Makes the folders, and removes what dead processes have left unfinished. */
  prepare(): void {
    for (const folder of [this.#objects, this.#manifests, this.#drafts]) makePrivateFolder(folder);
    for (const name of fs.readdirSync(this.#drafts)) {
      const pid = /^(\d+)-/.exec(name)?.[1];
      if (pid !== undefined && !isAlive(Number(pid)))
        fs.rmSync(path.join(this.#drafts, name), { force: true });
    }
  }

  /** A name for something unfinished. */
  draft(): string {
    return path.join(this.#drafts, `${process.pid}-${randomUUID()}`);
  }

  #path(sha256: string): string {
    if (!isSha256(sha256)) throw new StoreFault('something was asked of a backup that is no SHA-256');
    return path.join(this.#objects, sha256.slice(0, 2), sha256);
  }

  /** Whether there are bytes of that name and length. */
  has(sha256: string, sizeBytes: number): boolean {
    return fs.statSync(this.#path(sha256), { throwIfNoEntry: false })?.size === sizeBytes;
  }

  /** Keeps these bytes, unless they are here; gives their name. */
  keep(bytes: Uint8Array): string {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    if (!this.has(sha256, bytes.length)) this.#write([bytes], sha256);
    return sha256;
  }

  /** The same for a file whose name and length are known; throws where its bytes are others. */
  keepFile(file: string, sha256: string, sizeBytes: number): void {
    if (!this.has(sha256, sizeBytes)) this.#write(piecesOf(file), sha256);
  }

  /** Keeps the first `bytes` of an open file in pieces of one length. */
  keepPieces(handle: number, cut: Cut): Pieced {
    const pieces: string[] = [];
    const whole = createHash('sha256');
    let sizeBytes = 0;
    for (const piece of piecesOfOpen(handle, cut)) {
      pieces.push(this.keep(piece));
      whole.update(piece);
      sizeBytes += piece.length;
    }
    return { sha256: whole.digest('hex'), sizeBytes, pieces };
  }

  #write(pieces: Iterable<Uint8Array>, sha256: string): void {
    const draft = this.draft();
    try {
      const found = writeSynced(draft, pieces);
      if (found !== sha256)
        throw new StoreFault(`the bytes of ${sha256} are others: the data folder is damaged`);
      const target = this.#path(sha256);
      makePrivateFolder(path.dirname(target));
      this.written += fs.statSync(draft).size;
      fs.renameSync(draft, target);
      syncFolder(path.dirname(target));
    } finally {
      fs.rmSync(draft, { force: true });
    }
  }

  /** Copies bytes of that name into a new file; throws where they are missing or others. */
  copyOut(sha256: string, file: string, mode = 0o600): void {
    if (writeSynced(file, this.read(sha256), mode) !== sha256)
      throw new StoreFault(`the backup is damaged: ${this.#path(sha256)} has other bytes than its name says`);
  }

  /** Puts a file together from its pieces. Throws where one is missing or other than its name says, and says which. */
  copyOutPieces(pieced: Pieced, file: string): void {
    if (writeSynced(file, this.#bytesOf(pieced)) !== pieced.sha256)
      throw new StoreFault('the backup is damaged: its pieces are not those of one file');
  }

  *#bytesOf({ pieces }: Pieced): Generator<Uint8Array> {
    for (const sha256 of pieces) {
      const digest = createHash('sha256');
      for (const bytes of this.read(sha256)) {
        digest.update(bytes);
        yield bytes;
      }
      if (digest.digest('hex') !== sha256)
        throw new StoreFault(
          `the backup is damaged: its object ${sha256} has other bytes than its name says`,
        );
    }
  }

  /** The bytes of that name, a piece at a time. Nothing is compared yet. */
  read(sha256: string): Generator<Uint8Array> {
    const file = this.#path(sha256);
    if (!fs.existsSync(file)) throw new StoreFault(`the backup is damaged: ${file} is missing`);
    return piecesOf(file);
  }

  /** Names a backup; from then on it is one. */
  name(manifest: string, text: string): void {
    const draft = this.draft();
    try {
      writeSynced(draft, [Buffer.from(text)]);
      // Linked and not renamed: a manifest that is there is never written over.
      fs.linkSync(draft, path.join(this.#manifests, manifest));
      syncFolder(this.#manifests);
    } finally {
      fs.rmSync(draft, { force: true });
    }
  }

  /** The names of the manifests, oldest first. */
  manifests(): readonly string[] {
    if (!fs.existsSync(this.#manifests)) return [];
    return fs
      .readdirSync(this.#manifests)
      .filter((name) => name.endsWith('.json'))
      .sort();
  }

  manifest(name: string): string {
    return fs.readFileSync(path.join(this.#manifests, name), 'utf8');
  }
}
