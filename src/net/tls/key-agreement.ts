/**
 * Which group the two sides agreed their key with. Node tells a client (`getEphemeralKeyInfo`) and not a server, but
 * the session that it gives out as bytes names the group on both sides, in a field at its very end:
 *
 *     [19] EXPLICIT INTEGER    b3 03 02 01 1d (X25519)    b3 04 02 02 11 ec (X25519MLKEM768)
 *
 * The number is the group's code point in the TLS Supported Groups registry (RFC 8446 section 4.2.7). Resuming with
 * another group rewrites the field. Only this field is looked at, and anything else at the end means that it is unknown.
 */

const groups = new Map<number, { readonly name: string; readonly postQuantum: boolean }>([
  [0x0017, { name: 'secp256r1', postQuantum: false }],
  [0x0018, { name: 'secp384r1', postQuantum: false }],
  [0x0019, { name: 'secp521r1', postQuantum: false }],
  [0x001d, { name: 'x25519', postQuantum: false }],
  [0x001e, { name: 'x448', postQuantum: false }],
  [0x001f, { name: 'brainpoolP256r1tls13', postQuantum: false }],
  [0x0020, { name: 'brainpoolP384r1tls13', postQuantum: false }],
  [0x0021, { name: 'brainpoolP512r1tls13', postQuantum: false }],
  [0x0100, { name: 'ffdhe2048', postQuantum: false }],
  [0x0101, { name: 'ffdhe3072', postQuantum: false }],
  [0x0102, { name: 'ffdhe4096', postQuantum: false }],
  [0x0103, { name: 'ffdhe6144', postQuantum: false }],
  [0x0104, { name: 'ffdhe8192', postQuantum: false }],
  [0x0200, { name: 'MLKEM512', postQuantum: true }],
  [0x0201, { name: 'MLKEM768', postQuantum: true }],
  [0x0202, { name: 'MLKEM1024', postQuantum: true }],
  [0x11eb, { name: 'SecP256r1MLKEM768', postQuantum: true }],
  [0x11ec, { name: 'X25519MLKEM768', postQuantum: true }],
  [0x11ed, { name: 'SecP384r1MLKEM1024', postQuantum: true }],
]);

/** The group that a session (`TLSSocket.getSession()`) was last agreed with; null where its end does not tell. */
export function sessionGroup(session: Uint8Array | undefined): { name: string; postQuantum: boolean } | null {
  return groups.get(trailingGroup(session ?? new Uint8Array(0)) ?? -1) ?? null;
}

function trailingGroup(session: Uint8Array): number | null {
  for (const digits of [1, 2, 3]) {
    const field = session.subarray(Math.max(0, session.length - digits - 4));
    if (field.length !== digits + 4) return null;
    if (field[0] !== 0xb3 || field[1] !== digits + 2 || field[2] !== 0x02 || field[3] !== digits) continue;
    const code = field.subarray(4).reduce((number, octet) => number * 256 + octet, 0);
    return code <= 0xffff ? code : null;
  }
  return null;
}
