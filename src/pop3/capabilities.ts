/** A capability that the server announces with CAPA, and the section that defines it. */
export type Pop3Capability = { readonly capability: string; readonly definedIn: string };

/** Every capability that some door announces; `docs/STANDARDS.md` has a row for each, which `make check` proves. */
export const pop3Capabilities: readonly Pop3Capability[] = [
  { capability: 'STLS', definedIn: 'RFC 2595 section 4' },
  { capability: 'UTF8', definedIn: 'RFC 6856 section 2' },
  { capability: 'USER', definedIn: 'RFC 2449 section 6.2' },
  { capability: 'SASL', definedIn: 'RFC 5034 section 3' },
  { capability: 'TOP', definedIn: 'RFC 2449 section 6.1' },
  { capability: 'UIDL', definedIn: 'RFC 2449 section 6.8' },
  { capability: 'RESP-CODES', definedIn: 'RFC 2449 section 6.4' },
  { capability: 'AUTH-RESP-CODE', definedIn: 'RFC 3206 section 4' },
  { capability: 'PIPELINING', definedIn: 'RFC 2449 section 6.6' },
  { capability: 'EXPIRE', definedIn: 'RFC 2449 section 6.7' },
  { capability: 'IMPLEMENTATION', definedIn: 'RFC 2449 section 6.9' },
];
