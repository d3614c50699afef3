import iconv from 'iconv-lite';
import { asBuffer } from '../bytes/buffer.ts';

/** Turns the bytes of one charset into text. Never fails: what cannot be read is U+FFFD. */
export type CharsetDecoder = {
  readonly decode: (bytes: Uint8Array) => string;
  /** The same for the beginning of longer bytes: a character that is torn at the end is left out. */
  readonly decodeStart: (bytes: Uint8Array) => string;
};

/** Decoders of the platform by lower-case label. Only labels that exist are kept, so a peer's words cannot make it grow. */
const decoders = new Map<string, CharsetDecoder>();
/** Labels that nobody knows, so that a letter full of one of them is not slow; forgotten when there are too many. */
const unknown = new Set<string>();
const MOST_UNKNOWN = 500;
/** What iconv-lite calls encodings as well, and are none of text. */
const NO_CHARSETS: ReadonlySet<string> = new Set(['base64', 'hex', 'binary', 'utf7imap']);
const LABEL = /^[a-z0-9][a-z0-9_.:+()-]{0,39}$/;

/** The decoder for a charset's name (RFC 2978); null where neither the platform nor iconv-lite knows it. */
export const charsetDecoder = (charset: string): CharsetDecoder | null => {
  const label = charset.toLowerCase();
  const known = decoders.get(label);
  if (known !== undefined) return known;
  if (!LABEL.test(label) || unknown.has(label)) return null;
  const platform = platformDecoder(label);
  if (platform !== null) decoders.set(label, platform);
  const decoder = platform ?? tableDecoder(label);
  if (decoder === null) {
    if (unknown.size === MOST_UNKNOWN) unknown.clear();
    unknown.add(label);
  }
  return decoder;
};

const platformDecoder = (label: string): CharsetDecoder | null => {
  try {
    const decoder = new TextDecoder(label, { ignoreBOM: true });
    return {
      decode: (bytes) => decoder.decode(bytes),
      decodeStart: (bytes) => {
        const text = decoder.decode(bytes, { stream: true });
        // Forgets what was torn, for the next text.
        decoder.decode();
        return text;
      },
    };
  } catch {
    // The constructor's only way to say that it does not know the label.
    return null;
  }
};

/** What the platform lacks: UTF-7, UTF-32, the code pages of DOS, VISCII and their like. */
const tableDecoder = (label: string): CharsetDecoder | null => {
  if (NO_CHARSETS.has(label.replaceAll(/[^a-z0-9]/g, '')) || !iconv.encodingExists(label)) return null;
  return {
    // UTF-7 and UTF-32 can say half of a character.
    decode: (bytes) => iconv.decode(asBuffer(bytes), label, { stripBOM: false }).toWellFormed(),
    decodeStart: (bytes) =>
      iconv.getDecoder(label, { stripBOM: false }).write(asBuffer(bytes)).toWellFormed(),
  };
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

/** The same for the beginning of longer bytes: a character that is torn at the end is left out. */
export const decodeUnlabelledStart = (bytes: Uint8Array): string => decodeUnlabelled(withoutTornEnd(bytes));

/** Without the last character where it is of several bytes of UTF-8, and lacks some. */
const withoutTornEnd = (bytes: Uint8Array): Uint8Array => {
  let start = bytes.length - 1;
  while (start > bytes.length - 4 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start--;
  const lead = bytes[start] ?? 0;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  return start >= 0 && start + length > bytes.length ? bytes.subarray(0, start) : bytes;
};
