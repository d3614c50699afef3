/** An EHLO keyword that the server announces, and the section that defines it. */
export type EhloKeyword = { readonly keyword: string; readonly definedIn: string };

/** Every keyword that some door announces; `docs/STANDARDS.md` has a row for each, which `make check` proves. */
export const ehloKeywords: readonly EhloKeyword[] = [
  { keyword: 'PIPELINING', definedIn: 'RFC 2920 section 3.1' },
  { keyword: 'SIZE', definedIn: 'RFC 1870 section 3' },
  { keyword: '8BITMIME', definedIn: 'RFC 6152 section 2' },
  { keyword: 'SMTPUTF8', definedIn: 'RFC 6531 section 3.1' },
  { keyword: 'ENHANCEDSTATUSCODES', definedIn: 'RFC 2034 section 3' },
  { keyword: 'CHUNKING', definedIn: 'RFC 3030 section 2' },
  { keyword: 'BINARYMIME', definedIn: 'RFC 3030 section 3' },
  { keyword: 'DSN', definedIn: 'RFC 3461 section 3' },
  { keyword: 'REQUIRETLS', definedIn: 'RFC 8689 section 2' },
  { keyword: 'LIMITS', definedIn: 'RFC 9422 section 3' },
  { keyword: 'FUTURERELEASE', definedIn: 'RFC 4865 section 3' },
  { keyword: 'DELIVERBY', definedIn: 'RFC 2852 section 2' },
  { keyword: 'MT-PRIORITY', definedIn: 'RFC 6710 section 3' },
  { keyword: 'STARTTLS', definedIn: 'RFC 3207 section 2' },
  { keyword: 'AUTH', definedIn: 'RFC 4954 section 3' },
  { keyword: 'HELP', definedIn: 'RFC 5321 section 4.1.1.8' },
  { keyword: 'XENROL', definedIn: 'RFC 5321 section 2.2.2' },
  { keyword: 'XCLIENT', definedIn: 'RFC 5321 section 2.2.2' },
];

/** The extensions that a door may have or not, by their keywords. */
export type Extension =
  | 'CHUNKING'
  | 'BINARYMIME'
  | 'DSN'
  | 'REQUIRETLS'
  | 'LIMITS'
  | 'FUTURERELEASE'
  | 'DELIVERBY'
  | 'MT-PRIORITY';

/** What kind of door a session came in by: who comes, and what they must do first. */
export type DoorKind =
  /** People of this server, who authenticate (RFC 6409). */
  | 'submission'
  /** Other servers, strangers all (RFC 5321); nobody authenticates, and TLS is theirs to ask for. */
  | 'exchanger'
  /** A server of this house that hands letters over for delivery, each recipient answered for itself (RFC 2033). */
  | 'lmtp';

/**
 * What a door announces where its configuration says nothing: what is kept to from end to end. Who submits a letter and
 * who gets it are people of this server. So a submission door reports to its senders (DSN), and has delivered when it
 * answers (DELIVERBY, MT-PRIORITY). Elsewhere the sender is a stranger, whom a report would have to be sent to, and where
 * DSN is not announced the server before this one reports (RFC 3461 section 5.2.2). FUTURERELEASE takes a queue.
 */
export const defaultExtensions: Readonly<Record<DoorKind, ReadonlySet<Extension>>> = {
  submission: new Set(['CHUNKING', 'BINARYMIME', 'DSN', 'REQUIRETLS', 'LIMITS', 'DELIVERBY', 'MT-PRIORITY']),
  exchanger: new Set(['CHUNKING', 'BINARYMIME', 'REQUIRETLS', 'LIMITS']),
  lmtp: new Set(['CHUNKING', 'BINARYMIME', 'LIMITS']),
};
