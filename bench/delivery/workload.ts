/** How letters are put onto connections. */
export const modes = ['one', 'many', 'pipe'] as const;
export type Mode = (typeof modes)[number];

/** What each mode is. */
const modeMeanings: Readonly<Record<Mode, string>> = {
  one: 'one letter per TLS connection',
  many: '100 letters per connection, each reply awaited',
  pipe: '100 letters per connection; MAIL, RCPT and DATA in a group',
};

/** Letters that a connection carries before the next is made. */
export const lettersPerConnection: Readonly<Record<Mode, number>> = { one: 1, many: 100, pipe: 100 };

/** What is done to a server, for as long as the measurement lasts. */
export type Workload = {
  /** Octets of a letter, header and line ends included. */
  readonly sizeBytes: number;
  readonly mode: Mode;
  /** Connections at once. */
  readonly connections: number;
};

/** `4 KiB`, `100 KiB`, `1000 B`. */
export const formatSize = (bytes: number): string =>
  bytes % 1024 === 0 ? `${bytes / 1024} KiB` : `${bytes} B`;

/** The workload on one line. */
export const formatWorkload = ({ sizeBytes, mode, connections }: Workload): string =>
  `${formatSize(sizeBytes)}, ${modeMeanings[mode]}, ${connections} ${connections === 1 ? 'connection' : 'connections'}`;
