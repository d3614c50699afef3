import { StoreFault } from '../fault.ts';
import type { BlobHash, LetterStore, NewLetter, Spool, SpoolId } from '../port.ts';
import { checkRange } from '../rules.ts';
import type { World } from './world.ts';

/** No piece is longer. */
const PIECE_BYTES = 256 * 1024;

type BlobVerbs = Pick<LetterStore, 'blob' | 'blobPieces' | 'spool'>;

/** The bytes of letters, each kept once. */
export const blobVerbs = (world: World): BlobVerbs => {
  const find: LetterStore['blob'] = (account, hash) => {
    const letters = [...(world.box(account)?.letters.values() ?? [])];
    const bytes = letters.some((letter) => letter.hash === hash) ? world.kept.blobs.get(hash) : undefined;
    return bytes === undefined ? null : new Uint8Array(bytes);
  };
  return {
    blob: find,
    blobPieces: async (account, hash, range) => {
      if (range !== undefined) checkRange(range);
      const bytes = await find(account, hash);
      return bytes === null ? null : piecesOf(bytes.subarray(range?.start ?? 0, range?.end ?? bytes.length));
    },
    spool: async () => makeSpool(world),
  };
};

/** The bytes in pieces. */
export async function* piecesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}

const makeSpool = (world: World): Spool => {
  const id = `${world.kept.nextSpool++}` as SpoolId;
  const spool = { chunks: [] as Uint8Array[], finished: false };
  world.kept.spools.set(id, spool);
  return {
    id,
    write: async (chunk) => {
      if (!world.kept.spools.has(id) || spool.finished) throw new StoreFault(`spool ${id} takes no more`);
      spool.chunks.push(new Uint8Array(chunk));
    },
    finish: async () => void (spool.finished = true),
    discard: async () => void world.kept.spools.delete(id),
    pieces: () => piecesOf(Buffer.concat(spool.chunks)),
  };
};

/**
 * The bytes of each of the letters that are to be kept. Throws the fault of a letter that contradicts itself, another of
 * them, or what is known.
 */
export const bytesOf = (world: World, letters: readonly NewLetter[]): readonly Uint8Array[] => {
  const lengths = new Map<BlobHash, number>();
  const spools = new Set<SpoolId>();
  return letters.map(({ hash, sizeBytes, chunks, spool }) => {
    if (spool !== undefined && spools.has(spool)) throw new StoreFault(`two letters in spool ${spool}`);
    if (spool !== undefined) spools.add(spool);
    const bytes = Buffer.concat(spool === undefined ? chunks : spooled(world, spool));
    if (bytes.length !== sizeBytes)
      throw new StoreFault(`a letter of ${sizeBytes} bytes came with ${bytes.length}`);
    const known = world.kept.blobs.get(hash)?.length ?? lengths.get(hash) ?? sizeBytes;
    if (known !== sizeBytes) throw new StoreFault(`two lengths for one SHA-256: ${hash}`);
    lengths.set(hash, sizeBytes);
    return bytes;
  });
};

const spooled = (world: World, id: SpoolId): readonly Uint8Array[] => {
  const spool = world.kept.spools.get(id);
  if (!spool?.finished) throw new StoreFault(`a letter in spool ${id}, which is gone or not finished`);
  return spool.chunks;
};

/** Keeps the bytes of a letter, and gives its spool up. */
export const keepBlob = (world: World, letter: NewLetter, bytes: Uint8Array): void => {
  if (letter.spool !== undefined) world.kept.spools.delete(letter.spool);
  if (!world.kept.blobs.has(letter.hash)) world.kept.blobs.set(letter.hash, bytes);
};

/** Lets go of the blobs that nothing refers to. */
export const forgetBlobs = (world: World): void => {
  const letters = [...world.kept.boxes.values()].flatMap((box) => [...box.letters.values()]);
  const used = new Set([...letters, ...world.kept.queue.values()].map(({ hash }) => hash));
  for (const hash of world.kept.blobs.keys()) if (!used.has(hash)) world.kept.blobs.delete(hash);
};
