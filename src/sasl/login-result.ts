import type { Mechanism, SaslFailure } from './exchange.ts';

/** Who authenticated, and how. */
export type Login = {
  /** The account's canonical address. */
  readonly account: string;
  readonly mechanism: Mechanism;
  readonly channelBinding: 'tls-exporter' | null;
};

/** What a log may have of an authentication. */
export type LoginResult = {
  /** `in`, or why not. */
  readonly outcome: 'in' | SaslFailure['why'] | 'cancelled' | 'no-such-mechanism' | 'fault';
  /** The account that is in; else as the client named it, null where it named none. */
  readonly account: string | null;
  /** Null where no mechanism is called so: what was named instead may be a password in the wrong place. */
  readonly mechanism: string | null;
  readonly channelBinding: 'tls-exporter' | null;
};
