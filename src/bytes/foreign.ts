/** Another protocol, whose client has come to a door of lines. */
export type ForeignProtocol = 'TLS' | 'HTTP' | 'PROXY';

/** So many octets of a line are enough to tell. */
export const openingBytes = 8;

/*
 * ContentType  = handshake(22)                                          (RFC 8446 section 5.1)
 * request-line = method SP request-target SP HTTP-version               (RFC 9112 section 3)
 * preface      = "PRI * HTTP/2.0" CRLF ...                              (RFC 9113 section 3.4)
 * version 1    = "PROXY" SP ..., version 2 has a NUL first in its third line   (the PROXY protocol)
 */
const openings: ReadonlyMap<number, ReadonlyMap<string, ForeignProtocol>> = firstOctets([
  ['\u0016', 'TLS'],
  ['\0', 'PROXY'],
  ['PROXY ', 'PROXY'],
  ...['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'CONNECT', 'PATCH', 'TRACE', 'PRI'].map(
    (method): [string, ForeignProtocol] => [`${method} `, 'HTTP'],
  ),
]);

/** Whether a line that begins with this octet can be of another protocol: most commands cannot. */
export const mayBeForeign = (firstOctet: number): boolean => openings.has(firstOctet);

/**
 * The protocol that the first octets of a line give away, none of which begins a command; null where they give none away
 * by now. It is the same however the octets were cut, as no more than these are looked at.
 */
export function foreignProtocol(opening: Buffer): ForeignProtocol | null {
  const candidates = openings.get(opening[0] ?? -1);
  if (candidates === undefined) return null;
  for (const [words, protocol] of candidates)
    if (opening.toString('latin1', 0, words.length) === words) return protocol;
  return null;
}

function firstOctets(
  pairs: readonly (readonly [string, ForeignProtocol])[],
): ReadonlyMap<number, ReadonlyMap<string, ForeignProtocol>> {
  const byOctet = new Map<number, Map<string, ForeignProtocol>>();
  for (const [words, protocol] of pairs) {
    const octet = words.charCodeAt(0);
    const known = byOctet.get(octet) ?? new Map<string, ForeignProtocol>();
    byOctet.set(octet, known.set(words, protocol));
  }
  return byOctet;
}
