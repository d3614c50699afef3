const alphabet = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * Strict base64 (RFC 4648 section 4): padded, nothing outside the alphabet, no bits left over; null otherwise. Node's
 * own decoder takes anything, which would let two spellings of one credential differ.
 */
export function parseBase64(text: string): Buffer | null {
  if (text.length % 4 !== 0 || !alphabet.test(text)) return null;
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : null;
}

/** The bytes in base64 (RFC 4648 section 4), padded. */
export function formatBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
