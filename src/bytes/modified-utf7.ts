const printable = /^[ -%'-~]*$/;
const shifted = /&([^-]*)-/g;
const modifiedBase64 = /^[A-Za-z0-9+,]+$/;

/**
 * Decodes the names of mailboxes as IMAP4rev1 has them (RFC 3501 section 5.1.3); null where it is none, or is not written in
 * the one way that there is: two spellings of one name would be two names.
 */
export function parseModifiedUtf7(text: string): string | null {
  const decoded = text.replaceAll(shifted, (_, code: string) => {
    if (code === '') return '&';
    return modifiedBase64.test(code) ? utf16(code) : '\0';
  });
  return decoded.isWellFormed() && formatModifiedUtf7(decoded) === text ? decoded : null;
}

/** Encodes any text so; `&` becomes `&-`. */
export function formatModifiedUtf7(text: string): string {
  if (printable.test(text)) return text;
  return text.replaceAll(/&|[^ -~]+/g, (run) => {
    if (run === '&') return '&-';
    const units = Buffer.from(run, 'utf16le').swap16();
    return `&${units.toString('base64').replaceAll('/', ',').replaceAll('=', '')}-`;
  });
}

const utf16 = (code: string): string => {
  const units = Buffer.from(code.replaceAll(',', '/'), 'base64');
  return units.length % 2 === 0 ? units.swap16().toString('utf16le') : '\0';
};
