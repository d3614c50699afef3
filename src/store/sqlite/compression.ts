import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { StoreFault } from '../fault.ts';

/** How letters that come in from now on are kept. What is there stays as it is, and is read whatever is set. */
export type Compression = 'none' | 'zstd';

/** A shorter letter is kept as it is: the pages that it lies in would hardly be fewer. */
const MIN_BYTES = 1024;
/** A longer one is kept as it is, so that a piece of it can be read without the rest. */
const MAX_BYTES = 1024 * 1024;
/** A letter that does not come below this share of its length is kept as it is. */
const MAX_SHARE = 0.9;

/** The letter in one zstd frame (RFC 8878), or null where it is to be kept as it is. */
export const compress = (chunks: readonly Uint8Array[], sizeBytes: number): Uint8Array | null => {
  if (sizeBytes < MIN_BYTES || sizeBytes > MAX_BYTES) return null;
  const frame = zstdCompressSync(Buffer.concat(chunks, sizeBytes), {
    params: { [constants.ZSTD_c_compressionLevel]: 3 },
  });
  return frame.length <= sizeBytes * MAX_SHARE ? frame : null;
};

/** The bytes that were compressed. Throws where they do not come to `sizeBytes`. */
export const decompress = (frame: Uint8Array, sizeBytes: number): Uint8Array => {
  let bytes: Uint8Array;
  try {
    bytes = zstdDecompressSync(frame, { maxOutputLength: Math.max(1, sizeBytes) });
  } catch (cause) {
    throw new StoreFault('a compressed letter is damaged', { cause });
  }
  if (bytes.length !== sizeBytes)
    throw new StoreFault(`a compressed letter has ${bytes.length} bytes and not ${sizeBytes}`);
  return bytes;
};
