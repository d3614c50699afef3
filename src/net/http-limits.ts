/** What a client of an HTTPS door may take up. */
export type HttpLimits = {
  /** Requests under way on one connection (RFC 9113 section 5.1.2; the same bounds HTTP/1.1 pipelining). */
  readonly streams: number;
  /** Octets of a request's header fields, names included. */
  readonly headerBytes: number;
  /** Header fields of a request. */
  readonly headerFields: number;
  /** From the first octet of a request to the end of its header. */
  readonly headersMs: number;
  /** From the first octet of a request to the end of its body. */
  readonly requestMs: number;
  /** How long a connection may stay without a request. */
  readonly idleMs: number;
  /** A response may take this long, and for each second more the client must have taken `slowestBytes`. */
  readonly stallMs: number;
  readonly slowestBytes: number;
};

/** The limits that a door has by itself. */
export const defaultHttpLimits: HttpLimits = {
  streams: 100,
  headerBytes: 16_384,
  headerFields: 100,
  headersMs: 20_000,
  requestMs: 60_000,
  idleMs: 60_000,
  stallMs: 30_000,
  slowestBytes: 2048,
};
