import { StoreFault } from '../fault.ts';
import type { LetterStore, NewLetter, Spool, SpoolId } from '../port.ts';
import { checkRange } from '../rules.ts';
import type { World } from './world.ts';

/** No piece is longer. */
const PIECE_BYTES = 256 * 1024;

type BlobVerbs = Pick<LetterStore, 'blob' | 'blobPieces' | 'served' | 'spool'>;

/** The bytes of letters. */
export const blobVerbs = (world: World): BlobVerbs => ({
  blob: (account, letter) => {
    const bytes = world.box(account)?.letters.get(letter)?.bytes;
    return bytes === undefined ? null : new Uint8Array(bytes);
  },
  blobPieces: (account, letter, range) => {
    if (range !== undefined) checkRange(range);
    const bytes = world.box(account)?.letters.get(letter)?.bytes;
    return bytes === undefined
      ? null
      : piecesOf(bytes.subarray(range?.start ?? 0, range?.end ?? bytes.length));
  },
  served: (account, letter) => {
    const found = world.box(account)?.letters.get(letter);
    if (found === undefined) return null;
    const { prefix, omitted, bytes } = found;
    return { prefix, omitted, bytes: bytes.length > PIECE_BYTES ? null : new Uint8Array(bytes) };
  },
  spool: async () => makeSpool(world),
});

/** The bytes in pieces. */
export async function* piecesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES)
    yield new Uint8Array(bytes.subarray(at, at + PIECE_BYTES));
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

/** The bytes of each of the letters that are to be kept. Throws the fault of one that contradicts itself. */
export const bytesOf = (world: World, letters: readonly NewLetter[]): readonly Uint8Array[] => {
  const spools = new Set<SpoolId>();
  return letters.map(({ sizeBytes, chunks, spool }) => {
    if (spool !== undefined && spools.has(spool)) throw new StoreFault(`two letters in spool ${spool}`);
    if (spool !== undefined) spools.add(spool);
    const bytes = Buffer.concat(spool === undefined ? chunks : spooled(world, spool));
    if (bytes.length !== sizeBytes)
      throw new StoreFault(`a letter of ${sizeBytes} bytes came with ${bytes.length}`);
    return bytes;
  });
};

const spooled = (world: World, id: SpoolId): readonly Uint8Array[] => {
  const spool = world.kept.spools.get(id);
  if (!spool?.finished) throw new StoreFault(`a letter in spool ${id}, which is gone or not finished`);
  return spool.chunks;
};

/** Gives the spools of letters up that are kept. */
export const giveSpoolsUp = (world: World, letters: readonly NewLetter[]): void => {
  for (const { spool } of letters) if (spool !== undefined) world.kept.spools.delete(spool);
};
