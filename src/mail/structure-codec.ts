import type { Envelope } from './envelope.ts';
import type { MimePart } from './structure.ts';

/** What is stored beside a letter in one piece. */
export type StoredStructure = { readonly structure: MimePart; readonly envelope: Envelope };

/** The form's number stands first, so that a later form can be told from this one. */
const VERSION = 1;

/** Writes structure and envelope for `decodeStructure`, the version in the first octet. */
export const encodeStructure = ({ structure, envelope }: StoredStructure): Uint8Array<ArrayBuffer> =>
  Uint8Array.from([VERSION, ...Buffer.from(JSON.stringify([structure, envelope]))]);

/** Reads what `encodeStructure` wrote; null where it is of another version, and has to be computed anew. */
export const decodeStructure = (bytes: Uint8Array): StoredStructure | null => {
  if (bytes[0] !== VERSION) return null;
  const [structure, envelope] = JSON.parse(Buffer.from(bytes.subarray(1)).toString()) as [MimePart, Envelope];
  return { structure, envelope };
};
