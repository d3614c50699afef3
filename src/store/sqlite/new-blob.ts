import type { BlobHash, SpoolId } from '../port.ts';

/** A blob on its way into the store. */
export type NewBlob = {
  readonly hash: BlobHash;
  readonly sizeBytes: number;
  readonly chunks: readonly Uint8Array[];
  /** How long the chunks are together where they are compressed; null where they are the blob. */
  readonly zstdBytes: number | null;
  /** The file that it lies in, instead of chunks. */
  readonly spool: SpoolId | null;
};
