/** Decoders by lower-case label. Only labels that exist are kept, so a peer's words cannot make it grow. */
const decoders = new Map<string, TextDecoder>();

/** The decoder for a charset's name (RFC 2978); null where this runtime does not know it. */
export const charsetDecoder = (charset: string): TextDecoder | null => {
  const label = charset.toLowerCase();
  const known = decoders.get(label);
  if (known !== undefined) return known;
  try {
    const decoder = new TextDecoder(label, { ignoreBOM: true });
    decoders.set(label, decoder);
    return decoder;
  } catch {
    // The constructor's only way to say that it does not know the label.
    return null;
  }
};

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const latin1 = new TextDecoder('windows-1252');

/**
 * Text whose charset nobody told: UTF-8 where it is that (RFC 6532 section 3.1), otherwise Latin-1 as the web reads it.
 * Lenient: 8-bit text without a charset (mail programs before MIME, and spam).
 */
export const decodeUnlabelled = (bytes: Uint8Array): string => {
  try {
    return utf8.decode(bytes);
  } catch {
    // Not UTF-8; every byte is a character of windows-1252.
    return latin1.decode(bytes);
  }
};
