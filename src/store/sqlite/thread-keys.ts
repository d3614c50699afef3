import { hash } from 'node:crypto';
import type { Threading } from '../port.ts';

/** Bytes of one key. */
const THREAD_KEY_BYTES = 8;

/**
 * The keys under which a letter finds its thread: of each message identifier with the base subject (RFC 8621 section 3) the
 * first 8 bytes of their SHA-256. Made on the protocol thread. Of two letters in 2^32 of one account a chance match may
 * come, and the price is that they are shown together.
 */
export const threadKeys = (threading: Threading | undefined): Uint8Array => {
  const ids = new Set(threading?.messageIds);
  const keys = new Uint8Array(ids.size * THREAD_KEY_BYTES);
  let at = 0;
  for (const id of ids) {
    const digest = hash('sha256', `${threading?.baseSubject}\0${id}`, 'buffer');
    keys.set(digest.subarray(0, THREAD_KEY_BYTES), at);
    at += THREAD_KEY_BYTES;
  }
  return keys;
};

/** The keys as SQLite's integers. */
export const threadKeyIntegers = (keys: Uint8Array): readonly bigint[] => {
  const view = new DataView(keys.buffer, keys.byteOffset, keys.byteLength);
  const integers: bigint[] = [];
  for (let at = 0; at + THREAD_KEY_BYTES <= keys.length; at += THREAD_KEY_BYTES)
    integers.push(view.getBigInt64(at));
  return integers;
};
