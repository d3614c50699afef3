/** One name, password or message inside a SASL response, as bounded UTF-8. */

/** The longest user name or password; RFC 4616 section 2 asks for at least 255 octets. */
export const maxFieldBytes = 1024;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The bytes as text; null where they are not UTF-8 (RFC 3629), or longer than `maxBytes`. */
export const decodeUtf8 = (bytes: Uint8Array, maxBytes: number): string | null => {
  if (bytes.length > maxBytes) return null;
  try {
    return utf8.decode(bytes);
  } catch {
    // A fatal decoder has no other way to say that the bytes are not UTF-8.
    return null;
  }
};

/** The text as UTF-8 bytes. */
export const encodeUtf8 = (text: string): Uint8Array => Buffer.from(text, 'utf8');
