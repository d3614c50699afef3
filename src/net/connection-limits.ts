/** The bounds of a connection that no configuration changes, whatever is spoken on it. What is configured stands with its key. */
export const connectionLimits = {
  /** Connections that the kernel keeps while they wait to be accepted. */
  backlog: 1024,
  /** How long a peer may take to close its side after this side has said its last word, before the connection is cut. */
  farewellMs: 2000,
  /** How much is still read and thrown away in that time: more than what was under way when the farewell was said. */
  farewellBytes: 16_777_216,
  /** Output that the peer does not fetch: beyond it nothing more is read from it. */
  unsentBytes: 65_536,
  /** Refused connections are told to the log at most so often: a flood must not become a flood of lines. */
  refusalNoteMs: 1000,
  /** Version 1 of the PROXY protocol is one line of at most so many octets with its CRLF. */
  proxyLineOctets: 107,
  /** Version 2 may be longer; what proxies in use add is some hundreds of octets. */
  proxyHeaderOctets: 4096,
} as const;
