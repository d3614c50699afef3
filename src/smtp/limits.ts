/** The bounds of the grammar, which no configuration changes. */
export const grammarLimits = {
  /** A domain, and so what a client says of itself with EHLO (RFC 5321 section 4.5.3.1.2). */
  domainOctets: 255,
  /** What is left of the 512 octets of a reply line (RFC 5321 section 4.5.3.1.5) behind its code, status and CRLF. */
  replyTextOctets: 480,
  /** A peer's own characters shown back in a reply: not many. */
  shownCharacters: 80,
  /** ENVID, decoded (RFC 3461 section 4.4). */
  envelopeIdCharacters: 100,
  /** ORCPT as it comes (RFC 3461 section 4.2). */
  originalRecipientOctets: 500,
} as const;

/** Every bound of a session in one place. What passes one is refused with a reply where one is possible. */
export type Limits = {
  /**
   * A command line with its CRLF. RFC 5321 section 4.5.3.1.4 asks for 512 and room for each extension's parameters, of
   * which ORCPT (RFC 3461 section 5.3) takes the most: 500.
   */
  readonly commandLineBytes: number;
  /** A line of an authentication exchange (RFC 4954 section 4). */
  readonly authLineBytes: number;
  /** How much of one over-long line is thrown away before the session ends. */
  readonly discardedLineBytes: number;
  /** Content of one message after dot-unstuffing; announced with SIZE (RFC 1870 section 3). */
  readonly messageBytes: number;
  /**
   * How much of an over-long message is still swallowed before the session ends; a chunk of BDAT that declares more
   * (RFC 3030 section 2) ends it at once.
   */
  readonly discardedMessageBytes: number;
  /** Recipients of one message; RFC 5321 section 4.5.3.1.8 asks for at least 100. Announced as RCPTMAX (RFC 9422 section 4.2). */
  readonly recipients: number;
  /**
   * Replies of class 4 and 5 to this client before the session ends (RFC 5321 section 4.3.2 allows 421 at any time). A
   * letter that is delivered makes up for as many as it has recipients.
   */
  readonly errors: number;
  /** Failed logins before the session ends (RFC 4954 section 4). */
  readonly failedLogins: number;
  /** Commands that move no message, between two messages, before the session ends; a small chunk of BDAT is one. */
  readonly idleCommands: number;
  /**
   * MAIL commands of one session; 0 is any number. Announced as MAILMAX (RFC 9422 section 4.1), which has at most six
   * digits.
   */
  readonly transactions: number;
  /** A chunk of BDAT with fewer octets moves no message (RFC 3030 section 2 has no least size). */
  readonly smallChunkBytes: number;
  /** The longest time that a letter is held for HOLDFOR and HOLDUNTIL; announced (RFC 4865 section 3). */
  readonly holdSeconds: number;
};

/** What a server uses where its configuration says nothing. */
export const defaultLimits: Limits = {
  commandLineBytes: 2048,
  authLineBytes: 12_288,
  discardedLineBytes: 1_048_576,
  messageBytes: 26_214_400,
  discardedMessageBytes: 268_435_456,
  recipients: 1000,
  errors: 50,
  failedLogins: 3,
  idleCommands: 1000,
  transactions: 0,
  smallChunkBytes: 512,
  holdSeconds: 2_592_000,
};
