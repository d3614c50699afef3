const wellFormed = /^(?:[!-*,-<>-~]|\+[0-9A-F]{2})*$/;

/** Decodes xtext to its octets, one character each (RFC 3461 section 4); null where it is not xtext. */
export function parseXtext(text: string): string | null {
  if (!wellFormed.test(text)) return null;
  return text.replaceAll(/\+([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCodePoint(Number.parseInt(hex, 16)),
  );
}

/** Encodes text of characters up to U+00FF as xtext (RFC 3461 section 4). */
export function formatXtext(text: string): string {
  return text.replaceAll(/[^!-*,-<>-~]/g, (character) => {
    const code = character.charCodeAt(0);
    return `+${code.toString(16).toUpperCase().padStart(2, '0')}`;
  });
}

/**
 * QCHAR  = %x21-2A / %x2C-3C / %x3E-5B / %x5D-7E          (RFC 6533 section 3)
 * QUCHAR = QCHAR / UTF8-2 / UTF8-3 / UTF8-4
 * EmbeddedUnicodeChar = "\x{" HEXPOINT "}"
 */
const embedded =
  /\\x\{((?:[01][1-9]|10|20|2B|3D|5C|7F|[89A-F][0-9A-F])|[1-9A-F][0-9A-F]{2}|[1-9A-CEF][0-9A-F]{3}|D[0-7][0-9A-F]{2}|[1-9A-F][0-9A-F]{4}|10[0-9A-F]{4})\}/g;
const plainUnitext = /^[!-*,-<>-[\]-~\u0080-\u{10FFFF}]*$/u;

/** Decodes utf-8-addr-xtext and utf-8-addr-unitext to text (RFC 6533 section 3); null where it is neither. */
export function parseUnitext(text: string): string | null {
  if (!plainUnitext.test(text.replaceAll(embedded, ''))) return null;
  return text.replaceAll(embedded, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)));
}

/** Encodes text as utf-8-addr-xtext, which is ASCII (RFC 6533 section 3). Controls that it has no form for become `?`. */
export function formatUnitext(text: string): string {
  return text.replaceAll(/[^!-*,-<>-[\]-~]/gu, (character) => {
    const written = `\\x{${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(2, '0')}}`;
    return written.replace(embedded, '') === '' ? written : '?';
  });
}
