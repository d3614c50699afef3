/** Every bound of a session in one place. What passes one is refused with a reply where one is possible. */
export type Limits = {
  /** A command with its line ends and literals, but for letters; RFC 7162 section 4 asks for 8,192. */
  readonly commandBytes: number;
  /** The same before somebody has logged in. An initial response may have 12,288 (RFC 4954 section 4). */
  readonly earlyCommandBytes: number;
  /** A literal before somebody has logged in: a name or a password. */
  readonly earlyLiteralBytes: number;
  /** Literals of one command that is kept. */
  readonly literals: number;
  /** A letter that is appended (RFC 7889, APPENDLIMIT). */
  readonly messageBytes: number;
  /** How much of a refused command is still swallowed before the session ends. */
  readonly discardedBytes: number;
  /** Commands that are BAD, since the last one that was not, before the session ends. */
  readonly errors: number;
  /** Letters that a batch has at least (RFC 10022). */
  readonly batchLetters: number;
  /** Failed logins before the session ends. */
  readonly failedLogins: number;
};

/** What a server uses where its configuration says nothing. */
export const defaultLimits: Limits = {
  commandBytes: 65_536,
  earlyCommandBytes: 16_384,
  earlyLiteralBytes: 1024,
  literals: 1000,
  messageBytes: 26_214_400,
  discardedBytes: 268_435_456,
  errors: 50,
  batchLetters: 500,
  failedLogins: 3,
};

/** The bounds of the grammar, which no configuration changes. */
export const grammarLimits = {
  /** A tag: clients use fewer than ten characters. */
  tagOctets: 64,
  /** Search keys inside each other. */
  nesting: 50,
  /** Keys of one search. */
  searchKeys: 1000,
  /** Keys of one search that look for words in texts: each is a search of its own. */
  searchTexts: 50,
  /** Keys of one search that look into fields, which have to be read of each letter. */
  searchFields: 100,
  /** Items of one FETCH. */
  fetchItems: 128,
  /** Annotations that one command names. */
  entries: 100,
  /** Patterns of one LIST. */
  listPatterns: 100,
} as const;
