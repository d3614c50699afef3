/** The bounds of the grammar, which no configuration changes. */
export const grammarLimits = {
  /** What is left of the 512 octets of a response's first line (RFC 2449 section 4) behind its status, code and CRLF. */
  replyTextOctets: 480,
  /** A peer's own characters shown back in a reply: not many. */
  shownCharacters: 80,
} as const;

/** Every bound of a session in one place. What passes one is refused with a reply where one is possible. */
export type Limits = {
  /** A command line with its CRLF; RFC 2449 section 4 asks for 255. */
  readonly commandLineBytes: number;
  /** AUTH with its initial response, and a line of an authentication (RFC 5034 section 4, RFC 4954 section 4). */
  readonly authLineBytes: number;
  /** How much of one over-long line is thrown away before the session ends. */
  readonly discardedLineBytes: number;
  /** Commands that are refused for a mistake of the client before the session ends. */
  readonly errors: number;
  /** Failed logins before the session ends (RFC 5034 section 4). */
  readonly failedLogins: number;
  /** Commands before a login before the session ends. */
  readonly idleCommands: number;
};

/** What a server uses where its configuration says nothing. */
export const defaultLimits: Limits = {
  commandLineBytes: 2048,
  authLineBytes: 12_288,
  discardedLineBytes: 1_048_576,
  errors: 50,
  failedLogins: 3,
  idleCommands: 1000,
};
